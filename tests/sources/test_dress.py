"""The dress detector: 64×128 crops, 1024×512 frames, a factor of 32 before the head.

Source: Carré Cardona, "How to convert fully connected layers into equivalent convolutional
ones", Gilt Tech, 2016.
"""

from itertools import takewhile

import pytest
import torch
from torch import Tensor, nn

from fcn_detect import to_fully_convolutional
from fcn_detect.nets import FullyConvolutional, build_net

CROP_HW, FRAME_HW = (128, 64), (512, 1024)
UNITS_HW, FRAME_UNITS_HW = (4, 2), (16, 32)

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}


@pytest.fixture(scope="module", params=TOLERANCES, ids=str)
def classifier(request: pytest.FixtureRequest) -> nn.Sequential:
    torch.manual_seed(0)
    return build_net("dress", CROP_HW, outputs=1).to(request.param).eval()


@pytest.fixture(scope="module")
def fcn(classifier: nn.Sequential) -> FullyConvolutional:
    return to_fully_convolutional(classifier, CROP_HW)


@pytest.fixture(scope="module")
def frame(classifier: nn.Sequential) -> Tensor:
    like = next(classifier.parameters())
    return torch.rand(1, 3, *FRAME_HW, dtype=like.dtype) * 255


def _trunk(classifier: nn.Sequential) -> nn.Sequential:
    """The layers before the flatten."""
    return nn.Sequential(*takewhile(lambda m: not isinstance(m, nn.Flatten), classifier))


def _wrong_solution(classifier: nn.Sequential, frame: Tensor) -> Tensor:
    """Scores `(rows, cols)`: every crop of units forwarded by itself through the dense layers."""
    trunk = _trunk(classifier)
    head = classifier[len(trunk) :]
    units = trunk(frame)
    h, w = UNITS_HW
    rows, cols = units.shape[2] - h + 1, units.shape[3] - w + 1
    scores = [
        head(units[:, :, row : row + h, col : col + w])
        for row in range(rows)
        for col in range(cols)
    ]
    return torch.cat(scores).view(rows, cols)


@torch.no_grad()
def test_the_layers_before_the_head_reduce_crop_and_frame_by_32(
    classifier: nn.Sequential, fcn: FullyConvolutional, frame: Tensor
) -> None:
    trunk = _trunk(classifier)
    assert trunk(frame).shape[2:] == FRAME_UNITS_HW
    assert trunk(frame[:, :, : CROP_HW[0], : CROP_HW[1]]).shape[2:] == UNITS_HW
    assert (fcn.units_hw, fcn.stride_hw) == (UNITS_HW, (32, 32))


@torch.no_grad()
def test_the_wrong_and_the_right_solution_give_the_same_403_scores(
    classifier: nn.Sequential, fcn: FullyConvolutional, frame: Tensor
) -> None:
    wrong, right = _wrong_solution(classifier, frame), fcn(frame)[0, 0]
    assert wrong.shape == right.shape == (16 - 4 + 1, 32 - 2 + 1) == (13, 31)
    assert wrong.numel() == 403
    difference = (right - wrong).abs().max() / max(1.0, float(wrong.abs().max()))
    assert difference <= TOLERANCES[frame.dtype]
    assert wrong.std() > 1000 * difference
