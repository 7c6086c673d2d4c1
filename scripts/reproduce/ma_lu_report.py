"""The table and the plots of scripts/reproduce/ma_lu.py, from the runs in a folder."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fcn_detect.files import open_atomically, write_atomically

PAPER = {
    "sgd": {"outputs": 1.85e-6, "weights": 2.12e-7},
    "adam": {"outputs": 0.536, "weights": 0.0742},
}
NETS = {"cnn": "CNN", "fc": "FC network"}
HEADER = """\
| optimiser | precision | epochs | (1/n)·‖V-U‖ | mean ‖v-u‖ | ‖W-W'‖ | loss, CNN | FC network |
|---|---|---|---|---|---|---|---|
"""
NOTE = """
V and U are what the first layers of the CNN and of the FC network give for the n further images,
before the ReLU, v and u what they give for one image; W and W' are the first layers' weights; the
losses are those on the validation images. The paper writes its distance of outputs as
(1/n)·‖V-U‖, but its published code computes the mean of ‖v-u‖, so its figures stand there.
Trained for {minutes}.
"""

BINS = [float(edge) for edge in np.linspace(-1, 1, 101)]

Facts = dict[str, Any]
Draw = Callable[[Axes, list[Facts]], None]


def write_report(folder: Path) -> str:
    """Writes the table, the figures and the plots of all runs in a folder; returns the table."""
    runs = [read_facts(path) for path in folder.glob("*.safetensors")]
    runs.sort(key=lambda run: (list(PAPER).index(run["optimizer"]), run["dtype"]))
    minutes = ", ".join(f"{run['seconds'] / 60:.1f} min ({name(run)})" for run in runs)
    table = HEADER + "".join(table_rows(runs)) + NOTE.format(minutes=minutes)
    write_atomically(folder / "ma_lu.md", table)
    figures = json.dumps({"paper": PAPER, "runs": runs}, indent=1, default=str)
    write_atomically(folder / "ma_lu.json", figures + "\n")
    for stem, draw in PLOTS.items():
        plot(runs, draw, folder / f"{stem}.png")
    return table


def read_facts(path: Path) -> Facts:
    """Setting, losses, distances and time of the run that a checkpoint holds."""
    with safetensors.safe_open(path, "numpy") as file:
        facts: Facts = json.loads(file.metadata()["facts"])
    return {"checkpoint": path, **facts["setting"], **facts}


def name(run: Facts) -> str:
    return f"{run['optimizer']}, {run['dtype']}"


def table_rows(runs: list[Facts]) -> Iterator[str]:
    """The paper's row of each optimiser, and ours: at the last epoch and where another run ends."""
    ends = {run["measures"][-1]["epoch"] for run in runs}
    for optimizer, paper in PAPER.items():
        outputs, weights = f"{paper['outputs']:.2e}", f"{paper['weights']:.2e}"
        yield f"| {optimizer}, paper | | 400 | | {outputs} | {weights} | | |\n"
        for run in runs:
            if run["optimizer"] == optimizer:
                yield from (table_row(run, m) for m in run["measures"] if m["epoch"] in ends)


def table_row(run: Facts, measure: dict[str, float]) -> str:
    distances = (measure[key] for key in ("outputs", "outputs_mean_of_norms", "weights"))
    cells = [run["optimizer"], run["dtype"], f"{measure['epoch']}"]
    cells += [f"{distance:.2e}" for distance in distances]
    cells += [f"{measure[net]:.6f}" for net in NETS]
    return f"| {' | '.join(cells)} |\n"


def plot(runs: list[Facts], draw: Draw, path: Path) -> None:
    """One panel for each optimiser, drawn from its runs."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, optimizer in zip(figure.subplots(1, 2), PAPER, strict=True):
        draw(axes, [run for run in runs if run["optimizer"] == optimizer])
        axes.set_title(optimizer)
        axes.legend()
    with open_atomically(path) as file:
        figure.savefig(file, format="png", dpi=120)


def draw_losses(axes: Axes, runs: list[Facts]) -> None:
    """Losses of both nets in the lower precision; they hide each other where they agree."""
    run = runs[0]
    epochs = np.arange(1, len(run["losses"]) + 1)
    measured = [m["epoch"] for m in run["measures"]]
    for (net, label), style in zip(NETS.items(), ("-", "--"), strict=True):
        axes.plot(epochs, [e[net] for e in run["losses"]], style, label=f"{label}, training")
        validation = [m[net] for m in run["measures"]]
        axes.plot(measured, validation, style, label=f"{label}, validation")
    axes.set(xlabel="epoch", ylabel="mean squared error", yscale="log")


def draw_weights(axes: Axes, runs: list[Facts]) -> None:
    """Histograms of the first layers' weights in the lower precision."""
    with safetensors.safe_open(runs[0]["checkpoint"], "numpy") as file:
        for net, label in NETS.items():
            weights = file.get_tensor(f"{net}.first.weight").ravel()
            axes.hist(weights, BINS, alpha=0.5, label=label)
    axes.set(xlabel="first-layer weight", ylabel="number")


def draw_distances(axes: Axes, runs: list[Facts]) -> None:
    """How the nets part: distances by epoch, in each precision."""
    for run, colour in zip(runs, ("tab:blue", "tab:orange"), strict=False):
        epochs = [m["epoch"] for m in run["measures"]]
        for key, style in {"outputs": ".-", "weights": ".--"}.items():
            distances = [m[key] or np.nan for m in run["measures"]]  # zero has no logarithm
            axes.plot(epochs, distances, style, color=colour, label=f"{key}, {run['dtype']}")
    axes.set(xlabel="epoch", ylabel="distance", yscale="log")


PLOTS: dict[str, Draw] = {
    "losses": draw_losses,
    "weights": draw_weights,
    "distances": draw_distances,
}
