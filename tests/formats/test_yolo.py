from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fcn_detect.errors import DataError
from fcn_detect.formats import read_yolo_annotations


def _dataset(folder: Path, labels: dict[str, str], names: str = "person\ncar\n") -> Path:
    """Pictures of 40 x 20 pixels, with one label file each; None of them where the text is '-'."""
    for name, text in labels.items():
        picture = folder / "images" / f"{name}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 20)).save(picture)
        label = folder / "labels" / f"{name}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        if text != "-":
            label.write_text(text)
    (folder / "classes.txt").write_text(names)
    return folder


def test_centres_and_sizes_become_corners_in_pixels(tmp_path: Path) -> None:
    folder = _dataset(tmp_path, {"b": "1 0.5 0.5 0.25 0.5\n\n0 0 0 0.5 1\n", "cam/a": "-"})
    annotations = read_yolo_annotations(folder)
    assert annotations.classes == ["person", "car"]
    first, second = annotations.images
    assert (first.image, first.width, first.height) == ("b.png", 40, 20)
    assert first.boxes.tolist() == [[15, 5, 25, 15], [-10, -10, 10, 10]]
    assert first.labels == ["car", "person"]
    assert not first.ignore.any()
    assert (second.image, second.boxes.shape) == ("cam/a.png", (0, 4))


def test_a_turned_picture_is_measured_as_a_viewer_shows_it(tmp_path: Path) -> None:
    folder = _dataset(tmp_path, {"a": "0 0.5 0.5 1 1"})
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    Image.new("RGB", (40, 20)).save(folder / "images/a.png", exif=exif)
    (image,) = read_yolo_annotations(folder).images
    assert (image.width, image.height) == (20, 40)
    assert image.boxes.tolist() == [[0, 0, 20, 40]]


@given(st.lists(st.tuples(*[st.integers(0, 64)] * 4), max_size=6))
def test_boxes_written_as_shares_read_back(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[tuple[int, int, int, int]]
) -> None:
    lines = [f"0 {x / 64} {y / 64} {w / 64} {h / 64}" for x, y, w, h in boxes]
    folder = _dataset(tmp_path_factory.mktemp("yolo"), {"a": "\n".join(lines)})
    (image,) = read_yolo_annotations(folder).images
    shares = image.boxes / [40, 20, 40, 20]
    expected = [[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for x, y, w, h in boxes]
    assert np.allclose(shares * 64, np.array(expected).reshape(-1, 4), atol=1e-4)


@pytest.mark.parametrize(
    "place, name, text",
    [
        (".", "data.yaml", "names:\n  0: dog\n  4: cat\n"),
        ("..", "data.yaml", "names: {0: dog, 4: cat}"),
        (".", "data.yml", "names: [dog, b, c, d, cat]"),
        ("labels", "classes.txt", "dog\nb\nc\nd\ncat"),
    ],
)
def test_names_stand_in_one_of_the_usual_places(
    tmp_path: Path, place: str, name: str, text: str
) -> None:
    folder = _dataset(tmp_path / "val", {"a": "4 0.5 0.5 1 1"})
    (folder / "classes.txt").unlink()
    (folder / place / name).write_text(text)
    annotations = read_yolo_annotations(folder)
    assert (annotations.images[0].labels, annotations.classes[-1]) == (["cat"], "cat")


@pytest.mark.parametrize(
    "line, said",
    [
        ("0 0.5 0.5 1", "4 numbers; expected CLASS X Y WIDTH HEIGHT"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3", "7 numbers"),
        ("person 0.5 0.5 1 1", "is not CLASS X Y"),
        ("0.0 0.5 0.5 1 1", "is not CLASS X Y"),
        ("0 0.5 0.5 1 x", "is not CLASS X Y"),
        ("0 320 240 64 48", "has a share outside 0 to 1"),
        ("0 -0.1 0.5 1 1", "has a share outside 0 to 1"),
        ("0 nan 0.5 1 1", "has a share outside 0 to 1"),
        ("2 0.5 0.5 1 1", "no class has the number 2"),
        ("-1 0.5 0.5 1 1", "no class has the number -1"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path: Path, line: str, said: str) -> None:
    folder = _dataset(tmp_path, {"a": "0 0.5 0.5 1 1\n" + line})
    with pytest.raises(DataError, match=rf"a\.txt, line 2: .*{said}") as caught:
        read_yolo_annotations(folder)
    assert "\n" not in str(caught.value)


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    folder = _dataset(tmp_path, {"a": "0 0.5 0.5 1 1"})
    (folder / "labels/b.txt").write_text("")
    with pytest.raises(DataError, match=r"b\.txt: no picture belongs to this file \(1 such"):
        read_yolo_annotations(folder)
    (folder / "labels/b.txt").unlink()
    Image.new("RGB", (4, 4)).save(folder / "images/a.jpg")
    with pytest.raises(DataError, match="share a label file"):
        read_yolo_annotations(folder)
    (folder / "images/a.png").write_bytes(b"no picture")
    (folder / "images/a.jpg").unlink()
    with pytest.raises(DataError, match=r"a\.png: not a picture that can be measured"):
        read_yolo_annotations(folder)
    (folder / "classes.txt").unlink()
    with pytest.raises(DataError, match="no class names; expected data"):
        read_yolo_annotations(folder)
    (folder / "images/a.png").unlink()
    with pytest.raises(DataError, match="expected pictures in images/"):
        read_yolo_annotations(folder)
