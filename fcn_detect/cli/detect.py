"""`fcn-detect detect`: photos in; pictures, records and a table out."""

import os
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import add_options
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import (
    FILE,
    RUNTIME,
    SEARCH,
    backend_options,
    config_option,
    json_option,
    model_option,
    search_options,
)
from fcn_detect.cli.talk import warn


@fcn_command("detect", short_help="Find objects in photos.")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@model_option
@click.option("-o", "--output", type=FILE, help="Folder to write to. [default: detections]")
@json_option
@click.option("--heatmap", is_flag=True, help="Also write a heat map of each photo.")
@click.option("--crops", is_flag=True, help="Also cut out every object shown.")
@config_option
@add_options(search_options, SEARCH)
@add_options(backend_options, RUNTIME)
def command(
    images: tuple[str, ...],
    output: Path | None,
    as_json: bool,
    heatmap: bool,
    crops: bool,
    **given: Any,
) -> int:
    """Find objects in photos, patterns of names, or folders, here or at addresses (s3://...).

    Writes each photo with its boxes drawn, and results.jsonl, to ./detections/; with --json and
    no -o it prints the records and writes no files.

    \b
    Examples:
      fcn-detect detect street.jpg
      fcn-detect detect 'photos/*.jpg' -m person.safetensors -o found --min-height 50
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.formats import RESULTS_NAME, format_result, write_results
    from fcn_detect.images import find_places

    # in the order of the records: sorted by the bytes of the path, each photo once
    paths = sorted(set(find_places(images)), key=lambda path: os.fsencode(path.as_posix()))
    folder = output if output is not None or as_json else Path("detections")
    with ProgressDisplay() as display:
        detector = _load(given, display.say)
        from fcn_detect.report import PhotoWriter

        writer = None
        if folder is not None:
            writer = PhotoWriter(folder, detector.threshold, heat_maps=heatmap, crops=crops)
        results = []
        try:
            for i, path in enumerate(paths):
                result, search = detector.result(path, heat=heatmap, progress=_named(display, path))
                results.append(result)
                if as_json:
                    click.echo(format_result(result))
                if writer is not None and search is not None:
                    whole = detector.at_full_size(search, path)
                    writer.write(result, whole, detector.header.calibration)
                display("searching photos", i + 1, len(paths))
        finally:  # an interruption keeps what was done
            if folder is not None:
                write_results(results, folder / RESULTS_NAME)
    if not as_json:
        _print_table(results, detector)
    if folder is not None:
        warn(f"pictures and results.jsonl are in {folder}/")
    return _report_failures(results)


def _named(display: Any, path: Any) -> Any:
    """Progress on one photo, under its name."""
    return lambda task, done, total, note="": display(f"{task} {path.name}", done, total, note)


def _load(given: dict[str, Any], say: Any) -> Any:
    say("loading the network ...")
    from fcn_detect.detect import Detector

    detector = Detector.load(given.pop("model"), **given)
    say(f"the network runs on {detector.backend.name}")
    return detector


def _print_table(results: list[Any], detector: Any) -> None:
    from fcn_detect.cli.tables import print_table

    rows = [_row(result, detector) for result in results]
    print_table(["image", "objects", "best", "remarks"], rows, left=["image", "remarks"])


def _row(result: Any, detector: Any) -> tuple[str, str, str, str]:
    if result.failure is not None:
        return result.image, "-", "-", f"{result.failure.kind}: {result.failure.message}"
    threshold = detector.threshold((result.height, result.width))
    shown = result.detections.above(threshold)
    counts = {label: shown.labels.count(label) for label in sorted(set(shown.labels))}
    objects = ", ".join(f"{n} {label}" for label, n in counts.items()) or "none"
    best = f"{result.detections.scores[0]:.3f}" if len(result.detections) else "-"
    return result.image, objects, best, "; ".join(result.warnings)


def _report_failures(results: list[Any]) -> int:
    failed = [result for result in results if result.failure is not None]
    for result in failed:
        kind, message = result.failure.kind, result.failure.message
        warn(f"{result.image}: {kind}: {message}")
    if failed:
        warn(f"{len(failed)} of {len(results)} images failed")
    return exit_codes.SOME_IMAGES_FAILED if failed else 0
