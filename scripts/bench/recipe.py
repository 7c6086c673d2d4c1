"""The parts of the person recipe one by one: what each is worth, measured on development sets.

    python scripts/bench/recipe.py [--variants full no-parts ...] [--epochs 10] [--rounds 0]
        [--set '{"augment": {"tint": 0.0}}']

Each variant is `configs/person.toml` (or `--config`) with a smaller net, a short schedule, no
mining (unless `--rounds` says otherwise) and the variant's own changes. It is trained, and measured
on penn_fudan and tud_campus. One seed each: differences below about 0.02 say nothing. Prints a
table.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from people import MIN_HEIGHTS

from fcn_detect.config import data_path, read_settings
from fcn_detect.detect import Detector
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import read_annotations
from fcn_detect.train import TrainingJob, train

Changes = dict[str, dict[str, Any]]

VARIANTS: dict[str, Changes] = {
    "full": {},
    "no-parts": {"augment": {"parts": 0.0}},
    "more-parts": {"augment": {"parts": 0.5}},
    "no-offsets": {"train": {"offset_weight": 0.0}},
    "whole-crop": {"model": {"window": "64x128"}},
    "wider-window": {"model": {"window": "60x120"}, "augment": {"shift": 4.0}},
    "narrower-window": {
        "model": {"window": "52x104"},
        "augment": {"shift": 6.0, "scale": 0.12},
    },
    "no-occlusion": {"augment": {"occlusion": 0.0}},
    "no-frame-edge": {"augment": {"frame_edge": 0.0}},
    "no-coarse": {"augment": {"coarse": 0.0}},
    "no-blur-or-noise": {"augment": {"blur": 0.0, "noise": 0.0}},
    "no-smoothing": {"train": {"label_smoothing": 0.0}},
    "no-averaging": {"train": {"average_decay": 0.0}},
    "more-smoothing": {"train": {"label_smoothing": 0.1}},
    "no-tint": {"augment": {"tint": 0.0}},
    "no-colour": {"augment": {"tint": 0.0, "colour": 0.0, "grey": 0.0}},
    "teacher": {"train": {"teacher": "person"}},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--config", type=Path, default=Path("configs/person.toml"))
    parser.add_argument("--net", default="valid-medium")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sets", nargs="+", default=["penn_fudan", "tud_campus"])
    parser.add_argument("--set", dest="changes", type=json.loads, default={}, help="of all tables")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/recipe"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for variant in args.variants:
        row = measure(variant, args)
        print(json.dumps(row), flush=True)
        with (args.out / "recipe.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")


def measure(variant: str, args: argparse.Namespace) -> dict[str, Any]:
    """One variant's figures on every set."""
    base: Changes = {
        "model": {"net": args.net},
        "train": {"epochs": args.epochs, "seed": args.seed},
        "mining": {"rounds": args.rounds},
    }
    layers = (base, args.changes, VARIANTS[variant])
    tables = {table for layer in layers for table in layer}
    changes = {
        table: {k: v for layer in layers for k, v in layer.get(table, {}).items()}
        for table in tables
    }
    settings = read_settings(args.config, changes)
    model = args.out / f"{variant}-{args.seed}.safetensors"
    trained = train(TrainingJob(data_path("data/person_crops"), model, settings))
    row = {"variant": variant, "crop_accuracy": trained.metrics["validation_accuracy"]}
    for name in args.sets:
        detector = Detector.load(model, min_height=MIN_HEIGHTS[name])
        paths = sorted((args.data / name / "images").iterdir())
        results = [detector.result(path, f"images/{path.name}")[0] for path in paths]
        truth = read_annotations(args.data / name / "annotations.json")
        one = evaluate(results, truth).classes["person"].figures
        row[name] = {
            "ap": round(one.ap, 3),
            "ap50": round(one.ap50, 3),
            "ap75": round(one.ap75, 3),
            "miss_rate": round(one.log_average_miss_rate, 3),
            "recall_at_1": round(one.recall_at_1_fppi, 3),
        }
    return row


if __name__ == "__main__":
    main()
