"""`fcn-detect report`: a run in, a page to look at, to filter and to correct out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fcn_detect.cli.commands import add_options
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE, INPUT, RUNTIME, backend_options
from fcn_detect.cli.talk import tell, warn

if TYPE_CHECKING:
    from fcn_detect.cli.progress import ProgressDisplay


@fcn_command("report", short_help="Make a page of a run, to look at and to correct.")
@click.argument("run", type=INPUT, metavar="RUN")
@click.option(
    "-o", "--output", type=FILE, metavar="PAGE", help="Folder of the page. [default: RUN/report]"
)
@click.option(
    "--beside", type=INPUT, metavar="RUN", help="Another run of the same images, to compare with."
)
@click.option(
    "--images",
    type=INPUT,
    metavar="FOLDER",
    help="Where the photos are now. [default: the folder that the run names]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=5000,
    show_default=True,
    metavar="N",
    help="Most images shown: those of the best scores or, with --beside, of most differences.",
)
@click.option("--sample", is_flag=True, help="With more images than --limit: show a random sample.")
@click.option(
    "--keep",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    metavar="T",
    help="Smallest score that the page holds.",
)
@click.option("--heatmaps", is_flag=True, help="Search the images again, for heat maps.")
@click.option(
    "--picture-size",
    "picture_side",
    type=click.IntRange(min=100),
    default=1280,
    show_default=True,
    metavar="PX",
    help="Longer side of the pictures in the large view.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=2),
    default=10,
    show_default=True,
    metavar="N",
    help="Mark what one camera detects at one spot in so many images.",
)
@add_options(backend_options, RUNTIME)
def command(
    run: Path,
    output: Path | None,
    heatmaps: bool,
    backend: str,
    device: str | None,
    **given: Any,
) -> None:
    """Make a page of RUN, a folder of `fcn-detect batch`, that a browser opens from the disk.

    It shows thumbnails with boxes, a threshold slider, filters, figures and a large view; in it
    boxes are confirmed or marked wrong and missed objects drawn, for `fcn-detect harvest`. The
    folder can be copied and handed on; it needs no server and no network.

    \b
    Examples:
      fcn-detect report run
      fcn-detect report run --beside other-run -o comparison
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay

    page = output or (run if run.is_dir() else run.parent) / "report"
    with ProgressDisplay() as display:
        detector = _detector(run, backend, device) if heatmaps else None
        make_page(Page(run, page, given), display, detector)


@dataclass(frozen=True)
class Page:
    """A run, the page's folder, and fields of a `PageJob`."""

    run: Path
    page: Path
    given: dict[str, Any]


def make_page(page: Page, display: "ProgressDisplay", detector: Any = None) -> None:
    """Writes the page, and says where it is and what it lacks."""
    from fcn_detect.report.page import PageJob, write_page

    job = PageJob(page.run, page.page, **page.given)
    summary = write_page(job, detector, display)
    if summary.shown < summary.total:
        which = "a random sample of" if job.sample else "those of the best scores among"
        if job.beside is not None and not job.sample:
            which = "those that differ most among"
        warn(
            f"the page shows {summary.shown:,} images, {which} {summary.total:,}; --limit shows "
            f"{'others' if job.sample else 'more'}, "
            f"{'no --sample the best scores' if job.sample else '--sample a random choice'}"
        )
    if summary.without_picture:
        warn(
            f"{summary.without_picture:,} images have no picture; the first: {summary.first_note}; "
            "--images says where the photos are"
        )
    if summary.only_beside:
        warn(f"{summary.only_beside:,} images are only in {job.beside}")
    if summary.spots:
        spots = "spots" if summary.spots > 1 else "spot"
        warn(f"{summary.spots} {spots} of repeated detections: {job.page}/repeats.json")
    tell(f"open {summary.index} in a browser")


def _detector(run: Path, backend: str, device: str | None) -> Any:
    """The run's own, for heat maps."""
    from fcn_detect.batch import run_settings
    from fcn_detect.detect import Detector

    facts, settings = run_settings(run)
    model = facts.content["model"]["path"]
    return Detector.load(model, **{**settings, "backend": backend, "device": device})
