"""Where a model sees objects: the best score near each place of the image."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fcn_detect.postprocess import probabilities
from fcn_detect.results import Calibration, ScoreMap


def heat_map(
    score_maps: list[ScoreMap], calibration: Calibration, image_hw: tuple[int, int]
) -> NDArray[np.float32]:
    """The best probability over all levels and classes, at each pixel's place.

    Each cell's score is put at its window's centre and interpolated between the centres.

    Returns:
        Float32 `image_hw`, in [0, 1].
    """
    best = np.zeros(image_hw, np.float32)
    for score_map in score_maps:
        scores = probabilities(score_map.logits, calibration).max(axis=0).astype(np.float32)
        np.maximum(best, _spread(scores, score_map, image_hw), out=best)
    return best


def _spread(
    scores: NDArray[np.float32], score_map: ScoreMap, image_hw: tuple[int, int]
) -> NDArray[np.float32]:
    """A map's cells laid over the image, float32 `image_hw`; 0 where no window is centred."""
    grid = score_map.grid
    x0, y0, x1, y1 = grid.windows_xyxy(np.zeros(1, int), np.zeros(1, int))[0]
    step_y, step_x = (stride / grid.scale for stride in grid.stride_hw)
    # Pixel (x, y) of the image shows the map at ((x + .5 - centre_x) / step_x, ...).
    to_map = np.array(
        [
            [1 / step_x, 0, (0.5 - (x0 + x1) / 2) / step_x],
            [0, 1 / step_y, (0.5 - (y0 + y1) / 2) / step_y],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size_wh = (image_hw[1], image_hw[0])
    return np.asarray(cv2.warpAffine(scores, to_map, size_wh, flags=flags), np.float32)
