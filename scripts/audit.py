"""Known weaknesses of the libraries in constraints.txt, by pip-audit; `make audit`.

    python scripts/audit.py

Exit code 1: there are some. Where no service answers, or knows a library, it says so and fails
nothing: a build must not depend on them.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOL = ["tool", "run", "--from", "pip-audit==2.10.1", "pip-audit"]
OPTIONS = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
SERVICES = ("pypi", "osv")


def main() -> int:
    for service in SERVICES:
        found = _ask(service)
        asked = [one for one in found if "skip_reason" not in one]
        if asked:
            break
        print(f"{service} does not answer")
    else:
        print("nothing was audited")
        return 0
    weak = [one for one in asked if one["vulns"]]
    for one in weak:
        ids = ", ".join(vuln["id"] for vuln in one["vulns"])
        print(f"{one['name']} {one['version']}: {ids}")
    print(f"{len(asked)} of {len(found)} libraries audited by {service}, {len(weak)} are weak")
    return bool(weak)


def _ask(service: str) -> list[dict[str, object]]:
    """What a service says of each library; nothing where it does not answer."""
    uv, listed = Path(sys.executable).with_name("uv"), ROOT / "constraints.txt"
    command = [uv, *TOOL, "--requirement", listed, "--vulnerability-service", service, *OPTIONS]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        return json.loads(done.stdout)["dependencies"]
    except (KeyError, OSError, ValueError, subprocess.TimeoutExpired):
        return []


if __name__ == "__main__":
    sys.exit(main())
