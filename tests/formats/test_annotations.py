from pathlib import Path

import pytest
from PIL import Image

from fcn_detect.errors import DataError
from fcn_detect.formats import ANNOTATION_READERS, annotation_format, read_annotations

COCO = """{"images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 20}],
"categories": [{"id": 1, "name": "person"}],
"annotations": [{"image_id": 1, "category_id": 1, "bbox": [10, 5, 20, 10]}]}"""
VOC = """<annotation><filename>a.png</filename><size><width>40</width><height>20</height></size>
<object><name>person</name><bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>15</ymax>
</bndbox></object></annotation>"""
CVAT = """<annotations><version>1.1</version><image id="0" name="a.png" width="40" height="20">
<box label="person" occluded="0" xtl="10.00" ytl="5.00" xbr="30.00" ybr="15.00" z_order="0"/>
</image></annotations>"""
YOLO = "0 0.5 0.5 0.5 0.5\n"


def _written(folder: Path) -> dict[str, Path]:
    """The same box in every format."""
    (folder / "coco.json").write_text(COCO)
    (folder / "cvat.xml").write_text(CVAT)
    (folder / "voc/Annotations").mkdir(parents=True)
    (folder / "voc/Annotations/a.xml").write_text(VOC)
    for part in ("images", "labels"):
        (folder / "yolo" / part).mkdir(parents=True)
    Image.new("RGB", (40, 20)).save(folder / "yolo/images/a.png")
    (folder / "yolo/labels/a.txt").write_text(YOLO)
    (folder / "yolo/data.yaml").write_text("names: [person]")
    return {
        "coco": folder / "coco.json",
        "cvat": folder / "cvat.xml",
        "voc": folder / "voc/Annotations",
        "yolo": folder / "yolo",
    }


def test_every_format_is_recognised_and_holds_the_same_box(tmp_path: Path) -> None:
    written = _written(tmp_path)
    assert written.keys() == ANNOTATION_READERS.keys()
    for name, path in written.items():
        assert annotation_format(path) == name
        annotations = read_annotations(path)
        (image,) = annotations.images
        assert (image.image, image.width, image.height) == ("a.png", 40, 20)
        assert image.boxes.tolist() == [[10, 5, 30, 15]]
        assert (image.labels, annotations.classes) == (["person"], ["person"])
        assert image.ignore.tolist() == [False]


@pytest.mark.parametrize("name", ["none", "empty", "classes.txt"])
def test_anything_else_is_refused_in_one_line_that_says_what_was_expected(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "classes.txt").write_text("a")
    with pytest.raises(
        DataError, match=r"expected a COCO file .* CVAT .* Pascal VOC .* YOLO"
    ) as caught:
        read_annotations(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
