"""YOLO's text files: true boxes in, boxes worth showing out; one file an image.

Each line is `CLASS X Y WIDTH HEIGHT`: the centre and the size as shares of the picture's.
Source: https://docs.ultralytics.com/datasets/detect/.
"""

import math
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from fcn_detect.errors import DataError
from fcn_detect.files import write_atomically
from fcn_detect.formats.bounded import read_bounded_text
from fcn_detect.formats.class_names import read_class_names
from fcn_detect.formats.rows import Shown, image_files
from fcn_detect.formats.stored import in_order
from fcn_detect.results import Annotations, ImageAnnotations, ImageResult

YOLO_NAME: Final = "yolo"
MAX_BYTES: Final = 16_000_000
LARGEST_SHARE: Final = 1.001  # shares are written rounded
NAME_FILES: Final = ("data.yaml", "data.yml", "classes.txt", "labels/classes.txt", "obj.names")
PICTURES: Final = frozenset([".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"])


def export_yolo(results: Collection[ImageResult], folder: Path, shown: Shown) -> Path:
    """Writes `yolo/labels/PATH.txt`, `yolo/data.yaml` and `yolo/classes.txt`; the folder `yolo`.

    Only boxes worth showing are written, as the format has no scores; an image without any, or one
    that failed, has an empty file. Beside `images/` with the pictures it is a data set.

    Raises:
        OSError: a file cannot be written.
    """
    numbers = {label: number for number, label in enumerate(shown.labels)}
    write_atomically(folder / YOLO_NAME / "classes.txt", "".join(f"{n}\n" for n in shown.labels))
    write_atomically(folder / YOLO_NAME / "data.yaml", _data_yaml(shown.labels))
    for path, result in image_files(in_order(results), folder / YOLO_NAME / "labels", ".txt"):
        write_atomically(path, "".join(_lines(result, shown, numbers)))
    return folder / YOLO_NAME


def _data_yaml(labels: Sequence[str]) -> str:
    """What YOLO's programs read first: where pictures are, and the names of the classes."""
    quoted = ("'" + label.replace("'", "''") + "'" for label in labels)
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(quoted))
    return f"path: .\ntrain: images\nval: images\nnames:\n{names}"


def _lines(result: ImageResult, shown: Shown, numbers: Mapping[str, int]) -> Iterator[str]:
    width, height = result.width or 1, result.height or 1
    for label, _score, (x0, y0, x1, y1) in shown.rows(result):
        centre = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height)
        shares = (*centre, (x1 - x0) / width, (y1 - y0) / height)
        yield f"{numbers[label]} {' '.join(f'{share:.6f}' for share in shares)}\n"


def read_yolo_annotations(folder: Path) -> Annotations:
    """The true boxes of a YOLO dataset's folder, or of one of its parts, such as `val`.

    The class names are in `data.yaml`, `classes.txt` or `obj.names` of the folder, or of the one
    above. A picture without a label file has no objects. Images are sorted by path, which starts
    below `images/`; classes come in the order of their numbers.

    Raises:
        DataError: a folder or the names are missing, a label file belongs to no picture, a picture
            cannot be measured, or a line is not a box; names the file and the line.
    """
    pictures = sorted(_pictures(folder / "images"), key=lambda path: path.as_posix())
    if not (folder / "labels").is_dir() or not pictures:
        raise DataError(f"{folder}: expected pictures in images/ and text files in labels/ (YOLO)")
    names = read_class_names(_names_file(folder))
    labels = {path: _label_file(path, folder) for path in pictures}
    _check_no_label_alone(folder, labels)
    images = [_image(path, folder, label, names) for path, label in labels.items()]
    return Annotations(images, [names[number] for number in sorted(names)])


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)


def _label_file(picture: Path, folder: Path) -> Path:
    """`NAME.txt`; or `NAME.jpg.txt`, as is written where two pictures share NAME."""
    name = picture.relative_to(folder / "images")
    own = folder / "labels" / name.with_name(f"{name.name}.txt")
    return own if own.is_file() else folder / "labels" / name.with_suffix(".txt")


def _names_file(folder: Path) -> Path:
    for place in (folder, folder.absolute().parent):
        for name in NAME_FILES:
            if (place / name).is_file():
                return place / name
    raise DataError(f"{folder}: no class names; expected data.yaml or classes.txt (YOLO)")


def _check_no_label_alone(folder: Path, labels: Mapping[Path, Path]) -> None:
    there = set((folder / "labels").rglob("*.txt")) - {folder / "labels/classes.txt"}
    alone = sorted(there - set(labels.values()))
    if alone:
        raise DataError(f"{alone[0]}: no picture belongs to this file ({len(alone)} such files)")
    if len(set(labels.values())) < len(labels):
        raise DataError(
            f"{folder}: two pictures differ in their ending only and share a label file"
        )


def _image(
    picture: Path, folder: Path, label_file: Path, names: Mapping[int, str]
) -> ImageAnnotations:
    width, height = _size(picture)
    numbers, shares = _read_labels(label_file, names) if label_file.exists() else _read_nothing()
    half = shares[:, 2:] / 2
    corners = np.concatenate([shares[:, :2] - half, shares[:, :2] + half], axis=1)
    return ImageAnnotations(
        picture.relative_to(folder / "images").as_posix(),
        width,
        height,
        (corners * [width, height, width, height]).astype(np.float32),
        [names[number] for number in numbers],
        np.zeros(len(numbers), np.bool_),
    )


def _size(picture: Path) -> tuple[int, int]:
    """Width and height as a viewer shows the picture, turned as its EXIF orientation asks."""
    try:
        if not picture.is_file():
            raise ValueError("no regular file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(picture) as opened:
                width, height = opened.size
                turned = opened.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{picture}: not a picture that can be measured ({error})") from None
    return (height, width) if turned else (width, height)


def _read_nothing() -> tuple[list[int], NDArray[np.float64]]:
    return [], np.zeros((0, 4))


def _read_labels(path: Path, names: Mapping[int, str]) -> tuple[list[int], NDArray[np.float64]]:
    """Class numbers, and centres and sizes `(n, 4)` as shares."""
    numbers, shares = _read_nothing()[0], []
    for number, line in enumerate(read_bounded_text(path, MAX_BYTES).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            label, box = _parse_line(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {error}") from None
        if label not in names:
            raise DataError(f"{path}, line {number}: no class has the number {label}")
        numbers.append(label)
        shares.append(box)
    return numbers, np.array(shares, np.float64).reshape(-1, 4)


def _parse_line(line: str) -> tuple[int, list[float]]:
    words = line.split()
    if len(words) != 5:
        raise ValueError(f"{len(words)} numbers; expected CLASS X Y WIDTH HEIGHT")
    try:
        label, box = int(words[0]), [float(word) for word in words[1:]]
    except ValueError:
        raise ValueError(f"'{line[:40]}' is not CLASS X Y WIDTH HEIGHT") from None
    if not all(math.isfinite(share) and 0 <= share <= LARGEST_SHARE for share in box):
        raise ValueError(f"'{line[:40]}' has a share outside 0 to 1")
    return label, box
