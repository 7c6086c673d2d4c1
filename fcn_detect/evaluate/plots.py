"""Pictures of an evaluation: miss rate against false alarms, precision against recall."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fcn_detect.evaluate.figures import ClassEvaluation, Evaluation
from fcn_detect.evaluate.miss_rate import REFERENCE_FPPI, miss_rate_at
from fcn_detect.files import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FPPI_SHOWN = (1e-3, 1e1)
MISS_RATE_SHOWN = (1e-2, 1.05)


def plot_evaluations(evaluations: Mapping[str, Evaluation], folder: Path) -> list[Path]:
    """Writes `miss_rate.png` and `precision_recall.png` into the folder; their paths.

    One line a class of each evaluation, named by the class, by the evaluation where there are
    several, or by both; classes without objects have none. The nine points of the log-average
    miss rate are marked. No window is opened and matplotlib's global state is left alone.

    Raises:
        OSError: the folder cannot be written.
    """
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    curves = _curves(evaluations)
    paths = []
    for name, draw in {"miss_rate": _draw_miss_rate, "precision_recall": _draw_precision}.items():
        figure = Figure(figsize=(6, 5), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(which="both", alpha=0.3)
        for label, one in curves:
            draw(axes, label.replace("$", r"\$"), one)
        if axes.lines:
            axes.legend(loc="lower left")
        paths.append(folder / f"{name}.png")
        save_figure(figure, paths[-1])
    return paths


def _curves(evaluations: Mapping[str, Evaluation]) -> list[tuple[str, ClassEvaluation]]:
    """What is drawn, and how each line is called."""
    measured = [
        (name, label, one)
        for name, evaluation in evaluations.items()
        for label, one in evaluation.classes.items()
        if one.figures.boxes
    ]
    if len(evaluations) == 1:
        return [(label, one) for _, label, one in measured]
    if len({label for _, label, _ in measured}) <= 1:
        return [(name, one) for name, _, one in measured]
    return [(f"{name}: {label}", one) for name, label, one in measured]


def _draw_miss_rate(axes: "Axes", label: str, one: ClassEvaluation) -> None:
    """A staircase on doubly logarithmic axes; zeros are drawn at their edge."""
    curve = one.miss_rate.corners()
    first, last = FPPI_SHOWN
    fppi = np.maximum([0, *curve.fppi, max([last, *curve.fppi])], first)
    miss_rate = np.array([1.0, *curve.miss_rate, miss_rate_at(curve, np.inf)])
    marks = miss_rate_at(one.miss_rate, REFERENCE_FPPI)
    low, high = MISS_RATE_SHOWN
    text = f"{one.figures.log_average_miss_rate:.1%} {label}"  # a leading _ would hide it
    (line,) = axes.step(fppi, np.maximum(miss_rate, low), where="post", label=text)
    axes.plot(REFERENCE_FPPI, np.maximum(marks, low), "o", color=line.get_color())
    axes.set(xscale="log", yscale="log", xlim=FPPI_SHOWN, ylim=(low, high))
    axes.set(xlabel="false positives per image", ylabel="miss rate")
    axes.set_title("log-average miss rate at IoU 0.5")


def _draw_precision(axes: "Axes", label: str, one: ClassEvaluation) -> None:
    curve = one.average_precision
    axes.plot(curve.recall, curve.precision, label=f"{one.figures.ap50:.3f} {label}")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.set_title("average precision at IoU 0.5")
