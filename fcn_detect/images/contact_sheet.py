"""Many small pictures on one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fcn_detect.files import open_atomically

LINE_HEIGHT = 12


def contact_sheet(
    crops: NDArray[np.uint8], captions: Sequence[str], path: Path, columns: int = 12
) -> None:
    """Writes a PNG file, a grid of crops, uint8 `(n, h, w, 3)`; nothing when n is 0.

    Each crop stands over its caption. A caption may have several lines; letters that are not ASCII
    are written as `?`.
    """
    if not len(crops):
        return
    height, width = crops.shape[1:3]
    lines = 1 + max(caption.count("\n") for caption in captions)
    cell_w, cell_h = max(width, 64) + 4, height + 4 + lines * LINE_HEIGHT
    columns = min(columns, len(crops))
    rows = -(-len(crops) // columns)
    sheet = Image.new("RGB", (columns * cell_w, rows * cell_h), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (crop, caption) in enumerate(zip(crops, captions, strict=True)):
        x, y = (i % columns) * cell_w + 2, (i // columns) * cell_h + 2
        sheet.paste(Image.fromarray(crop), (x, y))
        text = caption.encode("ascii", "replace").decode()
        draw.text((x, y + height), text, fill="black", spacing=1)
    with open_atomically(path) as file:
        sheet.save(file, "PNG")
