"""A person's corrections of a run: what was right, what was wrong, what was missed.

{"format": "fcn_detect corrections", "version": 1, "run": "night", "images": [{"image": "a.jpg",
"checked": true, "confirmed": [{"label": "person", "score": 0.98, "box": [312.0, 88.5, 352.0,
184.5]}], "wrong": [], "missed": [{"label": "person", "box": [20.0, 90.0, 60.0, 190.0]}]}]}
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    InstanceOf,
)

from fcn_detect.errors import DataError
from fcn_detect.files import write_atomically
from fcn_detect.formats.bounded import read_json
from fcn_detect.formats.names import FileName
from fcn_detect.formats.rows import json_text

MAX_BYTES: Final = 256_000_000
EXPECTED: Final = "corrections of a run, as its page saves them"

_Pixels = Annotated[float, Field(ge=-1e6, le=1e6)]
_Corners = tuple[_Pixels, _Pixels, _Pixels, _Pixels]


def _with_sides(box: _Corners) -> _Corners:
    if not (box[0] < box[2] and box[1] < box[3]):
        raise ValueError("a box is x0, y0, x1, y1 with x0 < x1 and y0 < y1")
    return box


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class MarkedBox(_Entry):
    """A box that a person marked.

    Attributes:
        label: name of the class.
        box: x0, y0, x1, y1 in pixels of the image as a viewer shows it.
        score: that the run gave it; None where the run had not found it.
    """

    label: InstanceOf[str]
    box: Annotated[_Corners, AfterValidator(_with_sides)]
    score: Annotated[float, Field(ge=0, le=1)] | None = None


class ImageCorrections(_Entry):
    """What a person marked in one image.

    Attributes:
        image: as the run's records call it.
        checked: whether a person looked at all of the image, so that what is neither confirmed
            nor missed is not the object.
        confirmed: detections that are right.
        wrong: detections that are not.
        missed: objects without a detection.
    """

    image: FileName
    checked: bool = False
    confirmed: tuple[MarkedBox, ...] = ()
    wrong: tuple[MarkedBox, ...] = ()
    missed: tuple[MarkedBox, ...] = ()

    @property
    def objects(self) -> tuple[MarkedBox, ...]:
        """All objects that are known in the image."""
        return self.confirmed + self.missed


class Corrections(_Entry):
    """A file of corrections.

    Attributes:
        run: name or digest of the run that they correct, for people.
        images: those in which something was marked, or that were checked.
    """

    format: Literal["fcn_detect corrections"] = "fcn_detect corrections"
    version: Literal[1] = 1
    run: InstanceOf[str] = ""
    images: tuple[ImageCorrections, ...]


def read_corrections(path: Path) -> Corrections:
    """The corrections in a file.

    Raises:
        DataError: the file cannot be read, is no file of corrections, has a box without sides, or
            an image twice; names the file and the place in it.
    """
    corrections = read_json(path, Corrections, MAX_BYTES, EXPECTED)
    most = Counter(one.image for one in corrections.images).most_common(1)
    if most and most[0][1] > 1:
        raise DataError(f"{path}: the image '{most[0][0]}' occurs {most[0][1]} times, not once")
    return corrections


def write_corrections(corrections: Corrections, path: Path) -> None:
    """Writes a file that `read_corrections` reads.

    Raises:
        OSError: the file cannot be written.
    """
    write_atomically(path, json_text(corrections.model_dump()) + "\n")
