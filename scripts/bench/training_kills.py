"""A training that is killed again and again, against one left in peace: the same model?

    python scripts/bench/training_kills.py [--kills 100] [--epochs 12] [--rounds 2]
        [--out runs/training_kills]

Renders crops and photos, trains a small net with mining once undisturbed, and once killed (SIGKILL)
after a random time, often in mid-epoch, mid-mining or while files are written, and taken up with
--resume. Each start lives for the time of a start-up and up to three epochs, so that the training
comes forward. Where it ends before all kills are done, another one begins.

Ends with an error where a model file or a metrics file differs by a byte.
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

from fcn_detect.scenes import write_crops, write_scenes

SETTINGS = """
[model]
net = "valid-small"
object_box = [7.5, 16, 56.5, 112]
[train]
batch_size = 32
epochs = {epochs}
[mining]
negatives = "{photos}"
rounds = {rounds}
held_back = 0.3
epochs = 3
windows_per_photo = 4
per_photo = 10
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/training_kills"))
    args = parser.parse_args()
    if not args.out.is_dir():
        make_data(args)
    for folder in args.out.glob("*.train"):
        shutil.rmtree(folder)
    started = time.monotonic()
    calm = start(args, "calm")
    first = wait_for(calm, args.out / "calm.train" / "checkpoint.pt") - started
    if calm.wait():
        sys.exit("the undisturbed training failed")
    epoch = (time.monotonic() - started - first) / (args.epochs + 3 * args.rounds)
    draw, kills, trainings = random.Random(args.seed), 0, 0
    while kills < args.kills:
        name = f"killed-{trainings}"
        kills += kill_and_resume(args, name, args.kills - kills, draw, (first, epoch))
        trainings += 1
        check_same(args.out, name)
    print(json.dumps({"kills": kills, "trainings": trainings, "same_bytes": True}, indent=1))


def make_data(args: argparse.Namespace) -> None:
    write_crops(args.out / "crops", np.random.default_rng(1), per_class=60, val_per_class=24)
    sizes = [(260, 320)] * 20
    write_scenes(args.out / "photos", np.random.default_rng(2), sizes, dresses=(0, 0))
    given = {"epochs": args.epochs, "rounds": args.rounds}
    text = SETTINGS.format(photos=(args.out / "photos").resolve(), **given)
    (args.out / "settings.toml").write_text(text)


def start(args: argparse.Namespace, name: str) -> subprocess.Popen[bytes]:
    """A start of a training, which goes on from its checkpoint where there is one."""
    command = [sys.executable, "-m", "fcn_detect", "train", args.out / "crops", "-o"]
    command += [args.out / f"{name}.safetensors", "--config", args.out / "settings.toml"]
    if (args.out / f"{name}.train" / "checkpoint.pt").exists():
        command.append("--resume")
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(list(map(str, command)), **silent)


def wait_for(process: subprocess.Popen[bytes], path: Path) -> float:
    """When a file is there, or its process has ended."""
    while process.poll() is None and not path.exists():
        time.sleep(0.01)
    return time.monotonic()


def kill_and_resume(
    args: argparse.Namespace,
    name: str,
    most: int,
    draw: random.Random,
    times: tuple[float, float],
) -> int:
    """One training, killed at most so often; how often it was."""
    first, epoch = times
    for kills in range(most):
        process = start(args, name)
        try:
            process.wait(first * draw.uniform(0.5, 1.0) + 3 * epoch * draw.random())
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            return kills
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"{name}: start {kills + 1} failed, with {process.returncode}")
    if start(args, name).wait():
        sys.exit(f"{name}: the last start failed")
    return most


def check_same(out: Path, name: str) -> None:
    for calm in (out / "calm.safetensors", *sorted((out / "calm.train").iterdir())):
        killed = out / calm.relative_to(out).as_posix().replace("calm", name, 1)
        if calm.name != "checkpoint.pt" and calm.read_bytes() != killed.read_bytes():
            sys.exit(f"{killed} is not the undisturbed training's")
    left = [path.name for path in (out / f"{name}.train").iterdir() if path.suffix == ".tmp"]
    if left:
        sys.exit(f"{name}: {len(left)} files were left half written")


if __name__ == "__main__":
    main()
