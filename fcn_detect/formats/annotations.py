"""True boxes of any format that we know, told apart by what lies at their path."""

from collections.abc import Callable
from pathlib import Path

from fcn_detect.errors import DataError
from fcn_detect.formats.coco import read_coco_annotations
from fcn_detect.formats.cvat import read_cvat_annotations
from fcn_detect.formats.voc import read_voc_annotations
from fcn_detect.formats.yolo import read_yolo_annotations
from fcn_detect.results import Annotations

AnnotationReader = Callable[[Path], Annotations]

ANNOTATION_READERS: dict[str, AnnotationReader] = {
    "coco": read_coco_annotations,
    "cvat": read_cvat_annotations,
    "voc": read_voc_annotations,
    "yolo": read_yolo_annotations,
}

EXPECTED = (
    "a COCO file (.json), a CVAT file (.xml), a folder of Pascal VOC files (.xml) or a YOLO folder "
    "(images/, labels/)"
)


def annotation_format(path: Path) -> str:
    """The key of `ANNOTATION_READERS` that reads what lies at a path.

    Raises:
        DataError: nothing lies there, or nothing that we know.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; expected {EXPECTED}")
    if not path.is_dir():
        if path.suffix.lower() == ".xml":
            return "cvat"
        if path.suffix.lower() in (".txt", ".yaml", ".yml"):
            raise DataError(f"{path}: one file; expected {EXPECTED}")
        return "coco"
    if (path / "images").is_dir() and (path / "labels").is_dir():
        return "yolo"
    if next(path.rglob("*.xml"), None) is not None:
        return "voc"
    raise DataError(f"{path}: no annotations, which come last in the command; expected {EXPECTED}")


def read_annotations(path: Path) -> Annotations:
    """The true boxes at a path: COCO's JSON, CVAT's XML, a folder of Pascal VOC or of YOLO.

    Raises:
        DataError: it is none of them, or a damaged one; names the file and the place in it.
    """
    return ANNOTATION_READERS[annotation_format(path)](path)
