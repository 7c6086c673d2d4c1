"""What people look at: pictures with boxes."""

from fcn_detect.report.drawing import draw_detections, draw_heat_map
from fcn_detect.report.photos import PhotoWriter, write_records

__all__ = ["PhotoWriter", "draw_detections", "draw_heat_map", "write_records"]
