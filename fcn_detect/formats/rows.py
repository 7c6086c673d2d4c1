"""What all the formats write of one detection: rounded alike, in one order."""

import json
import re
from typing import Any, NamedTuple

from fcn_detect.results import Detections, ImageResult

SCORE_DECIMALS = 6
BOX_DECIMALS = 2
LARGEST_BELOW_ONE = 1 - 10**-SCORE_DECIMALS


class Row(NamedTuple):
    """One detection as files hold it: box is x0, y0, x1, y1 in pixels, score lies in [0, 1]."""

    label: str
    score: float
    box: tuple[float, float, float, float]


def rounded_score(score: float) -> float:
    """The score with 6 decimals; only a score of 1 becomes 1."""
    return min(round(score, SCORE_DECIMALS), LARGEST_BELOW_ONE) if score < 1 else 1.0


def rounded_length(pixels: float) -> float:
    """The coordinate or length with 2 decimals; never a negative zero."""
    return round(pixels, BOX_DECIMALS) + 0.0


def detection_rows(detections: Detections) -> list[Row]:
    """The detections, rounded; then sorted by score descending, ties by box, then by label."""
    rows = []
    for box, score, label in detections:
        x0, y0, x1, y1 = (rounded_length(float(value)) for value in box)
        rows.append(Row(label, rounded_score(score), (x0, y0, x1, y1)))
    return sorted(rows, key=lambda row: (-row.score, row.box, row.label))


def by_image(result: ImageResult) -> str:
    """Sort key: code points sort as the UTF-8 bytes of the name do."""
    return result.image


def json_text(value: Any) -> str:
    r"""One line of JSON that is valid UTF-8, whatever the file names in it.

    A file name that is not UTF-8 reaches Python with lone surrogates (PEP 383). They are written
    as escapes such as `\udcff`, which Python reads back as the same name; all else is readable.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)
