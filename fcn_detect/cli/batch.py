"""`fcn-detect batch`: a folder of camera images in, one run folder out."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import Decorator, add_options
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import (
    FILE,
    INPUT_OR_ADDRESS,
    RUNTIME,
    SEARCH,
    Number,
    backend_options,
    check_output,
    check_shown,
    config_option,
    formats_option,
    model_option,
    search_options,
)
from fcn_detect.cli.stopping import Stop
from fcn_detect.cli.talk import tell, warn

# The fields of a BatchJob that an option sets as it is.
JOB_OPTIONS = ["workers", "formats", "overwrite", "retry_failed", "check_content", "timeout_s"]
JOB_OPTIONS += ["engine"]


def _parse_shard(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """A click callback: '3/8' as a `Shard`."""
    if value is None:
        return None
    from fcn_detect.batch import Shard
    from fcn_detect.errors import SettingsError

    try:
        return Shard.parse(value)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


job_options: list[Decorator] = [
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes that decode, or Ray's workers. [default: as many as fit]",
    ),
    formats_option,
    click.option("--overwrite", is_flag=True, help="Forget an earlier run in the same folder."),
    click.option("--retry-failed", is_flag=True, help="Try images again that failed before."),
    click.option(
        "--check-content",
        is_flag=True,
        help="Search files again when their content has changed, whatever their times; give it "
        "from the first start on.",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=Number(min=0, min_open=True),
        default=60.0,
        show_default=True,
        metavar="S",
        help="Seconds that decoding one image may take.",
    ),
    click.option(
        "--shard",
        callback=_parse_shard,
        metavar="I/N",
        help="Search the I-th of N parts of the folder; `merge` puts the runs together.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        help="What searches: this machine, or a Ray cluster.",
    ),
    click.option(
        "--ray-address", help="Of a Ray cluster. [default: RAY_ADDRESS, or a local cluster]"
    ),
    click.option(
        "--gpus-per-worker",
        type=Number(min=0),
        default=0.0,
        metavar="SHARE",
        help="GPUs that each of Ray's workers takes, such as 0.25.",
    ),
]
watch_options: list[Decorator] = [
    click.option(
        "--watch",
        is_flag=True,
        help="Go on with files that come into FOLDER, or frames of a stream, until stopped.",
    ),
    click.option(
        "--poll", is_flag=True, help="With --watch: list FOLDER again and again; for some shares."
    ),
]


@fcn_command("batch", short_help="Search a folder of camera images.")
@click.argument("folder", type=INPUT_OR_ADDRESS)
@click.option("-o", "--output", type=FILE, required=True, metavar="RUN", help="The run's folder.")
@model_option
@add_options(job_options, "How the folder is searched")
@add_options(watch_options, "Watching")
@config_option
@add_options(search_options, SEARCH)
@add_options(backend_options, RUNTIME)
@click.option("--report", is_flag=True, help="Also make a page to look at: RUN/report/index.html.")
def command(
    folder: str, output: Path, model: str, watch: bool, poll: bool, report: bool, **given: Any
) -> int:
    """Search every image in FOLDER and all folders in it.

    FOLDER is a path, or an address that fsspec knows, such as s3://bucket/camera.

    With --watch it may also be a stream: rtsp://..., http://..., /dev/video0, a pipe, a file that
    grows. The newest frame is searched whenever the network is free; the others are counted.

    Writes RUN/results.jsonl, one line an image, and RUN/run.json. Started again, it goes on
    where it was cut off. Ends with 3 when some images failed; each has a record that says why.

    With --watch it goes on with new files, and ends when it is interrupted (130) or terminated
    (143): the image at hand is finished, and all files are written.

    \b
    Examples:
      fcn-detect batch /media/camera -o run -m person.safetensors --format coco
      fcn-detect batch rtsp://camera.local/main -o run --watch
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay

    check_shown(given)
    check_output(output)
    if poll and not watch:
        raise click.UsageError("--poll goes with --watch")
    with Stop(watch) as stop, ProgressDisplay() as display:
        display.say("loading the network ...")
        from fcn_detect.batch import Watch, run_batch, watch_folder, watch_stream

        stream = _stream(folder, watch, report)
        shown = folder if stream is None else stream.shown
        job, detector = _open(shown, output, model, given, alone=stream is not None)
        display.say(f"the network runs on {detector.backend.name}")
        counts = None
        if stream is not None:
            watched = watch_stream(job, detector, stream, stop, progress=display)
            summary, counts, results = watched
        elif watch:
            summary, results = watch_folder(job, detector, stop, Watch(poll), display)
        else:
            summary, results = run_batch(job, detector, display)
        if report:
            from fcn_detect.cli.report import Page, make_page

            make_page(Page(output, output / "report", {}), display)
    _print_failures(results.failures(), summary.failed)
    for warning in summary.warnings:
        warn(f"warning: {warning}")
    tell(
        f"{summary.total} images: {summary.done} searched, {summary.failed} failed; "
        f"{summary.resumed} were done before; {summary.inferred} in {summary.seconds:.1f} s"
    )
    if counts is not None:
        tell(
            f"{counts.arrived} frames came; {counts.dropped} were dropped, since newer ones had "
            f"come; the stream was opened anew {counts.reconnects} times"
        )
    tell(f"records are in {output}/results.jsonl")
    return stop.exit_code or (exit_codes.SOME_IMAGES_FAILED if summary.failed else 0)


def _stream(folder: str, watch: bool, report: bool) -> Any:
    """The stream that is to be watched; None for a folder."""
    from fcn_detect.images import is_clip
    from fcn_detect.video import stream_source

    stream = stream_source(folder)
    if not watch:
        if stream is not None and stream.never_ends:
            raise click.UsageError(f"{stream.shown} is a stream: add --watch")
        return None
    if stream is not None and stream.kind == "file" and not is_clip(Path(folder)):
        return None
    if stream is not None and report:
        raise click.UsageError("--report goes with folders: the frames of a stream are not kept")
    return stream


def _open(
    folder: str, output: Path, model: str, given: dict[str, Any], alone: bool = False
) -> tuple[Any, Any]:
    """The job, and the detector: of this machine, whatever Ray's workers will run on.

    Without a number of threads, passes share the cores; with one, or where images come `alone`,
    there is one pass at a time.
    """
    from fcn_detect.backends import find_model
    from fcn_detect.batch import BatchJob, RayCluster, share_cores
    from fcn_detect.detect import Detector
    from fcn_detect.images import place

    shard = given.pop("shard")
    asked = {name: given.pop(name) for name in JOB_OPTIONS}
    cluster = RayCluster(given.pop("ray_address"), given.pop("gpus_per_worker"), given["device"])
    if asked["engine"] == "ray":
        given["device"] = None
    detector = Detector.load(model, **given)
    networks = 1
    if detector.settings.threads is None and not alone:
        threads, networks = share_cores(detector.backend)
        if threads != detector.backend.threads:
            again = {**given, "backend": detector.backend.name, "threads": threads}
            detector = Detector.load(model, **again)
    where = place(folder)
    job = BatchJob(
        where, output, find_model(model), networks=networks, shard=shard, ray=cluster, **asked
    )
    return job, detector


def _print_failures(failed: Iterator[Any], count: int, at_most: int = 20) -> None:
    for result in islice(failed, at_most if count else 0):
        warn(f"{result.image}: {result.failure}")
    if count > at_most:
        warn(f"... and {count - at_most} more, in results.jsonl")
