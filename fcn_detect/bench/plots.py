"""A bench as bars."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fcn_detect.bench.report import BenchReport
from fcn_detect.files import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_bench(report: BenchReport, path: Path) -> Path:
    """Writes four groups of bars as a PNG file; its path.

    No window is opened and matplotlib's global state is left alone.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    axes = figure.subplots(2, 2).ravel()
    windows, folder = report.windows, report.folder
    title = f"{windows.windows} windows of one level, {windows.backend}: ms"
    _bars(axes[0], title, _ms({way.way: way.seconds for way in (windows.dense, *windows.crops)}))
    axes[0].set_xscale("log")
    networks = {f"{one.backend}, {one.model}": one.seconds for one in report.networks}
    _bars(axes[1], "the network alone, one frame: ms", _ms(networks))
    _bars(axes[2], "one frame, file to boxes: ms", _ms(_stages(report)))
    rates = {"batch": folder.batch, "preparing": folder.preparing, "network": folder.network}
    _bars(axes[3], f"a folder of {folder.images}: images/s", rates)
    save_figure(figure, path)
    return path


def _stages(report: BenchReport) -> dict[str, float]:
    stages = report.stages
    return {
        "read": stages.read_s,
        "resize and pack": stages.pack_s,
        "network": stages.network_s,
        "boxes": stages.boxes_s,
        "whole": stages.whole_s,
    }


def _ms(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: 1e3 * value for name, value in seconds.items()}


def _bars(axes: "Axes", title: str, values: Mapping[str, float]) -> None:
    """Horizontal bars from top to bottom, each with its value."""
    names = [name.replace("$", r"\$") for name in values]
    bars = axes.barh(range(len(names)), list(values.values()), color="tab:blue")
    axes.bar_label(bars, [_number(value) for value in values.values()], padding=3)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.3)  # room for the values
    axes.set_title(title)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
