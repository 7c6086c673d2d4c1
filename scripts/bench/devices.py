"""A training in one process and in several: losses side by side, as a Markdown table and a plot.

    python scripts/bench/devices.py [CROPS] [--config configs/person-small.toml] [--epochs 10]
        [--devices 1 2] [-o runs/devices] [--plot docs/images/devices.png]

Without a teacher and without mining, so that what is compared is the steps. Each training has the
same batches; one process has all cores, several share them. One process with one thread less is
trained, too: its sums are rounded otherwise, and nothing else differs, so its curve says how far
rounding alone leads.
"""

import argparse
import time
from pathlib import Path

import torch
from matplotlib.figure import Figure

from fcn_detect.config import data_path, read_settings
from fcn_detect.train import TrainingJob, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crops", nargs="?", type=Path, default=data_path("data/person_crops"))
    parser.add_argument("--config", type=Path, default=Path("configs/person-small.toml"))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--devices", type=int, nargs="+", default=[1, 2])
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/devices"))
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    settings = read_settings(args.config, {"train": {"epochs": args.epochs}})
    settings = settings.model_copy(
        update={
            "train": settings.train.model_copy(update={"teacher": None}),
            "mining": settings.mining.model_copy(update={"rounds": 0}),
        }
    )
    histories = {
        "1 process" if n == 1 else f"{n} processes": history(args, settings, n)
        for n in args.devices
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads - 1))
    histories["1 process, a thread less"] = history(args, settings, 1)
    print_table(histories)
    if args.plot:
        plot(histories, args.plot)


def history(args: argparse.Namespace, settings, devices: int) -> list[dict]:
    job = TrainingJob(args.crops, args.out / f"{devices}.safetensors", settings, devices=devices)
    start = time.perf_counter()
    result = train(job)
    seconds, threads = time.perf_counter() - start, torch.get_num_threads()
    print(f"{devices} processes, {threads} threads: {seconds:.0f} s", flush=True)
    return result.metrics["history"]


def print_table(histories: dict[str, list[dict]]) -> None:
    names = [f"{what}, {n}" for what in ("loss", "validation loss") for n in histories]
    print(f"| epoch | {' | '.join(names)} |")
    print("|" + "---|" * (len(names) + 1))
    for epoch, records in enumerate(zip(*histories.values(), strict=True), 1):
        values = [r[what] for what in ("loss", "validation_loss") for r in records]
        print(f"| {epoch} | {' | '.join(f'{v:.5f}' for v in values)} |")
    first, *others = histories.values()
    for name, other in zip(list(histories)[1:], others, strict=True):
        apart = [abs(a["loss"] / b["loss"] - 1) for a, b in zip(other, first, strict=True)]
        print(f"{name}: training loss {apart[0]:.3%} apart at first, {max(apart):.2%} at most")


def plot(histories: dict[str, list[dict]], path: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for i, (name, records) in enumerate(histories.items()):
        epochs = range(1, len(records) + 1)
        style = ("-", "--", ":", "-.")[i % 4]
        axes.plot(epochs, [r["loss"] for r in records], f"C0{style}", lw=3 - i, label=name)
        losses = [r["validation_loss"] for r in records]
        axes.plot(epochs, losses, f"C1{style}", lw=3 - i, label=f"{name}, validation")
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
