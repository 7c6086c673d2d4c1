"""The parts of the person recipe one by one: what each is worth, measured on development sets.

    python scripts/bench/recipe.py [--variants full no-parts ...] [--seeds 0 1 2] [--epochs 12]
        [--set '{"augment": {"tint": 0.0}}'] [-o runs/recipe]
    python scripts/bench/recipe.py --table

Each variant is `configs/person-small.toml` (or `--config`) without a teacher and without mining,
and the variant's own changes. It is trained with every seed, and measured on the three sets of
frames. One seed says little: the first table has means over all seeds in the folder, and how far
the seeds of one variant lie apart. A seed's first weights and batches are those of all variants,
so the second table has what each variant is better or worse than `full` of the same seed. Runs that
are there already are not repeated.
"""

import argparse
import json
from pathlib import Path
from statistics import mean, stdev
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
    "bare": {
        "model": {"window": "32x64"},  # so no offsets
        "augment": {"frame_edge": 0, "occlusion": 0, "coarse": 0, "parts": 0, "tint": 0},
    },
    "whole-crop": {"model": {"window": "32x64"}},
    "wider-window": {"model": {"window": "30x60"}, "augment": {"shift": 2.0}},
    "narrower-window": {"model": {"window": "27x54"}, "augment": {"shift": 3.0, "scale": 0.12}},
    "no-offsets": {"train": {"offset_weight": 0.0}},
    "no-parts": {"augment": {"parts": 0.0}},
    "no-occlusion": {"augment": {"occlusion": 0.0}},
    "no-frame-edge": {"augment": {"frame_edge": 0.0}},
    "no-coarse": {"augment": {"coarse": 0.0}},
    "no-blur-or-noise": {"augment": {"blur": 0.0, "noise": 0.0}},
    "no-colour": {"augment": {"tint": 0.0, "colour": 0.0, "grey": 0.0}},
    "no-smoothing": {"train": {"label_smoothing": 0.0}},
    "more-smoothing": {"train": {"label_smoothing": 0.1}},
    "no-averaging": {"train": {"average_decay": 0.0}},
    "teacher": {"train": {"teacher_weight": 1.0}},
    "mining-1": {"mining": {"rounds": 1}},
    "mining-2": {"mining": {"rounds": 2}},
    "teacher-and-mining-2": {"train": {"teacher_weight": 1.0}, "mining": {"rounds": 2}},
}
COLUMNS = {"ap50": "AP50", "ap75": "AP75", "miss_rate": "miss rate"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--config", type=Path, default=Path("configs/person-small.toml"))
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--set", dest="changes", type=json.loads, default={}, help="of all tables")
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--crops", type=Path, default=data_path("data/person_crops"))
    parser.add_argument("--table", action="store_true", help="only print what is there")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/recipe"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = _rows(args.out)
    for seed in [] if args.table else args.seeds:
        for variant in args.variants:
            if not any((row["variant"], row["seed"]) == (variant, seed) for row in rows):
                rows.append(measure(variant, seed, args))
                with (args.out / "recipe.jsonl").open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    print_table(rows)


def _rows(folder: Path) -> list[dict[str, Any]]:
    path = folder / "recipe.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def measure(variant: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """One variant's figures on every set."""
    base: Changes = {
        "train": {"epochs": args.epochs, "seed": seed, "teacher_weight": 0.0},
        "mining": {"rounds": 0},
    }
    layers = (base, args.changes, VARIANTS[variant])
    tables = {table for layer in layers for table in layer}
    changes = {
        table: {k: v for layer in layers for k, v in layer.get(table, {}).items()}
        for table in tables
    }
    settings = read_settings(args.config, changes)
    model = args.out / f"{variant}-{seed}.safetensors"
    trained = train(TrainingJob(args.crops, model, settings))
    row = {
        "variant": variant,
        "seed": seed,
        "crop_accuracy": trained.metrics["validation_accuracy"],
        "false_alarms": trained.metrics["false_alarms_by_phase"],
    }
    for name, height in MIN_HEIGHTS.items():
        detector = Detector.load(model, min_height=height)
        paths = sorted((args.data / name / "images").iterdir())
        results = [detector.result(path, f"images/{path.name}")[0] for path in paths]
        truth = read_annotations(args.data / name / "annotations.json")
        one = evaluate(results, truth).classes["person"].figures
        row[name] = {
            "ap": one.ap,
            "ap50": one.ap50,
            "ap75": one.ap75,
            "miss_rate": one.log_average_miss_rate,
            "recall_at_1": one.recall_at_1_fppi,
        }
    return row


def print_table(rows: list[dict[str, Any]]) -> None:
    """Means over seeds by variant and set, and the mean spread of seeds in the last row."""
    sets = list(MIN_HEIGHTS)
    heads = ["variant", "seeds", *(f"{name} {c}" for name in sets for c in COLUMNS.values())]
    print("|", " | ".join(heads), "|\n|" + "---|" * len(heads))
    spreads: list[list[float]] = []
    for variant in VARIANTS:
        runs = [row for row in rows if row["variant"] == variant]
        if not runs:
            continue
        values = [[run[name][column] for run in runs] for name in sets for column in COLUMNS]
        if len(runs) > 1:
            spreads.append([stdev(some) for some in values])
        cells = [f"{mean(some):.3f}" for some in values]
        print("|", " | ".join([f"`{variant}`", str(len(runs)), *cells]), "|")
    if spreads:
        cells = [f"{mean(column):.3f}" for column in zip(*spreads, strict=True)]
        print("|", " | ".join(["deviation of a seed", "", *cells]), "|")
    print_differences(rows)


def print_differences(rows: list[dict[str, Any]]) -> None:
    """AP50 of each run less that of `full` with the same seed, by set: one number a seed."""
    full = {row["seed"]: row for row in rows if row["variant"] == "full"}
    print("\n| variant, less `full` |", " | ".join(f"{name} AP50" for name in MIN_HEIGHTS), "|")
    print("|---|" + "---|" * len(MIN_HEIGHTS))
    for variant in VARIANTS:
        runs = [row for row in rows if row["variant"] == variant and row["seed"] in full]
        if not runs or variant == "full":
            continue
        runs.sort(key=lambda run: run["seed"])
        cells = [
            ", ".join(f"{run[name]['ap50'] - full[run['seed']][name]['ap50']:+.3f}" for run in runs)
            for name in MIN_HEIGHTS
        ]
        print("|", " | ".join([f"`{variant}`", *cells]), "|")


if __name__ == "__main__":
    main()
