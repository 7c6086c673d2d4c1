"""Options that mean the same wherever they appear."""

import math
import os
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from fcn_detect.cli.commands import Decorator

FILE = click.Path(path_type=Path)


class _InputPath(click.Path):
    """A path to read: below `FCN_DETECT_DATA`, where that is set, if it begins with `data/`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if os.environ.get("FCN_DETECT_DATA") and Path(value).parts[:1] == ("data",):
            from fcn_detect.config import data_path

            value = str(data_path(str(value)))
        return super().convert(value, param, ctx)


INPUT = _InputPath(path_type=Path)
INPUT_OR_ADDRESS = _InputPath(path_type=str)

# the keys of fcn_detect.formats.WRITERS; a test compares them
FORMATS = ["coco", "csv", "cvat", "labelstudio", "megadetector", "voc", "yolo"]

# the keys of fcn_detect.backends.BACKENDS; a test compares them
BACKENDS = ["torch", "onnxruntime", "openvino"]


class Number(click.FloatRange):
    """A number in a range, and never NaN or infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


SEARCH = "What is searched for"
RUNTIME = "What runs the network"


def _models(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Shipped models for a shell to complete, and files."""
    from fcn_detect.backends.shipped import shipped_models

    names = [CompletionItem(name) for name in shipped_models() if name.startswith(begun)]
    return names or [CompletionItem(begun, type="file")]


model_option = click.option(
    "-m",
    "--model",
    default="person",
    envvar="FCN_DETECT_MODEL",
    shell_complete=_models,
    show_default=True,
    help="A model file, an exported one (.onnx, .xml), or the name of a shipped model.",
)
config_option = click.option(
    "--config", type=INPUT, help="A settings file (TOML); options go over it."
)
formats_option = click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="Also write the results in this format; may be given again.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
backend_options: list[Decorator] = [
    click.option(
        "--backend",
        type=click.Choice(["auto", *BACKENDS]),
        default="auto",
        envvar="FCN_DETECT_BACKEND",
        show_default=True,
        metavar="NAME",
        help="What runs the network: auto (the fastest that is there), torch, onnxruntime, "
        "openvino.",
    ),
    click.option(
        "--device",
        envvar="FCN_DETECT_DEVICE",
        help="Where it runs, as the backend names it: cpu, cuda, cuda:1.",
    ),
]

stride_option = click.option(
    "--stride",
    type=click.IntRange(min=1),
    metavar="PX",
    help="Pixels between windows, a divisor of the net's own. [default: the model's own]",
)

search_options: list[Decorator] = [
    click.option(
        "--min-height",
        type=Number(min=0, min_open=True),
        metavar="PX",
        help="Smallest object looked for, in pixels of the photo. [default: the model's own]",
    ),
    click.option(
        "--max-height",
        type=Number(min=0, min_open=True),
        metavar="PX",
        help="Largest object looked for. [default: the frame's height]",
    ),
    stride_option,
    click.option(
        "--mirrored",
        is_flag=True,
        default=None,
        help="Score each window's mirror image, too: finds more, in twice the time.",
    ),
    click.option(
        "--threshold",
        type=Number(0, 1),
        metavar="T",
        help="Smallest score shown in pictures and tables. [default: the model's own]",
    ),
    click.option(
        "--false-alarms",
        type=Number(min=0, min_open=True),
        metavar="F",
        help="Show what gives about F false alarms an image, in place of --threshold.",
    ),
    click.option(
        "--keep",
        type=Number(0, 1),
        metavar="T",
        help="Smallest score that results keep. [default: 0.01]",
    ),
    click.option(
        "--max-detections",
        type=click.IntRange(min=1),
        metavar="N",
        help="Most detections kept of one image. [default: 1000]",
    ),
    click.option(
        "--threads",
        envvar="FCN_DETECT_THREADS",
        type=click.IntRange(min=1),
        metavar="N",
        help="Threads that the network runs on; scores depend on it in their last bits. "
        "[default: one a core]",
    ),
    click.option(
        "--allow-truncated",
        is_flag=True,
        default=None,
        help="Search files that end early as far as they go.",
    ),
]


def parse_size(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """A click callback: '1024x512', written width×height, as (height, width)."""
    if value is None:
        return None
    width, times, height = value.lower().partition("x")
    if not (times and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise click.BadParameter(f"'{value}' is not a size such as 1024x512 (width x height)")
    return int(height), int(width)


def parse_box(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """A click callback: '8,16,56,112', as (x0, y0, x1, y1)."""
    if value is None:
        return None
    try:
        x0, y0, x1, y1 = map(float, value.split(","))
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a box such as 8,16,56,112") from None
    if not (0 <= x0 < x1 and 0 <= y0 < y1):
        raise click.BadParameter(f"'{value}' is no box: expected x0 < x1 and y0 < y1, from 0 on")
    return x0, y0, x1, y1


def check_size(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A click callback: '64x128' as it is, for a setting."""
    parse_size(ctx, param, value)
    return value


def check_shown(given: dict[str, Any]) -> None:
    """Nothing, if options of searching go together.

    Raises:
        click.UsageError: they do not.
    """
    if given["threshold"] is not None and given["false_alarms"] is not None:
        raise click.UsageError("--threshold and --false-alarms both say what is shown; give one")


def check_output(folder: Path | None) -> None:
    """Nothing, if this is, or may become, a folder to write to.

    Raises:
        click.UsageError: a file has that name.
    """
    if folder is not None and folder.exists() and not folder.is_dir():
        raise click.UsageError(f"-o {folder}: a file has that name; give a folder")
