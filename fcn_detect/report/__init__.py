"""What people look at: pictures with boxes, and sheets of mistakes."""

from fcn_detect.report.clips import ClipWriter
from fcn_detect.report.drawing import draw_detections, draw_heat_map
from fcn_detect.report.mistake_sheets import MistakeSheet, write_mistake_sheets
from fcn_detect.report.photos import PhotoWriter

__all__ = [
    "ClipWriter",
    "MistakeSheet",
    "PhotoWriter",
    "draw_detections",
    "draw_heat_map",
    "write_mistake_sheets",
]
