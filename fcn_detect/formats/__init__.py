"""Files of other programs and of our own: one module a format, one line a format in the tables.

`WRITERS` are what `batch --format NAME` can add to a run, `ANNOTATION_READERS` what `evaluate` can
compare results with; `read_annotations` finds out which. The run's own results are `jsonl`, what
people marked in them is `corrections`.
"""

from collections.abc import Callable, Collection
from pathlib import Path

from fcn_detect.formats.annotations import (
    ANNOTATION_READERS,
    AnnotationReader,
    annotation_format,
    read_annotations,
)
from fcn_detect.formats.any_results import read_results
from fcn_detect.formats.coco import export_coco, read_coco_annotations, write_coco_results
from fcn_detect.formats.corrections import (
    Corrections,
    ImageCorrections,
    MarkedBox,
    read_corrections,
    write_corrections,
)
from fcn_detect.formats.csv_table import export_csv, write_csv
from fcn_detect.formats.cvat import export_cvat, read_cvat_annotations
from fcn_detect.formats.jsonl import (
    RESULTS_NAME,
    format_result,
    is_failure,
    iterate_results,
    parse_result,
    record_name,
    write_results,
)
from fcn_detect.formats.labelstudio import export_labelstudio
from fcn_detect.formats.megadetector import export_megadetector
from fcn_detect.formats.rows import Shown, json_text
from fcn_detect.formats.spool import RecordSpool
from fcn_detect.formats.stored import StoredResults
from fcn_detect.formats.voc import export_voc, read_voc_annotations
from fcn_detect.formats.yolo import export_yolo, read_yolo_annotations
from fcn_detect.results import ImageResult

Writer = Callable[[Collection[ImageResult], Path, Shown], Path]
"""Takes the results, the run's folder and what is worth showing; the file or folder written."""

WRITERS: dict[str, Writer] = {
    "coco": export_coco,
    "csv": export_csv,
    "cvat": export_cvat,
    "labelstudio": export_labelstudio,
    "megadetector": export_megadetector,
    "voc": export_voc,
    "yolo": export_yolo,
}

__all__ = [
    "ANNOTATION_READERS",
    "RESULTS_NAME",
    "WRITERS",
    "AnnotationReader",
    "Corrections",
    "ImageCorrections",
    "MarkedBox",
    "RecordSpool",
    "Shown",
    "StoredResults",
    "Writer",
    "annotation_format",
    "format_result",
    "is_failure",
    "iterate_results",
    "json_text",
    "parse_result",
    "read_annotations",
    "read_coco_annotations",
    "read_corrections",
    "read_cvat_annotations",
    "read_results",
    "read_voc_annotations",
    "read_yolo_annotations",
    "record_name",
    "write_coco_results",
    "write_corrections",
    "write_csv",
    "write_results",
]
