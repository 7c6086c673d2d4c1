"""`fcn-detect detect`: photos and clips in; pictures, records and a table out."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import add_options
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import (
    FILE,
    INPUT_OR_ADDRESS,
    RUNTIME,
    SEARCH,
    backend_options,
    check_output,
    check_shown,
    config_option,
    json_option,
    model_option,
    search_options,
)
from fcn_detect.cli.talk import note, warn

# Failures that are told one by one.
FAILURES_TOLD = 20


@fcn_command("detect", short_help="Find objects in photos and clips.")
@click.argument("images", nargs=-1, required=True, type=INPUT_OR_ADDRESS, metavar="IMAGE...")
@model_option
@click.option("-o", "--output", type=FILE, help="Folder to write to. [default: detections]")
@json_option
@click.option("--heatmap", is_flag=True, help="Also write a heat map of each photo or frame.")
@click.option("--crops", is_flag=True, help="Also cut out every object shown.")
@click.option(
    "--frame-stride",
    type=click.IntRange(min=1),
    metavar="N",
    help="Search each N-th frame of a clip. [default: 1]",
)
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
    """Find objects in photos, clips, patterns of names, or folders, here or at addresses.

    Writes each photo with its boxes drawn, each clip as CLIP.boxes.mp4, and results.jsonl, to
    ./detections/; with --json and no -o it prints the records and writes no files. Clips in folders
    are left out: name them.

    \b
    Examples:
      fcn-detect detect street.jpg
      fcn-detect detect 'photos/*.jpg' -m person.safetensors -o found --min-height 50
      fcn-detect detect clip.mp4 --frame-stride 5
    """  # noqa: D301 (click wants the character itself)
    check_shown(given)
    check_output(output)
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.formats import RESULTS_NAME, RecordSpool
    from fcn_detect.images import find_places, is_clip

    # in the order of the records: sorted by the bytes of the path, each photo once
    folder = output if output is not None or as_json else Path("detections")
    found = set(find_places(images, leave_out=folder))
    paths = sorted(found, key=lambda path: os.fsencode(path.as_posix()))
    with ProgressDisplay() as display, RecordSpool() as spool:
        detector = _load(given, display.say)
        outcome = _Outcome(spool, as_json)
        looks = _Looks(detector, folder, heatmap, crops)
        try:
            for i, path in enumerate(paths):
                search = _search_clip if is_clip(path) else _search_photo
                search(path, looks, outcome, display)
                display("searching photos", i + 1, len(paths))
        finally:  # an interruption keeps what was done
            if folder is not None:
                spool.write(folder / RESULTS_NAME)
    if not as_json:
        outcome.print_table()
    if folder is not None:
        note(f"pictures and results.jsonl are in {folder}/")
    return outcome.report_failures()


class _Looks:
    """What is left to look at, and where."""

    def __init__(self, detector: Any, folder: Path | None, heat: bool, crops: bool) -> None:
        from fcn_detect.report import PhotoWriter

        self.detector, self.folder, self.heat, self.crops = detector, folder, heat, crops
        self.photos = None
        if folder is not None:
            self.photos = PhotoWriter(folder, detector.threshold, heat_maps=heat, crops=crops)


@dataclass
class _Outcome:
    """What came of all files: records, rows of the table, failures."""

    spool: Any
    as_json: bool
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, result: Any) -> None:
        """Takes a record."""
        from fcn_detect.formats import format_result

        self.spool.add(result)
        self.count += 1
        if self.as_json:
            click.echo(format_result(result))
        if result.failure is not None:
            self.failed.append(f"{result.image}: {result.failure}")

    def print_table(self) -> None:
        from fcn_detect.cli.tables import print_table

        print_table(["image", "objects", "best", "remarks"], self.rows, left=["image", "remarks"])

    def report_failures(self) -> int:
        """Says what failed; the exit code."""
        for line in self.failed[:FAILURES_TOLD]:
            warn(line)
        if len(self.failed) > FAILURES_TOLD:
            warn(f"... and {len(self.failed) - FAILURES_TOLD} more, in the records")
        if self.failed:
            warn(f"{len(self.failed)} of {self.count} images failed")
        return exit_codes.SOME_IMAGES_FAILED if self.failed else 0


def _search_photo(path: Any, looks: _Looks, outcome: _Outcome, display: Any) -> None:
    detector = looks.detector
    result, search = detector.result(path, heat=looks.heat, progress=_named(display, path))
    outcome.add(result)
    outcome.rows.append(_row(result, detector))
    if looks.photos is not None and search is not None:
        whole = detector.at_full_size(search, path)
        looks.photos.write(result, whole, detector.header.calibration)


def _search_clip(path: Any, looks: _Looks, outcome: _Outcome, display: Any) -> None:
    from contextlib import ExitStack

    from fcn_detect.detect import ClipSearch
    from fcn_detect.report import ClipWriter

    detector, found = looks.detector, _Found()
    with ExitStack() as stack:
        clip = stack.enter_context(ClipSearch(detector, path, heat=looks.heat))
        writer = None
        if looks.folder is not None:
            writer = ClipWriter(looks.folder, clip.name, clip.rate, detector.threshold)
            stack.enter_context(writer)
        for i, frame in enumerate(clip, start=1):
            outcome.add(frame.result)
            found.add(frame.result, detector)
            if writer is not None:
                writer.write(frame)
            if looks.photos is not None and frame.search is not None:
                looks.photos.write_more(frame.result, frame.search, detector.header.calibration)
            display(f"searching {path.name}", i, max(i, clip.expected), "frames")
        if clip.failure is not None:
            outcome.add(clip.failure)
    outcome.rows.append(found.row(clip))


@dataclass
class _Found:
    """What was found in the frames of a clip."""

    frames: int = 0
    with_objects: int = 0
    best: float = 0.0
    labels: Counter[str] = field(default_factory=Counter)

    def add(self, result: Any, detector: Any) -> None:
        self.frames += 1
        if result.detections is None:
            return
        shown = result.detections.above(detector.threshold((result.height, result.width)))
        self.labels.update(shown.labels)
        self.with_objects += bool(shown.labels)
        self.best = max([self.best, *map(float, result.detections.scores[:1])])

    def row(self, clip: Any) -> tuple[str, str, str, str]:
        """The clip's row in the table."""
        remarks = [f"objects in {self.with_objects:,} of {self.frames:,} frames"]
        if clip.failure is not None:
            remarks.append(str(clip.failure.failure))
        if not self.frames:
            return clip.name, "-", "-", "; ".join(remarks[1:])
        objects = ", ".join(f"{n} {label}" for label, n in sorted(self.labels.items())) or "none"
        return clip.name, objects, f"{self.best:.3f}", "; ".join(remarks)


def _named(display: Any, path: Any) -> Any:
    """Progress on one photo, under its name."""
    return lambda task, done, total, note="": display(f"{task} {path.name}", done, total, note)


def _load(given: dict[str, Any], say: Any) -> Any:
    say("loading the network ...")
    from fcn_detect.detect import Detector

    detector = Detector.load(given.pop("model"), **given)
    say(f"the network runs on {detector.backend.name}")
    return detector


def _row(result: Any, detector: Any) -> tuple[str, str, str, str]:
    if result.failure is not None:
        return result.image, "-", "-", str(result.failure)
    threshold = detector.threshold((result.height, result.width))
    shown = result.detections.above(threshold)
    counts = {label: shown.labels.count(label) for label in sorted(set(shown.labels))}
    objects = ", ".join(f"{n} {label}" for label, n in counts.items()) or "none"
    best = f"{result.detections.scores[0]:.3f}" if len(result.detections) else "-"
    return result.image, objects, best, "; ".join(result.warnings)
