"""How many crops of an object it takes: the net of `person-small` on a part of its crops of people.

    python scripts/bench/crop_counts.py [--counts 30 100 300 1021] [--seeds 0 1] [-o runs/counts]

Each training is `recipe.py`'s `mining-1`, of so many crops of people drawn by the seed, and of all
backgrounds and photos without people, which are easily had. Runs that are there already are not
repeated.
"""

import argparse
import json
import random
from pathlib import Path
from statistics import mean
from typing import Any

from recipe import measure

from fcn_detect.config import data_path

COLUMNS = {"ap50": "AP50", "miss_rate": "miss rate"}
SETS = ("penn_fudan", "tud_campus", "caltech_dev")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", nargs="+", type=int, default=[30, 100, 300, 1021])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/counts"))
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for count in args.counts:
        runs = [run(count, seed, args.out / f"{count}-{seed}") for seed in args.seeds]
        rows.append(summary(count, runs))
    heads = ["crops of people", *(f"`{name}` {c}" for name in SETS for c in COLUMNS.values())]
    print("|", " | ".join(heads), "|\n|" + "---|" * len(heads))
    for row in rows:
        print("|", " | ".join(str(value) for value in row.values()), "|")


def run(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """The figures of one training, kept in its folder."""
    kept = folder / "figures.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        how = argparse.Namespace(
            config=Path("configs/person-small.toml"),
            crops=some_crops(data_path("data/person_crops"), folder / "crops", count, seed),
            data=data_path("data"),
            epochs=12,
            changes={},
            out=folder,
        )
        kept.write_text(json.dumps(measure("mining-1", seed, how)))
    return dict(json.loads(kept.read_text()))


def some_crops(whole: Path, part: Path, count: int, seed: int) -> Path:
    """A folder that names some of the training crops of people, and all others."""
    for split in ("train", "val"):
        for label in ("person", "background"):
            crops = sorted((whole / split / label).iterdir())
            if (split, label) == ("train", "person"):
                crops = random.Random(seed).sample(crops, count)
            target = part / split / label
            target.mkdir(parents=True, exist_ok=True)
            for crop in crops:
                if not (target / crop.name).exists():
                    (target / crop.name).symlink_to(crop.resolve())
    return part


def summary(count: int, runs: list[dict[str, Any]]) -> dict[str, str]:
    """Means over seeds, as cells of a table."""
    cells = {"count": f"{count:,}"}
    for name in SETS:
        for column in COLUMNS:
            cells[f"{name} {column}"] = f"{mean(one[name][column] for one in runs):.3f}"
    return cells


if __name__ == "__main__":
    main()
