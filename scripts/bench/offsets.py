"""What box offsets bring: accuracy over pyramid steps and strides, with and without them.

    python scripts/bench/offsets.py -m person [--sets penn_fudan] [--steps 1.1 1.2 1.35] [-o DIR]

The same model searches the same frames at each step of the pyramid and at its own stride and twice
that; once its offsets are used, once they are set to zero, so that every window stands for its own
object box. A coarser stride is made by leaving out cells. Prints a table and draws the curves.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from people import MIN_HEIGHTS

from fcn_detect.backends import Backend, open_backend
from fcn_detect.config import DetectSettings, data_path
from fcn_detect.detect import Detector
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import read_annotations

MEASURES = {"ap50": "AP50", "ap75": "AP75", "ap": "AP"}


class Altered:
    """A backend that leaves out cells, offsets, or both.

    Attributes:
        header: of the model, with the stride of the cells that are left.
    """

    def __init__(self, backend: Backend, every: int, *, offsets: bool) -> None:
        own_h, own_w = backend.header.stride_hw
        self.name, self.backend, self.every, self.offsets = backend.name, backend, every, offsets
        self.header = backend.header.model_copy(
            update={"stride_hw": (own_h * every, own_w * every)}
        )

    def maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As the backend's, thinned out; offsets of 0 where they are not used."""
        values = self.backend.maps(images)[:, :, :: self.every, :: self.every].copy()
        if not self.offsets:
            values[:, self.header.outputs :] = 0
        return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--sets", nargs="+", default=["penn_fudan"])
    parser.add_argument("--steps", nargs="+", type=float, default=[1.1, 1.2, 1.35, 1.5, 1.7])
    parser.add_argument("--every", nargs="+", type=int, default=[1, 2], help="cells left: 1 in N")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/offsets"))
    args = parser.parse_args()
    backend = open_backend(args.model, "torch")
    rows = []
    for name in args.sets:
        for step in args.steps:
            for every in args.every:
                for offsets in (True, False):
                    altered = Altered(backend, every, offsets=offsets)
                    rows.append(measure(altered, name, step, args.data))
                    print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "offsets.json").write_text(json.dumps(rows, indent=1) + "\n")
    for name in args.sets:
        plot([row for row in rows if row["set"] == name], args.out / f"{name}.png")


def measure(backend: Altered, name: str, step: float, data: Path) -> dict[str, Any]:
    """One row: a set searched at one step and stride."""
    own = DetectSettings.model_validate(backend.header.detect)
    settings = own.model_copy(update={"min_height": MIN_HEIGHTS[name], "step": step})
    detector = Detector(backend, settings)
    paths = sorted((data / name / "images").iterdir())
    results = [detector.result(path, f"images/{path.name}")[0] for path in paths]
    truth = read_annotations(data / name / "annotations.json")
    figures = evaluate(results, truth).classes["person"].figures
    return {
        "set": name,
        "step": step,
        "stride": backend.header.stride_hw[0],
        "offsets": backend.offsets,
        **{key: round(getattr(figures, key), 4) for key in MEASURES},
        "miss_rate": round(figures.log_average_miss_rate, 4),
    }


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """One picture a measure: over the pyramid's step, a curve for each stride, with and without."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(1, 3), MEASURES.items(), strict=True):
        for stride in sorted({row["stride"] for row in rows}):
            for offsets, style in ((True, "o-"), (False, "o--")):
                chosen = [r for r in rows if (r["stride"], r["offsets"]) == (stride, offsets)]
                label = f"stride {stride}, {'with' if offsets else 'without'} offsets"
                color = "tab:blue" if stride == min(r["stride"] for r in rows) else "tab:orange"
                steps, values = [r["step"] for r in chosen], [r[key] for r in chosen]
                axes.plot(steps, values, style, color=color, label=label)
        axes.set(xlabel="step of the pyramid", title=title)
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
