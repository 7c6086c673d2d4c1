"""Pictures of images that are too large for one: overviews, and heat maps to zoom into."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.detect import LargeHeatMap
from fcn_detect.files import name_that_fits, open_atomically
from fcn_detect.images import Octaves, resize_part
from fcn_detect.report.drawing import draw_heat_map

Pixels = NDArray[np.uint8]

# An image of more pixels is drawn smaller, with sides of at most so many.
OVERVIEW_PIXELS = 50_000_000
OVERVIEW_SIDE = 4096

_BAND_ROWS = 512
TILES = {"tile": True, "tile_width": 256, "tile_height": 256, "pyramid": True}


def overview(octaves: Octaves) -> tuple[Pixels, float]:
    """An image small enough to be looked at, and its scale: 1 up to `OVERVIEW_PIXELS`."""
    height, width = octaves.image_hw
    if height * width <= OVERVIEW_PIXELS:
        return np.asarray(octaves.part(0, range(height), range(width))), 1.0
    scale = OVERVIEW_SIDE / max(height, width)
    size_hw = max(1, int(height * scale + 1e-6)), max(1, int(width * scale + 1e-6))
    return resize_part(octaves, size_hw, scale, *map(range, size_hw)), scale


def write_large_heat_map(octaves: Octaves, heat: LargeHeatMap, path: Path) -> Path:
    """Writes a heat map over the darkened image, one pixel for each of the map's.

    It is a pyramid of tiles, `PATH.heatmap.tif`, where libvips is there to write one, and else
    a plain `PATH.heatmap.jpg`.

    Returns:
        The path of the file.
    """
    picture = _drawn(octaves, heat)
    try:
        pyvips = importlib.import_module("pyvips")
    except (ImportError, OSError):  # OSError: without the C library
        path = path.with_name(name_that_fits(path.name, ".heatmap.jpg"))
        with open_atomically(path) as file:
            Image.fromarray(picture).save(file, "JPEG", quality=90)
        return path
    path = path.with_name(name_that_fits(path.name, ".heatmap.tif"))
    _save_pyramid(pyvips, picture, f"one pixel is {heat.pixel:g} pixels of the photo", path)
    return path


def _drawn(octaves: Octaves, heat: LargeHeatMap) -> Pixels:
    """The darkened image under the heat map's colours, of the heat map's size."""
    height, width = heat.pixels.shape
    picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        rows = range(top, min(top + _BAND_ROWS, height))
        behind = resize_part(octaves, (height, width), 1 / heat.pixel, rows, range(width))
        band = heat.pixels[rows.start : rows.stop].astype(np.float32) / np.float32(255)
        picture[rows.start : rows.stop] = draw_heat_map(behind, band)
    return picture


def _save_pyramid(pyvips: Any, picture: Pixels, description: str, path: Path) -> None:
    image = pyvips.Image.new_from_array(picture).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gstr_type, "image-description", description)
    with open_atomically(path) as file:
        image.tiffsave(file.name, compression="deflate", bigtiff=True, **TILES)
