"""`fcn-detect batch`: a folder of camera images in, one run folder out."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.options import (
    FILE,
    add_options,
    backend_options,
    config_option,
    formats_option,
    model_option,
    search_options,
)


@click.command("batch", short_help="Search a folder of camera images.")
@click.argument("folder", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, metavar="RUN", help="The run's folder.")
@model_option
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes that decode. [default: cores]"
)
@formats_option
@click.option("--overwrite", is_flag=True, help="Forget an earlier run in the same folder.")
@click.option("--retry-failed", is_flag=True, help="Try images again that failed before.")
@click.option(
    "--check-content",
    is_flag=True,
    help="Search files again when their content has changed, whatever their times; from the first "
    "start on.",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Search the I-th of N parts of the folder only; `merge` puts the runs together.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="S",
    help="Seconds that decoding one image may take.",
)
@config_option
@add_options(search_options)
@add_options(backend_options)
def command(
    folder: Path,
    output: Path,
    model: str,
    workers: int | None,
    formats: tuple[str, ...],
    overwrite: bool,
    retry_failed: bool,
    check_content: bool,
    shard: str | None,
    timeout: float,
    **given: Any,
) -> int:
    """Search every image in FOLDER and all folders in it.

    Writes RUN/results.jsonl, one line an image, and RUN/run.json. Started again, it goes on
    where it was cut off. Ends with 3 when some images failed; each has a record that says why.

    \b
    fcn-detect batch /media/camera -o run -m person.safetensors --format coco
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay

    with ProgressDisplay() as display:
        display.say("loading the network ...")
        from fcn_detect.backends import find_model
        from fcn_detect.batch import BatchJob, Shard, run_batch
        from fcn_detect.detect import Detector

        part = None if shard is None else Shard.parse(shard)
        detector = Detector.load(model, **given)
        display.say(f"the network runs on {detector.backend.name}")
        job = BatchJob(
            folder,
            output,
            find_model(model),
            workers=workers,
            formats=formats,
            overwrite=overwrite,
            retry_failed=retry_failed,
            check_content=check_content,
            timeout_s=timeout,
            shard=part,
        )
        summary, results = run_batch(job, detector, display)
    _print_failures(results.failures(), summary.failed)
    for warning in summary.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{summary.total} images: {summary.done} searched, {summary.failed} failed; "
        f"{summary.resumed} were done before; {summary.inferred} in {summary.seconds:.1f} s"
    )
    click.echo(f"records are in {output}/results.jsonl")
    return exit_codes.SOME_IMAGES_FAILED if summary.failed else 0


def _print_failures(failed: Iterator[Any], count: int, at_most: int = 20) -> None:
    for result in islice(failed, at_most if count else 0):
        click.echo(f"{result.image}: {result.failure.kind}: {result.failure.message}", err=True)
    if count > at_most:
        click.echo(f"... and {count - at_most} more, in results.jsonl", err=True)
