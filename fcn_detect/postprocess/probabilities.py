"""Logits to calibrated probabilities: the one place, for every backend."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.results import Calibration

# Share by which float32 logits may be off in `may_reach`: far above their rounding.
SLACK = 1e-4


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


def may_reach(
    logits: NDArray[np.floating], calibration: Calibration, score: float
) -> NDArray[np.bool_]:
    """Where a probability may be `score` or more, told without exponentials.

    Never False where the probability is `score` or more. With several outputs it is a bound: no
    share exceeds the exponential of its distance from the largest logit.

    Args:
        logits: `(outputs, ...)`.
        calibration: of the model.
        score: in [0, 1].

    Returns:
        Bool of the shape that `probabilities` gives.
    """
    labels = max(1, len(logits) - 1)
    if score <= 0:
        return np.ones((labels, *logits.shape[1:]), bool)
    if len(logits) == 1:
        odds = min(np.log(score) - np.log1p(-score), 36.0) if score < 1 else 36.0
        least = (odds - calibration.bias) / calibration.slope
        return np.asarray(logits >= least - SLACK * max(1.0, abs(least)))
    scaled = np.float32(calibration.slope) * logits
    scaled[:-1] += np.float32(calibration.bias)
    best = scaled.max(axis=0)
    return np.asarray(scaled[:-1] >= best + np.log(score) - SLACK * np.maximum(1, np.abs(best)))
