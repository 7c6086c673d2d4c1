"""What a page is asked to show, and what became of it."""

from dataclasses import dataclass
from pathlib import Path

from fcn_detect.report.page.repeats import RepeatRule


@dataclass(frozen=True)
class PageJob:
    """A page to write.

    Attributes:
        run: a run's folder, or a results.jsonl.
        page: the folder to write.
        beside: another run of the same images, to compare with.
        images: folder that the records' names start from; None: the one that the run names.
        limit: most images that the page shows: those of the best scores or, beside another run,
            of most differences.
        sample: whether to show a random sample instead.
        keep: smallest score that the page holds.
        picture_side: pixels of the longer side of the pictures in the large view.
        repeats: number of images from which a spot is marked.
    """

    run: Path
    page: Path
    beside: Path | None = None
    images: Path | None = None
    limit: int = 5000
    sample: bool = False
    keep: float = 0.05
    picture_side: int = 1280
    repeats: int = RepeatRule.images


@dataclass(frozen=True)
class PageSummary:
    """What became of a page.

    Attributes:
        index: the file to open.
        total: images of the run.
        shown: images that the page shows.
        without_picture: of those, searched images whose picture could not be made.
        spots: places of repeated detections.
        only_beside: images of the other run that this one does not have.
        first_note: why the first of `without_picture` has none.
    """

    index: Path
    total: int
    shown: int
    without_picture: int
    spots: int
    only_beside: int = 0
    first_note: str = ""
