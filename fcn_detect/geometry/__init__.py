"""Where things are: integers, and arrays of boxes. Knows nothing of images or networks."""

from fcn_detect.geometry.boxes import (
    box_areas,
    box_intersections,
    box_iou,
    clip_boxes,
    order_by_score,
    wholes_of_parts,
)
from fcn_detect.geometry.canvas import Canvas, Pass, PassRows, is_too_large, pack, plan_passes
from fcn_detect.geometry.frame_plan import FramePlan, PlannedCanvas, PlannedLevel, Taps
from fcn_detect.geometry.grid import ScoreGrid
from fcn_detect.geometry.offsets import OFFSET_NAMES, apply_offsets, encode_offsets
from fcn_detect.geometry.pyramid import (
    Border,
    Level,
    PyramidPlan,
    count_windows,
    plan_pyramid,
)
from fcn_detect.geometry.receptive_field import ReceptiveField
from fcn_detect.geometry.tiles import Tile, plan_tiles

__all__ = [
    "OFFSET_NAMES",
    "Border",
    "Canvas",
    "FramePlan",
    "Level",
    "Pass",
    "PassRows",
    "PlannedCanvas",
    "PlannedLevel",
    "PyramidPlan",
    "ReceptiveField",
    "ScoreGrid",
    "Taps",
    "Tile",
    "apply_offsets",
    "box_areas",
    "box_intersections",
    "box_iou",
    "clip_boxes",
    "count_windows",
    "encode_offsets",
    "is_too_large",
    "order_by_score",
    "pack",
    "plan_passes",
    "plan_pyramid",
    "plan_tiles",
    "wholes_of_parts",
]
