"""Fuzzes the project's parsers in turn, and sums up what was tried and found.

    python scripts/fuzz/run.py --seconds 3600 [--slice 60] [--folder runs/fuzz] [TARGET ...]

Needs atheris. Seconds are of processor time, so that a busy machine tries as much. Each slice goes
on from the inputs that the last one left in the folder, where findings lie, too; `summary.json`
counts executions. Exit code 1: there are findings.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzz.seeds import SEEDS, words  # noqa: E402
from fuzz.targets import TARGETS  # noqa: E402

HANG_S, MEMORY_MB, MAX_BYTES = 120, 2048, 8192  # a busy machine may look like a hang
HUNG, TOO_LARGE = 70, 71  # libFuzzer's exit codes; what did it lies among the findings


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--slice", type=float, default=60)
    parser.add_argument("--folder", type=Path, default=Path("runs/fuzz"))
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="TARGET")
    asked = parser.parse_args()
    summary = _read(asked.folder / "summary.json")
    left = asked.seconds
    for name in cycle(asked.targets):
        if left <= 0:
            break
        cost = _fuzz(asked.folder, name, min(asked.slice, left))
        left -= cost["processor_s"]
        _add(summary, name, cost)
        (asked.folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    total = {
        key: sum(one[key] for one in summary.values()) for key in ("executions", "processor_s")
    }
    findings = sorted(asked.folder.glob("*/findings/*"))
    print(f"{total['executions']:,} executions in {total['processor_s']:.0f} s of processor time")
    print(*findings, f"{len(findings)} files of findings", sep="\n")
    return bool(findings)


def _fuzz(folder: Path, name: str, seconds: float) -> dict[str, float]:
    """One slice: what it cost, and how many inputs it tried."""
    place = folder / name
    (place / "inputs").mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(SEEDS[name]):
        (place / "inputs" / f"seed-{i}").write_bytes(seed)
    known = "".join(f'"{_escaped(word)}"\n' for word in words(name))
    (place / "words").write_text(known or '"\\x00"\n')  # an empty file is refused
    options = [f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MB}"]
    options += [f"-max_len={MAX_BYTES}", f"-dict={place / 'words'}", "-print_final_stats=1"]
    options += [f"-artifact_prefix={place / 'findings'}/"]
    (place / "findings").mkdir(exist_ok=True)
    command = [sys.executable, ROOT / "scripts/fuzz/one.py", name, place / "findings", str(seconds)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [*command, *options, place / "inputs"], stderr=subprocess.PIPE, text=True, errors="replace"
    )
    (place / "log.txt").write_text(done.stderr[-20_000:])
    if done.returncode not in (0, HUNG, TOO_LARGE):
        raise SystemExit(f"{name}: the fuzzer failed; see {place / 'log.txt'}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.findall(r"number_of_executed_units: +(\d+)|^#(\d+)", done.stderr, re.MULTILINE)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    executions = max((int(a or b) for a, b in found), default=0)
    lasted = time.monotonic() - started
    return {"executions": executions, "processor_s": processor, "clock_s": lasted}


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def _read(path: Path) -> dict[str, dict[str, float]]:
    return json.loads(path.read_text()) if path.is_file() else {}


def _add(summary: dict[str, dict[str, float]], name: str, more: dict[str, float]) -> None:
    old = summary.get(name, {})
    summary[name] = {key: old.get(key, 0) + value for key, value in more.items()}


if __name__ == "__main__":
    sys.exit(main())
