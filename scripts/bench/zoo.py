"""What each net of the zoo costs and brings: the same short training, then frames.

    python scripts/bench/zoo.py --epochs 6 [--data data] [--nets valid-small valid-medium ...]

Trains each net on the person crops with `configs/person.toml`, but without mining, then measures
average precision and miss rate on `penn_fudan`, and the time of one 768x576 frame at scale 1,
all nets in turns. Prints a Markdown table.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from fcn_detect.backends import open_backend
from fcn_detect.config import data_path, read_settings
from fcn_detect.detect import Detector
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import read_coco_annotations
from fcn_detect.nets import ARCHITECTURES, load_model
from fcn_detect.train import TrainingJob, train

CONFIG = Path(__file__).parents[2] / "configs" / "person.toml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--nets", nargs="+", default=list(ARCHITECTURES))
    args = parser.parse_args()
    print("| net | parameters | crop accuracy | AP50 | miss rate | ms a frame |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        models = {net: Path(folder) / f"{net}.safetensors" for net in args.nets}
        accuracies = {net: learn(net, models[net], args) for net in args.nets}
        times = frame_times(models)
        for net, model in models.items():
            ap50, miss_rate = measure(model, args.data)
            parameters = sum(p.numel() for p in load_model(model)[1].parameters())
            print(
                f"| `{net}` | {parameters:,} | {accuracies[net]:.4f} | {ap50:.3f} "
                f"| {miss_rate:.3f} | {times[net] * 1e3:.0f} |",
                flush=True,
            )


def learn(net: str, model: Path, args: argparse.Namespace) -> float:
    changes = {"model": {"net": net}, "train": {"epochs": args.epochs}, "mining": {"rounds": 0}}
    job = TrainingJob(args.data / "person_crops", model, read_settings(CONFIG, changes))
    return float(train(job).metrics["validation_accuracy"])


def frame_times(models: dict[str, Path], repeats: int = 15) -> dict[str, float]:
    frame = np.random.default_rng(0).integers(0, 256, (1, 576, 768, 3), dtype=np.uint8)
    backends = {net: open_backend(model, "torch") for net, model in models.items()}
    seconds: dict[str, list[float]] = {net: [] for net in models}
    for turn in range(repeats + 2):
        for net, backend in backends.items():
            start = time.perf_counter()
            backend.maps(frame)
            if turn >= 2:
                seconds[net].append(time.perf_counter() - start)
    return {net: statistics.median(values) for net, values in seconds.items()}


def measure(model: Path, data: Path) -> tuple[float, float]:
    truth = read_coco_annotations(data / "penn_fudan" / "annotations.json")
    detector = Detector.load(model, min_height=96)
    folder = data / "penn_fudan"
    results = [detector.result(folder / i.image, i.image)[0] for i in truth.images]
    figures = evaluate(results, truth).classes["person"].figures
    return figures.ap50, figures.log_average_miss_rate


if __name__ == "__main__":
    main()
