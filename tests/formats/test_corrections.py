import json

import pytest

from fcn_detect.errors import DataError
from fcn_detect.formats import Corrections, read_corrections, write_corrections

RIGHT = {"label": "person", "score": 0.98, "box": [1, 2, 11, 22]}
MISSED = {"label": "person", "box": [30.5, 2, 41, 22]}
IMAGE = {"image": "cam1/1.jpg", "checked": True, "confirmed": [RIGHT], "wrong": [], "missed": []}


def file_of(tmp_path, images=(), **changes):
    content = {"format": "fcn_detect corrections", "version": 1, "run": "night", "images": images}
    path = tmp_path / "corrections.json"
    path.write_text(json.dumps({**content, **changes}))
    return path


def test_what_was_written_is_read(tmp_path):
    odd = b"\xff<&.jpg".decode(errors="surrogateescape")
    images = [IMAGE, {"image": odd, "missed": [MISSED]}]
    first = read_corrections(file_of(tmp_path, images))
    assert first.images[1].image == odd
    assert first.images[0].objects[0].score == 0.98
    assert first.images[1].objects[0].score is None
    write_corrections(first, tmp_path / "again.json")
    assert read_corrections(tmp_path / "again.json") == first
    assert read_corrections(file_of(tmp_path, [])) == Corrections(run="night", images=())


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"format": "coco"}, "format"),
        ({"version": 2}, "version"),
        ({"images": {}}, "images"),
        ({"images": [{**IMAGE, "checked": "perhaps"}]}, "images.0.checked"),
        ({"images": [{**IMAGE, "wrong": [{**RIGHT, "box": [1, 2, 1, 22]}]}]}, "x0 < x1"),
        ({"images": [{**IMAGE, "wrong": [{**RIGHT, "box": [1, 2, 3]}]}]}, "images.0.wrong.0.box"),
        ({"images": [{**IMAGE, "wrong": [{**RIGHT, "box": [1, 2, 3, float("nan")]}]}]}, "finite"),
        ({"images": [{**IMAGE, "wrong": [{**RIGHT, "score": 2}]}]}, "score"),
        ({"images": [{**IMAGE, "image": 3}]}, "images.0.image"),
        ({"images": [IMAGE, IMAGE]}, "occurs 2 times"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(tmp_path, changes, said):
    with pytest.raises(DataError) as error:
        read_corrections(file_of(tmp_path, **changes))
    assert said in str(error.value)
    assert "corrections.json" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '"a"'])
def test_what_is_no_file_of_corrections_is_refused(tmp_path, text):
    path = tmp_path / "corrections.json"
    path.write_text(text)
    with pytest.raises(DataError, match="expected corrections of a run"):
        read_corrections(path)
    with pytest.raises(DataError, match="No such file"):
        read_corrections(tmp_path / "none.json")
