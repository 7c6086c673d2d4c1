"""The equivalence of every net of the zoo with the sliding window, as a Markdown table.

python scripts/bench/exactness.py data/penn_fudan/images/FudanPed0000[1-5].jpg
"""

import argparse
import json
import subprocess
import sys

from fcn_detect.nets import ARCHITECTURES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="+")
    images = parser.parse_args().images
    for net in ARCHITECTURES:
        command = [sys.executable, "-m", "fcn_detect", "verify", "--net", net, "--json"]
        done = subprocess.run([*command, *images], capture_output=True, text=True)
        if not done.stdout:
            sys.exit(done.stderr)
        report = json.loads(done.stdout)
        head = max(image["head_difference"] for image in report["images"])
        exact = "yes" if report["exact"] else "no"
        print(
            f"| `{net}` | {exact} | {report['windows']} | {report['max_difference']:.1e} "
            f"| {report['flipped']} | {head:.1e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
