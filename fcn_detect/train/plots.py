"""Pictures of a training: loss, precision against recall."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcn_detect.files import save_figure
from fcn_detect.train.loop import EpochRecord
from fcn_detect.train.reliability import Reliability


def plot_losses(history: Sequence[EpochRecord], path: Path) -> None:
    """Training and validation loss, and accuracy, by epoch over all phases."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(history) + 1)
    left.plot(epochs, [r.loss for r in history], label="training")
    left.plot(epochs, [r.validation_loss for r in history], label="validation")
    left.set(xlabel="epoch", ylabel="loss", yscale="log")
    left.legend()
    right.plot(epochs, [r.accuracy for r in history], color="tab:green")
    right.set(xlabel="epoch", ylabel="validation accuracy")
    for axes in (left, right):
        for i in range(1, len(history)):
            if history[i].phase != history[i - 1].phase:
                axes.axvline(i + 0.5, color="grey", linestyle=":")
    save_figure(figure, path)


def plot_precision_recall(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], path: Path
) -> None:
    """Precision against recall of the validation crops, object against background.

    Args:
        scores: `(n,)` largest probability of any object class.
        positive: `(n,)` whether the crop shows an object.
        path: of the PNG file.
    """
    from matplotlib.figure import Figure

    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(positive[order])
    precision = found / np.arange(1, len(order) + 1)
    recall = found / max(1, positive.sum())
    figure = Figure(figsize=(4.5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(recall, precision)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
    axes.set_title("validation crops", fontsize=10)
    axes.grid(alpha=0.3)
    save_figure(figure, path)


def plot_reliability(measured: Mapping[str, Reliability], path: Path) -> None:
    """Share of objects against score, one curve a name; on the diagonal scores are right.

    Args:
        measured: by the name in the legend.
        path: of the PNG file.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    for name, one in measured.items():
        axes.plot(one.scores, one.shares, marker="o", label=f"{name}, error {one.error:.3f}")
    axes.set(xlabel="score", ylabel="share of objects", xlim=(0, 1), ylim=(0, 1))
    axes.set_title("validation crops and false alarms", fontsize=10)
    axes.legend(fontsize=8)
    save_figure(figure, path)
