"""The worst mistakes of an evaluation as contact sheets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fcn_detect.errors import ImageError
from fcn_detect.evaluate import Evaluation, Mistake, worst_false_alarms, worst_misses
from fcn_detect.files import parts_below
from fcn_detect.images import contact_sheet, read_image, resize_to
from fcn_detect.results import Progress, silent

MOST: Final = 48
COLUMNS: Final = 8
CELL: Final = 160  # pixels of a cell's side
CONTEXT: Final = 2.0  # a cell's side in sides of the box
LETTERS: Final = 26  # of a caption's line
TRUE_COLOUR: Final = (0, 220, 60)
FOUND_COLOUR: Final = (255, 60, 40)


@dataclass(frozen=True)
class MistakeSheet:
    """What became of one sheet.

    Attributes:
        path: of the PNG file; not there when nothing could be shown.
        shown: number of mistakes on it.
        missing: number of mistakes left out because their picture is missing or unreadable.
    """

    path: Path
    shown: int
    missing: int


def write_mistake_sheets(
    evaluation: Evaluation, pictures: Path, folder: Path, progress: Progress = silent
) -> list[MistakeSheet]:
    """Writes `misses.png` and `false_alarms.png`, up to 48 mistakes each; what became of them.

    Each cell shows twice the mistake's size around it: objects in green, detections in red. A
    picture is looked for under `pictures` by its path, then by ever shorter endings of it.

    Raises:
        OSError: the folder cannot be written.
    """
    worst = {
        "misses": worst_misses(evaluation, MOST),
        "false_alarms": worst_false_alarms(evaluation, MOST),
    }
    several = len(evaluation.classes) > 1
    total, done, sheets = sum(map(len, worst.values())), 0, []
    for name, mistakes in worst.items():
        drawn = []
        for mistake in mistakes:
            drawn.append((_cell(mistake, pictures), _caption(mistake, several)))
            done += 1
            progress("drawing mistakes", done, total)
        shown = [(cell, caption) for cell, caption in drawn if cell is not None]
        _write(shown, folder / f"{name}.png")
        sheets.append(MistakeSheet(folder / f"{name}.png", len(shown), len(drawn) - len(shown)))
    return sheets


def _write(shown: Sequence[tuple[NDArray[np.uint8], str]], path: Path) -> None:
    """The sheet, in place of an older one; no file where there is nothing to show."""
    path.unlink(missing_ok=True)
    if shown:
        captions = [caption for _, caption in shown]
        contact_sheet(np.stack([cell for cell, _ in shown]), captions, path, COLUMNS)


def find_picture(names: Sequence[str], pictures: Path) -> Path | None:
    """The file of an image under a folder, by the longest ending of one of its names."""
    for name in names:
        parts = parts_below(name.replace("\\", "/"))
        for start in range(len(parts)):
            path = pictures.joinpath(*parts[start:])
            if path.is_file():
                return path
    return None


def _cell(mistake: Mistake, pictures: Path) -> NDArray[np.uint8] | None:
    """The mistake with what lies around it; None when there is no picture of it."""
    path = find_picture(mistake.names, pictures)
    if path is None:
        return None
    try:
        return draw_mistake(read_image(path).pixels, mistake)
    except ImageError:
        return None


def draw_mistake(pixels: NDArray[np.uint8], mistake: Mistake) -> NDArray[np.uint8]:
    """uint8 `(160, 160, 3)`: a square around a mistake in a photo, grey outside the photo."""
    box = mistake.box.astype(np.float64)
    side = CONTEXT * max(1.0, float((box[2:] - box[:2]).max()))
    corner = (box[:2] + box[2:] - side) / 2
    cell = Image.fromarray(_cut(pixels, corner, side))
    draw = ImageDraw.Draw(cell)
    colours = (TRUE_COLOUR, FOUND_COLOUR)
    own, other = colours if mistake.score is None else colours[::-1]
    for boxes, colour, width in ((mistake.others, other, 1), (mistake.box[None], own, 2)):
        for one in boxes.reshape(-1, 2, 2).astype(np.float64):
            placed = np.clip((one - corner) * CELL / side, -10, CELL + 10)
            draw.rectangle(placed.ravel().tolist(), outline=colour, width=width)
    return np.asarray(cell, np.uint8)


def _cut(pixels: NDArray[np.uint8], corner: NDArray[np.float64], side: float) -> NDArray[np.uint8]:
    """The square of a photo, x and y from `corner` on, resized to a cell."""
    size = np.array(pixels.shape[1::-1])
    low = np.clip(np.floor(corner), 0, size).astype(int)
    high = np.clip(np.ceil(corner + side), 0, size).astype(int)
    cell = np.full((CELL, CELL, 3), 128, np.uint8)
    x0, y0 = np.clip(np.round((low - corner) * CELL / side), 0, CELL).astype(int)
    x1, y1 = np.clip(np.round((high - corner) * CELL / side), 0, CELL).astype(int)
    if x1 > x0 and y1 > y0:
        part = np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0]])
        cell[y0:y1, x0:x1] = resize_to(part, (int(y1 - y0), int(x1 - x0)))
    return cell


def _caption(mistake: Mistake, several_classes: bool) -> str:
    """Score, height, class where there are several; below, the end of the file's name."""
    score = "" if mistake.score is None else f"{mistake.score:.3f}  "
    label = f"  {mistake.label}" if several_classes else ""
    height = float(mistake.box[3] - mistake.box[1])
    name = mistake.names[0].replace("\n", " ")
    short = name if len(name) <= LETTERS else "..." + name[3 - LETTERS :]
    return f"{score}{height:.0f} px{label}"[:LETTERS].replace("\n", " ") + "\n" + short
