from pathlib import Path

import pytest

from fcn_detect.errors import DataError
from fcn_detect.formats import read_voc_annotations

OBJECT = """<object><name>person</name><difficult>0</difficult>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>20</ymax></bndbox>
<part><name>head</name><bndbox><xmin>3</xmin><ymin>3</ymin><xmax>4</xmax><ymax>4</ymax></bndbox>
</part></object>"""
WHOLE = f"""<annotation><folder>VOC2012</folder><filename>a.jpg</filename>
<size><width>64</width><height>48</height><depth>3</depth></size>{OBJECT}</annotation>"""


def _write(folder: Path, text: str, name: str = "a.xml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


def test_corners_counted_from_one_and_inside_become_half_open_from_zero(tmp_path: Path) -> None:
    annotations = read_voc_annotations(_write(tmp_path, WHOLE))
    (image,) = annotations.images
    assert (image.image, image.width, image.height) == ("a.jpg", 64, 48)
    assert image.boxes.tolist() == [[0, 1, 10, 20]]  # 10 columns, 19 rows
    assert (image.labels, annotations.classes) == (["person"], ["person"])


def test_a_box_of_the_whole_picture_has_its_size(tmp_path: Path) -> None:
    text = WHOLE.replace("<ymin>2<", "<ymin>1<")
    text = text.replace("<xmax>10<", "<xmax>64<").replace("<ymax>20<", "<ymax>48<")
    assert read_voc_annotations(_write(tmp_path, text)).images[0].boxes.tolist() == [[0, 0, 64, 48]]


def test_a_box_of_one_pixel_has_its_area(tmp_path: Path) -> None:
    text = WHOLE.replace("<xmax>10<", "<xmax>1<").replace("<ymax>20<", "<ymax>2<")
    assert read_voc_annotations(_write(tmp_path, text)).images[0].boxes.tolist() == [[0, 1, 1, 2]]


def test_difficult_objects_are_ignored_and_objects_without_the_mark_are_not(
    tmp_path: Path,
) -> None:
    hard = OBJECT.replace("<difficult>0<", "<difficult>1<").replace("person", "car")
    bare = OBJECT.replace("<difficult>0</difficult>", "")
    text = WHOLE.replace(OBJECT, OBJECT + hard + bare)
    annotations = read_voc_annotations(_write(tmp_path, text))
    assert annotations.images[0].ignore.tolist() == [False, True, False]
    assert annotations.images[0].labels == ["person", "car", "person"]
    assert annotations.classes == ["car", "person"]


def test_an_image_without_objects_counts(tmp_path: Path) -> None:
    image = read_voc_annotations(_write(tmp_path, WHOLE.replace(OBJECT, ""))).images[0]
    assert (image.boxes.shape, image.labels, image.ignore.shape) == ((0, 4), [], (0,))


def test_folders_are_part_of_the_name_and_their_order_is_fixed(tmp_path: Path) -> None:
    for name in ("cam2/a.xml", "cam1/a.xml"):
        _write(tmp_path, WHOLE.replace("a.jpg", "C:\\photos\\a.jpg"), name)
    images = read_voc_annotations(tmp_path).images
    assert [image.image for image in images] == ["cam1/a.jpg", "cam2/a.jpg"]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("<filename>a.jpg</filename>", "", "<annotation> has no filename"),
        ("<width>64</width>", "", "<annotation> has no size/width"),
        ("<width>64<", "<width>-1<", "size/width of <annotation> is '-1'"),
        ("<name>person</name>", "<name> </name>", "<object> has no name"),
        ("<xmin>1</xmin>", "", "<object> has no bndbox/xmin"),
        ("<xmin>1<", "<xmin>one<", "bndbox/xmin of <object> is 'one'"),
        ("<xmin>1<", "<xmin>nan<", "bndbox/xmin of <object> is 'nan'"),
        ("<xmin>1<", "<xmin>1e300<", "bndbox/xmin of <object> is '1e300'"),
        ("<xmin>1<", "<xmin>11<", "inside out"),
        ("<difficult>0<", "<difficult>maybe<", "difficult of <object> is 'maybe'"),
        ("</annotation>", "", "not XML"),
        ("annotation>", "photo>", "the root is <photo>"),
        ("<annotation>", '<!DOCTYPE a [<!ENTITY b "c">]><annotation>', "entity 'b' is defined"),
        ("<annotation>", '<?xml version="1.0" encoding="x-odd"?><annotation>', "expected a Pascal"),
    ],
)
def test_a_broken_file_is_named_with_the_element(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_voc_annotations(_write(tmp_path, WHOLE.replace(old, new)))
    assert "a.xml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_entities_that_would_grow_without_end_are_refused_at_once(tmp_path: Path) -> None:
    lines = ['<!ENTITY a0 "ha">']
    lines += [f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)]
    text = f"<!DOCTYPE x [{''.join(lines)}]>" + WHOLE.replace("person", "&a11;")
    with pytest.raises(DataError, match="entity 'a0'"):
        read_voc_annotations(_write(tmp_path, text))


def test_a_file_too_large_a_second_file_of_an_image_and_an_empty_folder_are_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(DataError, match="no XML file"):
        read_voc_annotations(tmp_path)
    _write(tmp_path, WHOLE)
    _write(tmp_path, WHOLE, "b.xml")
    with pytest.raises(DataError, match=r"b\.xml: a second file for the image 'a\.jpg'"):
        read_voc_annotations(tmp_path)
    _write(tmp_path, " " * 16_000_001, "b.xml")
    with pytest.raises(DataError, match=r"b\.xml: more than 16,000,000 bytes"):
        read_voc_annotations(tmp_path)
