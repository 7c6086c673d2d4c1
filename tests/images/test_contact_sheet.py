from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_detect.images import contact_sheet


def _crops(count: int) -> np.ndarray:
    """Crops of 20 x 80 pixels, each of one grey of its own."""
    return np.repeat(np.arange(count, dtype=np.uint8), 20 * 80 * 3).reshape(-1, 20, 80, 3)


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as sheet:
        return np.asarray(sheet.convert("RGB"))


def _cells(path: Path, columns: int, count: int, caption: int) -> list[np.ndarray]:
    pixels = _pixels(path)
    cell_h, cell_w = 20 + caption, 84
    return [
        pixels[r : r + 20, c : c + 80]
        for i in range(count)
        for r, c in [((i // columns) * cell_h + 2, (i % columns) * cell_w + 2)]
    ]


@pytest.mark.parametrize("caption, height", [("0.5", 16), ("0.5\n64 px", 28)])
def test_every_crop_lies_unchanged_in_its_cell(tmp_path: Path, caption: str, height: int) -> None:
    contact_sheet(_crops(7), [caption] * 7, tmp_path / "s.png", columns=3)
    assert _pixels(tmp_path / "s.png").shape == (3 * (20 + height), 3 * 84, 3)
    for i, cell in enumerate(_cells(tmp_path / "s.png", 3, 7, height)):
        assert (cell == i).all()


def test_few_crops_leave_no_empty_columns_and_none_no_file(tmp_path: Path) -> None:
    contact_sheet(_crops(2), ["a", "b"], tmp_path / "two.png")
    assert _pixels(tmp_path / "two.png").shape[1] == 2 * 84
    contact_sheet(_crops(0), [], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_captions_may_hold_any_name(tmp_path: Path) -> None:
    name = b"caf\xe9 \xe4\xbd\xa0.jpg".decode(errors="surrogateescape")
    contact_sheet(_crops(1), [name], tmp_path / "s.png")
    assert (tmp_path / "s.png").is_file()
