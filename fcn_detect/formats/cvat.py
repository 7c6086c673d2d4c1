"""CVAT for images 1.1: true boxes in; boxes worth showing out, for people to correct; one XML file.

Source: https://docs.cvat.ai/docs/other/xml_format.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np

from fcn_detect.errors import DataError
from fcn_detect.files import open_atomically
from fcn_detect.formats.bounded import read_bounded
from fcn_detect.formats.rows import Shown
from fcn_detect.formats.stored import in_order
from fcn_detect.formats.voc import Corners, number_of_pixels
from fcn_detect.results import Annotations, ImageAnnotations, ImageResult
from fcn_detect.xml_text import parse_xml, xml_safe

CVAT_NAME: Final = "cvat.xml"
MAX_BYTES: Final = 200_000_000
CORNERS: Final = ("xtl", "ytl", "xbr", "ybr")
# What a person may add beside boxes and says nothing of where objects are.
BESIDE: Final = ("tag",)


def export_cvat(results: Collection[ImageResult], folder: Path, shown: Shown) -> Path:
    """Writes `cvat.xml` into a run's folder; its path.

    One `<image>` for each image that was searched, by its path in the folder; CVAT finds it in a
    task of the same pictures that has the model's labels. Only boxes worth showing are written, as
    boxes have no scores there.

    Raises:
        OSError: the file cannot be written.
    """
    searched = (result for result in in_order(results) if result.failure is None)
    with open_atomically(folder / CVAT_NAME) as file:
        file.write(b"<?xml version='1.0' encoding='utf-8'?>\n<annotations>\n")
        file.write(b"<version>1.1</version>\n" + ET.tostring(_meta(shown), "utf-8") + b"\n")
        for number, result in enumerate(searched):
            image = _image_element(number, result, shown)
            ET.indent(image)
            file.write(ET.tostring(image, encoding="utf-8") + b"\n")
        file.write(b"</annotations>\n")
    return folder / CVAT_NAME


def _meta(shown: Shown) -> ET.Element:
    """The labels of the model, as a task has them."""
    meta = ET.Element("meta")
    task = ET.SubElement(meta, "task")
    ET.SubElement(task, "name").text = "fcn_detect"
    ET.SubElement(task, "mode").text = "annotation"
    labels = ET.SubElement(task, "labels")
    for name in shown.labels:
        label = ET.SubElement(labels, "label")
        ET.SubElement(label, "name").text = xml_safe(name)
        ET.SubElement(label, "attributes")
    return meta


def _image_element(number: int, result: ImageResult, shown: Shown) -> ET.Element:
    size = {"width": str(result.width), "height": str(result.height)}
    image = ET.Element("image", {"id": str(number), "name": xml_safe(result.image), **size})
    for label, _score, box in shown.rows(result):
        corners = {name: f"{value:.2f}" for name, value in zip(CORNERS, box, strict=True)}
        kind = {"label": xml_safe(label), "source": "auto", "occluded": "0"}
        ET.SubElement(image, "box", {**kind, **corners, "z_order": "0"})
    return image


def read_cvat_annotations(path: Path) -> Annotations:
    """The true boxes of a file that CVAT wrote as `CVAT for images 1.1`.

    Classes are those of the task, in its order, then others by name; images stand as in the file.

    Raises:
        DataError: the file is not readable, larger than 200 MB, not XML, defines entities, is of
            another kind, has two images of one name, shapes that are no upright boxes, or lacks
            something or holds it wrong; names the file and the element.
    """
    text = read_bounded(path, MAX_BYTES)
    try:
        root = parse_xml(text)
        if root.tag != "annotations":
            raise ValueError(
                f"the root is <{root.tag[:40]}>; expected <annotations>, of a CVAT file; of Pascal "
                "VOC give the folder"
            )
        if root.find("track") is not None:
            raise ValueError("<track>: a video's; export it as 'CVAT for images 1.1'")
        images = [_image(one) for one in root.iterfind("image")]
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    twice = [name for name, count in Counter(image.image for image in images).items() if count > 1]
    if twice:
        raise DataError(f"{path}: two images have the name {twice[0][:200]!r}")
    told = dict.fromkeys(name for name in map(_name, root.iterfind("meta//label")) if name)
    found = sorted({label for image in images for label in image.labels} - told.keys())
    return Annotations(images, [*told, *found])


def _name(label: ET.Element) -> str:
    return (label.findtext("name") or "").strip()


def _image(element: ET.Element) -> ImageAnnotations:
    name = _attribute(element, "name").replace("\\", "/")
    width, height = (int(_number(element, side)) for side in ("width", "height"))
    boxes = list(_boxes(element))
    corners = np.array([_corners(box) for box in boxes], np.float32).reshape(-1, 4)
    labels = [_attribute(box, "label") for box in boxes]
    return ImageAnnotations(name, width, height, corners, labels, np.zeros(len(boxes), np.bool_))


def _boxes(image: ET.Element) -> Iterator[ET.Element]:
    for shape in image:
        if shape.tag == "box" and (shape.get("rotation") or "0").strip("0.") == "":
            yield shape
        elif shape.tag not in BESIDE:
            kind = "a turned <box>" if shape.tag == "box" else f"<{shape.tag[:40]}>"
            name = _attribute(image, "name")[:200]
            raise ValueError(f"{kind} in {name!r}; expected upright boxes alone")


def _corners(box: ET.Element) -> Corners:
    x0, y0, x1, y1 = (_number(box, name) for name in CORNERS)
    if x1 < x0 or y1 < y0:
        raise ValueError(f"<box> ({x0:g}, {y0:g}, {x1:g}, {y1:g}) is inside out")
    return x0, y0, x1, y1


def _number(element: ET.Element, name: str) -> float:
    is_size = element.tag == "image"
    return number_of_pixels(_attribute(element, name), f"{name} of <{element.tag}>", is_size)


def _attribute(element: ET.Element, name: str) -> str:
    text = (element.get(name) or "").strip()
    if not text:
        raise ValueError(f"<{element.tag}> has no {name}")
    return text
