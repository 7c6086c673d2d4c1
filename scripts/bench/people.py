"""Average precision and miss rate of a person model on the development sets, beside OpenCV's HOG.

    python scripts/bench/people.py -m person [--data data] [--hog results-folder] [--out DIR]

Runs `detect` over each set at the smallest height that the set calls for and scores the results
with `evaluate`. `--hog` names a folder of `SET.jsonl` files made by scripts/bench/hog.py; they
are scored on the same images by the same scorer. Prints one table and writes it as JSON.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from fcn_detect.config import data_path
from fcn_detect.detect import Detector
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import read_coco_annotations, read_results, write_results

RESAMPLES = 1000
MIN_HEIGHTS = {"penn_fudan": 96, "tud_campus": 96, "caltech_dev": 48}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--sets", nargs="+", default=list(MIN_HEIGHTS))
    parser.add_argument("--out", type=Path, default=Path("runs/people"))
    parser.add_argument(
        "--hog", type=Path, help="folder of SET.jsonl files by scripts/bench/hog.py"
    )
    parser.add_argument("--set", dest="settings", type=json.loads, default={}, help="of [detect]")
    args = parser.parse_args()
    rows = []
    for name in args.sets:
        rows.append(measure(name, args))
        print_row(rows[-1])
        if args.hog is not None:
            results = read_results(args.hog / f"{name}.jsonl")
            rows.append(figures(name, "OpenCV HOG", results, args.data))
            print_row(rows[-1])
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "people.json").write_text(json.dumps(rows, indent=1) + "\n")


def measure(name: str, args: argparse.Namespace) -> dict[str, Any]:
    detector = Detector.load(args.model, min_height=MIN_HEIGHTS[name], **args.settings)
    folder = args.data / name
    results, seconds = [], []
    for path in sorted((folder / "images").iterdir()):
        start = time.perf_counter()
        results.append(detector.result(path, f"images/{path.name}")[0])
        seconds.append(time.perf_counter() - start)
    write_results(results, args.out / f"{name}.jsonl")
    row = figures(name, str(args.model), results, args.data)
    return {**row, "seconds_per_image": sorted(seconds)[len(seconds) // 2]}


def figures(name: str, detector: str, results: list[Any], data: Path) -> dict[str, Any]:
    """One row: figures, their 95 % intervals over images, and what the false alarms are."""
    truth = read_coco_annotations(data / name / "annotations.json")
    one = evaluate(results, truth, resamples=RESAMPLES).classes["person"]
    assert one.intervals is not None
    errors = one.errors
    return {
        "set": name,
        "detector": detector,
        "ap50": one.figures.ap50,
        "ap50_interval": one.intervals.ap50,
        "miss_rate": one.figures.log_average_miss_rate,
        "miss_rate_interval": one.intervals.log_average_miss_rate,
        "recall_at_1": one.figures.recall_at_1_fppi,
        "recall_at_1_interval": one.intervals.recall_at_1_fppi,
        "max_recall": one.figures.max_recall,
        "ap": one.figures.ap,
        "ap75": one.figures.ap75,
        "false_alarms_at_1": errors.false_alarms,
        "at_edge": errors.at_edge,
        "duplicates": errors.duplicates,
        "badly_placed": errors.badly_placed,
        "background": errors.background,
    }


def print_row(row: dict[str, Any]) -> None:
    print("  ".join(f"{k} {cell(v)}" for k, v in row.items()), file=sys.stdout, flush=True)


def cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-".join(f"{v:.3f}" for v in value) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    main()
