"""From logits to probabilities that mean what they say."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from fcn_detect.results import Calibration
from fcn_detect.train.loop import classification_loss


def fit_calibration(logits: NDArray[np.float32], classes: NDArray[np.int64]) -> Calibration:
    """The slope and bias that make the log loss smallest.

    The background weighs as much as all objects together, and these alike.

    Args:
        logits: `(n, outputs)` of crops that were not trained on.
        classes: `(n,)`, the background being the last.

    Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999, whose softened
    targets keep the slope finite on separable data; with several classes, temperature scaling
    (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017) with a bias against the
    background.
    """
    x = torch.from_numpy(logits).double()
    y = torch.from_numpy(classes)
    counts = torch.bincount(y, minlength=int(y.max()) + 1).double()
    smoothing = float(2 / (counts[counts > 0].min() + 2))
    background = max(1, x.shape[1] - 1)
    known = [int(c) for c in torch.unique(y)]
    weights = {
        c: 1.0 if c == background else 1 / sum(k != background for k in known) for c in known
    }
    parameters = torch.zeros(2, dtype=torch.double, requires_grad=True)  # log slope, bias
    optimizer = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scaled = _apply(x, parameters[0].exp(), parameters[1])
        per_class = [
            weight * classification_loss(scaled[y == c], y[y == c], smoothing)
            for c, weight in weights.items()
        ]
        value = torch.stack(per_class).sum() / sum(weights.values()) + 1e-6 * F.mse_loss(
            parameters, torch.zeros_like(parameters)
        )
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    slope, bias = float(parameters[0].detach().exp()), float(parameters[1].detach())
    return Calibration(slope=slope, bias=bias)


def _apply(logits: torch.Tensor, slope: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    if logits.shape[1] == 1:
        return slope * logits + bias
    shift = torch.cat([bias.expand(logits.shape[1] - 1), torch.zeros(1, dtype=bias.dtype)])
    return slope * logits + shift
