"""A batch that is killed again and again, against one that is left in peace: the same bytes?

    python scripts/bench/kills.py [--images 20000] [--kills 50] [-m person-small]
        [--backend openvino] [--out runs/kills]

Makes a folder of small images, searches it once undisturbed, and once killed (SIGKILL, the process
alone: its workers are left to notice) at random places, spread over the run, and started again.
Ends with an error where the results differ, a record is missing, or more than the work in flight
was done twice.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("-m", "--model", default="person-small")
    parser.add_argument("--backend", default="openvino")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/kills"))
    args = parser.parse_args()
    folder = args.out / "images"
    if not folder.is_dir():
        make_images(folder, args.images)
    for run in ("calm", "killed"):
        shutil.rmtree(args.out / run, ignore_errors=True)
    began = time.monotonic()
    if start(args, "calm").wait():
        sys.exit("the undisturbed run failed")
    calm_s = time.monotonic() - began
    kills, repeated = kill_and_resume(args)
    calm, killed = (args.out / run / "results.jsonl" for run in ("calm", "killed"))
    same = calm.read_bytes() == killed.read_bytes()
    report = {
        "images": args.images,
        "kills": kills,
        "records": calm.read_bytes().count(b"\n"),
        "same_bytes": same,
        "recorded_twice": repeated,
        "undisturbed_s": round(calm_s, 1),
        "killed_s": round(time.monotonic() - began - calm_s, 1),
    }
    print(json.dumps(report, indent=1))
    if not same or report["records"] != args.images or repeated:
        sys.exit("the killed run is not the undisturbed one")


def make_images(folder: Path, count: int) -> None:
    """JPEGs of 100x130 px, smooth noise, in seven folders."""
    rng = np.random.default_rng(2)
    for i in range(count):
        camera = folder / f"cam{i % 7}"
        camera.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(rng.integers(0, 256, (12, 10, 3), dtype=np.uint8))
        small.resize((100, 130)).save(camera / f"{i:06d}.jpg")


def start(args: argparse.Namespace, run: str) -> subprocess.Popen[bytes]:
    """One start of a run; its talk is thrown away."""
    command = [sys.executable, "-m", "fcn_detect", "batch", args.out / "images"]
    options = ["-o", args.out / run, "-m", args.model, "--backend", args.backend]
    more = ["--threads", "1", "--workers", str(WORKERS)]
    words = [*map(str, [*command, *options]), *more]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_and_resume(args: argparse.Namespace) -> tuple[int, int]:
    """Starts and kills a run, then lets it end: times killed, and how many records too many."""
    kills = 0
    draw = random.Random(args.seed)
    journal = args.out / "killed" / "journal"
    whole = _size(args.out / "calm" / "journal")
    for round_ in range(args.kills):
        process = start(args, "killed")
        wanted = whole * (round_ + draw.random()) / (args.kills + 1)
        while process.poll() is None:
            if _size(journal) > wanted:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)
        if process.returncode == 0:  # it was faster than we
            break
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"start {round_ + 1} failed, with {process.returncode}")
        kills += 1
    if start(args, "killed").wait():
        sys.exit("the last start failed")
    return kills, _recorded(journal) - args.images


def _size(journal: Path) -> int:
    """Bytes of all parts."""
    return sum(part.stat().st_size for part in journal.glob("*.jsonl"))


def _recorded(journal: Path) -> int:
    """Whole lines of all parts, their headers left out."""
    return sum(max(0, part.read_bytes().count(b"\n") - 1) for part in journal.glob("*.jsonl"))


if __name__ == "__main__":
    main()
