"""`fcn-detect export`: a model as a file that runs without PyTorch."""

import json
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE, INPUT, json_option, model_option, stride_option
from fcn_detect.cli.talk import print_error, tell

TARGETS = ["onnx", "openvino"]  # the keys of fcn_detect.export.TARGETS; a test compares them


@fcn_command("export", short_help="Write a model for ONNX Runtime or OpenVINO.")
@model_option
@click.option("--to", required=True, type=click.Choice(TARGETS), help="What shall run it.")
@click.option(
    "-o", "--output", required=True, type=FILE, metavar="PATH", help="File: .onnx, or .xml."
)
@stride_option
@click.option("--int8", is_flag=True, help="Compute with 8-bit integers, and measure the cost.")
@click.option(
    "--calibration",
    type=INPUT,
    metavar="DIR",
    help="Frames like those to be searched: for --int8, and to compare maps on.",
)
@click.option(
    "--annotations", type=INPUT, metavar="FILE", help="True boxes of DIR, to measure int8 by."
)
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    default=0.5,
    show_default=True,
    metavar="POINTS",
    help="Points of AP50 that int8 may cost, and twice that of the miss rate; ten times as many "
    "by agreement, where there are no annotations.",
)
@click.option(
    "--min-height",
    type=click.FloatRange(min=0, min_open=True),
    metavar="PX",
    help="Smallest object looked for in DIR. [default: the model's own]",
)
@json_option
def command(
    model: str,
    to: str,
    output: Path,
    stride: int | None,
    int8: bool,
    calibration: Path | None,
    annotations: Path | None,
    max_cost: float,
    min_height: float | None,
    as_json: bool,
) -> int:
    """Write a model for ONNX Runtime or OpenVINO, and compare its maps with PyTorch's.

    The file takes float32 images (n, 3, h, w) in [0, 255] of any size and gives the maps of all
    windows; it runs with -m where PyTorch is not installed. Nothing is written, and the command
    ends with 1, when the maps differ by more than 1e-4 or int8 costs more than --max-cost.

    \b
    Examples:
      fcn-detect export -m person --to onnx -o person.onnx
      fcn-detect export --to openvino -o person.xml --int8 --calibration frames
    """  # noqa: D301 (click wants the character itself)
    if int8 and calibration is None:
        raise click.UsageError("--int8 needs --calibration DIR: frames to take its ranges from")
    if annotations is not None and not int8:
        raise click.UsageError("--annotations measures --int8; it means nothing without")
    from fcn_detect.cli.progress import ProgressDisplay

    with ProgressDisplay() as display:
        display.say("loading the network ...")
        from fcn_detect.backends import find_model
        from fcn_detect.export import Calibration, ExportJob, export_model
        from fcn_detect.formats import read_annotations

        truth = None if annotations is None else read_annotations(annotations)
        frames = None if calibration is None else Calibration(calibration, truth, max_cost)
        detect = {} if min_height is None else {"min_height": min_height}
        job = ExportJob(find_model(model), to, output, stride, frames, int8, detect)
        report = export_model(job, display)
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=1))
    else:
        _print(report, max_cost)
    if not report.written:
        print_error(_why(report, max_cost))
    return 0 if report.written else exit_codes.FAILED


def _print(report: Any, max_cost: float) -> None:
    from fcn_detect.cli.tables import print_table

    equivalence = report.equivalence
    rows = [
        [image.image, str(image.windows), f"{image.max_difference:.1e}", str(image.flipped)]
        for image in equivalence.images
    ]
    print_table(["image", "windows", "max diff", "flipped"], rows, left=["image"])
    tell(
        f"{equivalence.backend} against PyTorch: {equivalence.windows} windows, largest "
        f"difference {equivalence.max_difference:.1e}, {equivalence.flipped} decisions flipped"
    )
    for attempt in report.int8:
        tell(f"{attempt.recipe.name}: {_costs(attempt.cost, max_cost)}")
    if report.written:
        tell(f"written to {report.output}")


def _costs(cost: Any, max_cost: float) -> str:
    by = {
        "annotations": "by annotations",
        "agreement": "by agreement with float32, whose own detections are taken for true",
    }
    return (
        f"AP50 {cost.ap50:.3f} -> {cost.int8_ap50:.3f}, miss rate {cost.miss_rate:.3f} -> "
        f"{cost.int8_miss_rate:.3f} {by[cost.truth]}; {cost.objects} objects on {cost.frames} "
        f"frames; {cost.allowed(max_cost):g} points of AP50 are allowed"
    )


def _why(report: Any, max_cost: float) -> str:
    """One line: what was found, what was expected, what to do."""
    if not report.int8:
        return (
            f"the exported maps differ from PyTorch's by {report.equivalence.max_difference:.1e}, "
            f"{report.equivalence.flipped} decisions flipped, more than 1e-4; nothing was written"
        )
    cost = min((one.cost for one in report.int8), key=lambda cost: float(cost.ap50_points))
    allowed = cost.allowed(max_cost)
    return (
        f"int8 costs {cost.ap50_points:.2f} points of AP50 and {cost.miss_rate_points:.2f} of the "
        f"miss rate, more than {allowed:g} and {2 * allowed:g} (--max-cost); nothing was written; "
        "give more frames, or export without --int8"
    )
