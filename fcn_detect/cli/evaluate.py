"""`fcn-detect evaluate`: results against true boxes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE, INPUT, Number, json_option
from fcn_detect.cli.talk import note, warn

if TYPE_CHECKING:
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.evaluate import Evaluation
    from fcn_detect.results import Annotations, ImageResult

PIXELS = Number(min=0, min_open=True)


@fcn_command("evaluate", short_help="Measure results against true boxes.")
@click.argument("results", nargs=-1, type=INPUT, metavar="RESULTS...")
@click.argument("annotations", type=INPUT)
@json_option
@click.option("--plots", type=FILE, metavar="DIR", help="Write the curves as pictures.")
@click.option(
    "--images",
    type=INPUT,
    metavar="FOLDER",
    help="Where the photos are: --plots also shows the worst mistakes.",
)
@click.option(
    "--min-height",
    type=PIXELS,
    metavar="PX",
    help="Smallest object that counts; smaller ones are ignored.",
)
@click.option(
    "--max-height",
    type=PIXELS,
    metavar="PX",
    help="Objects of this height or more are ignored.",
)
@click.option(
    "--common", is_flag=True, help="Compare the images that all sides name; leave out the others."
)
@click.option(
    "--bootstrap",
    "resamples",
    type=click.IntRange(0, 1_000_000),
    default=0,
    metavar="N",
    help="Draw N sets of images for 95 % intervals, such as 1000.",
)
def command(
    results: tuple[Path, ...],
    annotations: Path,
    as_json: bool,
    plots: Path | None,
    images: Path | None,
    min_height: float | None,
    max_height: float | None,
    common: bool,
    resamples: int,
) -> None:
    """Measure RESULTS (run folders, results.jsonl, MegaDetector's .json) against ANNOTATIONS.

    ANNOTATIONS is a COCO file (.json), a CVAT file (.xml), a folder of Pascal VOC files (.xml) or a
    YOLO folder (images/, labels/). Prints COCO average precision, the log-average miss rate of the
    pedestrian literature, the recall at given false alarms per image, and which mistakes there are.
    Several results share the tables and the plots. Every image must have its result and its
    annotation, unless --common is given.

    \b
    Examples:
      fcn-detect evaluate run annotations.json --plots plots --images photos
      fcn-detect evaluate run-1 run-2 annotations.json --bootstrap 1000
      fcn-detect evaluate run some-annotated.json --common
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.cli.result_names import result_names
    from fcn_detect.evaluate import HeightRange, evaluate, other_sizes, plot_evaluations
    from fcn_detect.formats import read_annotations, read_results

    if not results:
        raise click.UsageError(f"'{annotations}' alone: expected RESULTS, then ANNOTATIONS")
    if images is not None and plots is None:
        raise click.UsageError("--images needs --plots, a folder for the sheets of mistakes")
    heights = HeightRange(min_height or 0, max_height or float("inf"))
    names = result_names(results)
    with ProgressDisplay() as display:
        truth = read_annotations(annotations)
        found = {name: read_results(path) for name, path in zip(names, results, strict=True)}
        if common:
            found, truth = _common(found, truth)
        evaluations = {
            name: evaluate(one, truth, heights=heights, resamples=resamples, progress=display)
            for name, one in found.items()
        }
        for name, one in found.items():
            if lines := other_sizes(one, truth):
                warn(f"warning: {name}: {lines[0]} ({len(lines)} such); boxes may not fit")
        if plots is not None:
            plot_evaluations(evaluations, plots)
        if plots is not None and images is not None:
            _write_sheets(evaluations, plots, images, display)
    _report(evaluations, results, as_json)


def _common(
    found: "dict[str, list[ImageResult]]", truth: "Annotations"
) -> "tuple[dict[str, list[ImageResult]], Annotations]":
    """All results and the annotations, of the images that all of them name; says what is left."""
    from fcn_detect.evaluate import keep_common

    annotated = len(truth.images)
    for results in found.values():
        _, truth = keep_common(results, truth)
    kept = {name: keep_common(results, truth)[0] for name, results in found.items()}
    counts = ", ".join(f"{len(found[name])} of {name}" for name in found)
    note(f"images in common: {len(truth.images)}, of {annotated} annotated and {counts}")
    return kept, truth


def _write_sheets(
    evaluations: "Mapping[str, Evaluation]", plots: Path, images: Path, display: "ProgressDisplay"
) -> None:
    """The sheets of one evaluation beside the plots, of several each in a folder of its own."""
    from fcn_detect.report import write_mistake_sheets

    for name, evaluation in evaluations.items():
        folder = plots if len(evaluations) == 1 else plots / name
        for sheet in write_mistake_sheets(evaluation, images, folder, display):
            if sheet.missing:
                display.say(
                    f"{sheet.path}: {sheet.missing} of {sheet.shown + sheet.missing} mistakes are "
                    f"not shown: their pictures are not in {images}, or cannot be read"
                )


def _report(
    evaluations: "Mapping[str, Evaluation]", results: tuple[Path, ...], as_json: bool
) -> None:
    from fcn_detect.cli.evaluation_tables import print_evaluations

    for name, evaluation in evaluations.items():
        if evaluation.failed_images:
            warn(f"{name}: {evaluation.failed_images} images had failed")
    if not as_json:
        print_evaluations(evaluations)
        return
    found = [
        {"name": name, "path": path.as_posix(), **evaluation.to_dict()}
        for (name, evaluation), path in zip(evaluations.items(), results, strict=True)
    ]
    one = next(iter(evaluations.values())).to_dict()
    click.echo(json.dumps(one if len(found) == 1 else {"results": found}, indent=1))
