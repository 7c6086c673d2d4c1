"""What people look at: pictures with boxes."""

from fcn_detect.report.drawing import draw_detections, draw_heat_map
from fcn_detect.report.photos import PhotoWriter

__all__ = ["PhotoWriter", "draw_detections", "draw_heat_map"]
