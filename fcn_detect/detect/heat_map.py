"""Where a model sees objects: the best score near each place of the image."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import ScoreGrid
from fcn_detect.postprocess import probabilities
from fcn_detect.results import Calibration, ScoreMap


def heat_map(
    score_maps: list[ScoreMap],
    calibration: Calibration,
    size_hw: tuple[int, int],
    pixel: float = 1.0,
) -> NDArray[np.float32]:
    """The best probability over all levels and classes, at each pixel's place.

    Each cell's score is put at its window's centre and interpolated between the centres.

    Args:
        score_maps: one a level.
        calibration: how logits become probabilities.
        size_hw: of the map: the image's, or smaller.
        pixel: source pixels that one pixel of the map stands for.

    Returns:
        Float32 `size_hw`, in [0, 1].
    """
    best = np.zeros(size_hw, np.float32)
    for score_map in score_maps:
        scores = probabilities(score_map.logits, calibration).max(axis=0).astype(np.float32)
        np.maximum(best, spread(scores, score_map.grid, size_hw, pixel), out=best)
    return best


def spread(
    scores: NDArray[Any],
    grid: ScoreGrid,
    size_hw: tuple[int, int],
    pixel: float = 1.0,
    corner_yx: tuple[int, int] = (0, 0),
) -> NDArray[Any]:
    """A map's cells laid over a picture, `size_hw` of their type; 0 where no window is centred.

    Args:
        scores: `(rows, cols)`, of float32 or uint8.
        grid: places them.
        size_hw: of what is asked for: the picture, or a part of it.
        pixel: source pixels that one pixel of the picture stands for.
        corner_yx: of the part in the picture.
    """
    x0, y0, x1, y1 = grid.windows_xyxy(np.zeros(1, int), np.zeros(1, int))[0]
    step_y, step_x = (stride / grid.scale for stride in grid.stride_hw)
    top, left = corner_yx
    # Pixel (x, y) of the picture shows the map at (((x + .5) * pixel - centre_x) / step_x, ...).
    to_map = np.array(
        [
            [pixel / step_x, 0, ((left + 0.5) * pixel - (x0 + x1) / 2) / step_x],
            [0, pixel / step_y, ((top + 0.5) * pixel - (y0 + y1) / 2) / step_y],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size_wh = (size_hw[1], size_hw[0])
    return np.asarray(cv2.warpAffine(scores, to_map, size_wh, flags=flags), scores.dtype)
