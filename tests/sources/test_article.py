"""An article's head: 4×4×256 units, 1024 hidden, 10 outputs; on 8×8×256 units it gives 5×5×10."""

import pytest
import torch
from torch import Tensor, nn

from fcn_detect import to_fully_convolutional

CHANNELS, UNITS_HW, HIDDEN, OUTPUTS = 256, (4, 4), 1024, 10

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}


def _classifier() -> nn.Sequential:
    """The dense head, behind a convolution that hands its 256 channels on as they are."""
    torch.manual_seed(0)
    last_of_trunk = nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False)
    nn.init.dirac_(last_of_trunk.weight)
    return nn.Sequential(
        last_of_trunk,
        nn.Flatten(),
        nn.Linear(CHANNELS * UNITS_HW[0] * UNITS_HW[1], HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, OUTPUTS),
    ).eval()


def _convolutions(net: nn.Module) -> list[nn.Conv2d]:
    return [m for m in net.modules() if isinstance(m, nn.Conv2d)]


def test_the_dense_layers_become_a_4x4_and_a_1x1_convolution() -> None:
    classifier = _classifier()
    fcn = to_fully_convolutional(classifier, UNITS_HW)
    assert not any(isinstance(m, nn.Linear) for m in fcn.modules())
    _, hidden, outputs = _convolutions(fcn)
    assert (hidden.weight.shape, outputs.weight.shape) == ((1024, 256, 4, 4), (10, 1024, 1, 1))
    assert _parameters(hidden, outputs) == _parameters(*classifier[1:]) == 4_205_578


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@torch.no_grad()
def test_on_8x8_units_each_of_5x5_cells_is_the_dense_head_on_its_4x4_units(
    dtype: torch.dtype,
) -> None:
    classifier = _classifier().to(dtype)
    fcn = to_fully_convolutional(classifier, UNITS_HW)
    dense_head = classifier[1:]
    units = torch.rand(1, CHANNELS, 8, 8, dtype=dtype)
    logits = fcn(units)
    assert fcn.exact
    assert logits.shape == (1, OUTPUTS, 5, 5)
    for row in range(5):
        for col in range(5):
            window = units[:, :, row : row + 4, col : col + 4]
            assert _difference(logits[:, :, row, col], dense_head(window)) <= TOLERANCES[dtype]


def _parameters(*layers: nn.Module) -> int:
    return sum(p.numel() for layer in layers for p in layer.parameters())


def _difference(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max() / max(1.0, float(b.abs().max())))
