"""Logits to calibrated probabilities: the one place, for every backend."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.results import Calibration


def probabilities(logits: NDArray[np.floating], calibration: Calibration) -> NDArray[np.float64]:
    """Probabilities of the classes without the background.

    With one output, `sigmoid(slope * logit + bias)`; with more, the softmax of
    `slope * logits`, `bias` being added to all but the background, which comes last.

    Args:
        logits: `(outputs, ...)`.
        calibration: of the model.

    Returns:
        Float64 `(1, ...)` for one output, else `(outputs - 1, ...)`, in [0, 1].
    """
    scaled = calibration.slope * logits.astype(np.float64)
    if len(logits) == 1:
        scaled = scaled + calibration.bias
        positive = np.exp(-np.abs(scaled))  # never overflows
        return np.asarray(np.where(scaled >= 0, 1, positive) / (1 + positive))
    scaled[:-1] += calibration.bias
    shares = np.exp(scaled - scaled.max(axis=0))
    return np.asarray(shares[:-1] / shares.sum(axis=0))
