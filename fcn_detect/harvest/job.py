"""What is to be harvested, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fcn_detect.harvest.planning import Kind
from fcn_detect.results import ImageResult


@dataclass(frozen=True)
class HarvestJob:
    """Which corrections to take, and where the crops go.

    Attributes:
        run: folder of the run that was corrected.
        corrections: the file of corrections.
        crops: folder to write: a folder for each class, harvest.json and harvest.jsonl.
        model: whose crops to cut; None: the model of the run.
        images: folder of the run's images; None: where the run says that they are.
        backgrounds: windows of background cut from each image that was checked.
        seed: of the places of background windows.
        overwrite: whether to forget an earlier harvest in the same folder.
    """

    run: Path
    corrections: Path
    crops: Path
    model: Path | None = None
    images: Path | None = None
    backgrounds: int = 20
    seed: int = 0
    overwrite: bool = False


@dataclass
class HarvestSummary:
    """What a harvest came to.

    Attributes:
        model: the file whose crops were cut.
        images: number of images that crops were cut from.
        there: number of crops that an earlier start had cut.
        crops: number of crops by class folder and by what they were marked as.
        left_out: boxes that were not cut, by the reason.
        failed: images that could not be used, as records.
    """

    model: Path
    images: int = 0
    there: int = 0
    crops: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[ImageResult] = field(default_factory=list)
