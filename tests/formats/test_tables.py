from pathlib import Path

import numpy as np
import pytest

from fcn_detect.formats import WRITERS
from fcn_detect.results import Detections, Failure, ImageResult

ODD = b"\xff \xc3\xa9.jpg".decode(errors="surrogateescape")
RESULTS = [
    ImageResult("b.jpg", None, None, None, Failure("crashed", "signal 9")),
    ImageResult(ODD, 4, 4, Detections.empty(), warnings=("truncated",)),
    ImageResult(
        "a.jpg",
        4,
        4,
        Detections(np.array([[0, 0, 2, 4]], np.float32), np.array([0.5], np.float32), ["person"]),
    ),
]


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_writes_where_it_says_whatever_the_order(name: str, tmp_path: Path) -> None:
    first = WRITERS[name](RESULTS, tmp_path / "1", ["person"])
    second = WRITERS[name](RESULTS[::-1], tmp_path / "2", ["person"])
    assert first.relative_to(tmp_path / "1") == second.relative_to(tmp_path / "2")
    assert first.read_bytes() == second.read_bytes()
    assert "a.jpg" in first.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_accepts_a_run_without_images(name: str, tmp_path: Path) -> None:
    assert WRITERS[name]([], tmp_path, ["person"]).is_file()
