"""Rendered streets, parks and dresses: crops and scenes that need no data set."""

from fcn_detect.scenes.backdrops import Backdrop, draw_backdrop
from fcn_detect.scenes.crops import LABELS, render_crop, render_crops
from fcn_detect.scenes.dresses import Dress, draw_dress
from fcn_detect.scenes.folders import write_crops, write_scenes
from fcn_detect.scenes.rendering import Scene, render_scene

__all__ = [
    "LABELS",
    "Backdrop",
    "Dress",
    "Scene",
    "draw_backdrop",
    "draw_dress",
    "render_crop",
    "render_crops",
    "render_scene",
    "write_crops",
    "write_scenes",
]
