from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fcn_detect.formats import WRITERS, Shown
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


SHOWN = Shown(["person"], lambda _image_hw: 0.2)


def _files(path: Path) -> dict[str, bytes]:
    if path.is_file():
        return {path.name: path.read_bytes()}
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_writes_where_it_says_whatever_the_order(name: str, tmp_path: Path) -> None:
    first = WRITERS[name](RESULTS, tmp_path / "1", SHOWN)
    second = WRITERS[name](RESULTS[::-1], tmp_path / "2", SHOWN)
    assert first.relative_to(tmp_path / "1") == second.relative_to(tmp_path / "2")
    assert _files(first) == _files(second)
    assert any("a." in name or b"a.jpg" in content for name, content in _files(first).items())


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_accepts_a_run_without_images(name: str, tmp_path: Path) -> None:
    assert WRITERS[name]([], tmp_path, SHOWN).exists()


@pytest.mark.parametrize("name", WRITERS)
def test_no_writer_leaves_the_runs_folder(name: str, tmp_path: Path) -> None:
    found = replace(RESULTS[2], image="../../up.jpg"), replace(RESULTS[2], image="/root.jpg")
    WRITERS[name](found, tmp_path / "a" / "b", SHOWN)
    assert not [p for p in tmp_path.rglob("*") if "b" not in p.relative_to(tmp_path).parts[:2]][1:]


@pytest.mark.parametrize("name", ["voc", "yolo"])
def test_pictures_that_differ_in_their_ending_only_are_all_there(name: str, tmp_path: Path) -> None:
    found = [replace(RESULTS[2], image="c/a.jpg"), replace(RESULTS[2], image="c/a.png")]
    files = _files(WRITERS[name](found, tmp_path, SHOWN))
    assert sum("/a." in file for file in files) == 2


@pytest.mark.parametrize("name", ["cvat", "voc", "yolo", "labelstudio"])
def test_formats_without_scores_and_for_people_hold_what_is_worth_showing(
    name: str, tmp_path: Path
) -> None:
    few = _files(WRITERS[name](RESULTS[2:], tmp_path / "1", Shown(["person"], lambda _hw: 0.6)))
    all_ = _files(WRITERS[name](RESULTS[2:], tmp_path / "2", SHOWN))
    assert sum(map(len, few.values())) < sum(map(len, all_.values()))
