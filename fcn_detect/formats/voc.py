"""Pascal VOC's XML: true boxes in, boxes worth showing out; one file an image.

Source: Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", IJCV 88(2), 2010,
and section 10 of the development kit's documentation, VOC2012.
"""

import math
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np

from fcn_detect.errors import DataError
from fcn_detect.files import write_atomically
from fcn_detect.formats.bounded import read_bounded
from fcn_detect.formats.rows import Shown, image_files, rounded_length
from fcn_detect.formats.stored import in_order
from fcn_detect.results import Annotations, ImageAnnotations, ImageResult
from fcn_detect.xml_text import parse_xml, xml_safe

VOC_NAME: Final = "voc"
MAX_BYTES: Final = 16_000_000
LARGEST: Final = 1e9
Corners = tuple[float, float, float, float]


def export_voc(results: Collection[ImageResult], folder: Path, shown: Shown) -> Path:
    """Writes `voc/PATH.xml` into a run's folder, one for each image searched; `voc`.

    Only boxes worth showing are written, as the format has no scores.

    Raises:
        OSError: a file cannot be written.
    """
    (folder / VOC_NAME).mkdir(parents=True, exist_ok=True)
    searched = (result for result in in_order(results) if result.failure is None)
    for path, result in image_files(searched, folder / VOC_NAME, ".xml"):
        root = _annotation(result, shown)
        ET.indent(root)
        write_atomically(path, ET.tostring(root, encoding="utf-8") + b"\n")
    return folder / VOC_NAME


def _annotation(result: ImageResult, shown: Shown) -> ET.Element:
    root = ET.Element("annotation")
    place = PurePosixPath(result.image)
    _add(root, "folder", place.parent.as_posix())
    _add(root, "filename", place.name)
    size = ET.SubElement(root, "size")
    for name, value in (("width", result.width), ("height", result.height), ("depth", 3)):
        _add(size, name, value)
    for label, _score, (x0, y0, x1, y1) in shown.rows(result):
        one = ET.SubElement(root, "object")
        _add(one, "name", label)
        _add(one, "difficult", 0)
        box = ET.SubElement(one, "bndbox")
        corners = {"xmin": x0 + 1, "ymin": y0 + 1, "xmax": x1, "ymax": y1}  # counted from 1
        for name, pixels in corners.items():
            _add(box, name, f"{rounded_length(pixels):g}")
    return root


def _add(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = xml_safe(str(value))


def read_voc_annotations(folder: Path) -> Annotations:
    """The true boxes of all XML files in a folder and its folders; `difficult` means ignore.

    VOC counts pixels from 1 and its corners lie inside the box, so `xmin = xmax = 1` is the first
    column: the box from 0 to 1 here. Classes are sorted by name, images by the path of their file.

    Raises:
        DataError: there is no XML file, two are of one image, or one is not readable, larger than
            16 MB, not XML, defines entities, or lacks something or holds it wrong; names the file
            and the element.
    """
    files = sorted(folder.rglob("*.xml"), key=lambda path: path.as_posix())
    if not files:
        raise DataError(f"{folder}: no XML file; expected a folder of Pascal VOC annotations")
    images: dict[str, ImageAnnotations] = {}
    for path in files:
        image = _image(path, path.parent.relative_to(folder))
        if image.image in images:
            raise DataError(f"{path}: a second file for the image '{image.image}'")
        images[image.image] = image
    classes = sorted({label for image in images.values() for label in image.labels})
    return Annotations(list(images.values()), classes, lists_classes=False)


def _image(path: Path, folder: Path) -> ImageAnnotations:
    root = _parse(path)
    if root.tag != "annotation":
        raise DataError(f"{path}: the root is <{root.tag[:40]}>; expected <annotation>")
    try:
        name = PurePosixPath(_text(root, "filename").replace("\\", "/")).name
        width, height = (int(_number(root, f"size/{side}")) for side in ("width", "height"))
        objects = root.findall("object")
        boxes = np.array([_corners(one) for one in objects], np.float32).reshape(-1, 4)
        labels = [_text(one, "name") for one in objects]
        ignore = np.array([_is_difficult(one) for one in objects], np.bool_)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    return ImageAnnotations((folder / name).as_posix(), width, height, boxes, labels, ignore)


def _parse(path: Path) -> ET.Element:
    text = read_bounded(path, MAX_BYTES)
    try:
        return parse_xml(text)
    except ValueError as error:
        raise DataError(f"{path}: {error}; expected a Pascal VOC annotation") from None


def _text(element: ET.Element, path: str) -> str:
    text = (element.findtext(path) or "").strip()
    if not text:
        raise ValueError(f"<{element.tag}> has no {path}")
    return text


def _number(element: ET.Element, path: str) -> float:
    what = f"{path} of <{element.tag}>"
    return number_of_pixels(_text(element, path), what, is_size=path.startswith("size"))


def number_of_pixels(text: str, what: str, is_size: bool) -> float:
    """A coordinate, or with `is_size` a width or height, from its text.

    Raises:
        ValueError: it is no number, too large for any image, or a negative size; begins with
            `what`.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= LARGEST or (is_size and value < 0):
        raise ValueError(f"{what} is '{text[:40]}', not a number of pixels")
    return value


def _corners(element: ET.Element) -> Corners:
    """x0, y0, x1, y1 from 1-based corners that lie inside the box."""
    names = ("xmin", "ymin", "xmax", "ymax")
    x0, y0, x1, y1 = (_number(element, f"bndbox/{name}") for name in names)
    if x1 < x0 or y1 < y0:
        raise ValueError(f"bndbox of <object> ({x0:g}, {y0:g}, {x1:g}, {y1:g}) is inside out")
    return x0 - 1, y0 - 1, x1, y1


def _is_difficult(element: ET.Element) -> bool:
    text = (element.findtext("difficult") or "0").strip().lower()
    if text not in ("0", "1", "false", "true"):
        raise ValueError(f"difficult of <object> is '{text[:40]}'; expected 0 or 1")
    return text in ("1", "true")
