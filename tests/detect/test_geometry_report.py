import json

import pytest
import torch

from fcn_detect.backends.torch_backend import untrained
from fcn_detect.detect import GeometryReport, describe_geometry
from fcn_detect.nets import ARCHITECTURES, to_fully_convolutional


def _report(net: str, crop_hw: tuple[int, int], frame_hw: tuple[int, int]) -> GeometryReport:
    return describe_geometry(to_fully_convolutional(untrained(net, crop_hw)[1], crop_hw), frame_hw)


@pytest.mark.parametrize("frame_hw", [(128, 64), (131, 90), (200, 333)])
@pytest.mark.parametrize("net", ARCHITECTURES)
@torch.no_grad()
def test_the_positions_are_those_of_the_score_map(net: str, frame_hw: tuple[int, int]) -> None:
    fcn = to_fully_convolutional(untrained(net)[1], (128, 64))
    report = describe_geometry(fcn, frame_hw)
    logits = fcn(torch.zeros(1, 3, *frame_hw))
    assert report.positions_hw == tuple(logits.shape[2:])
    assert report.positions == logits.numel()
    units = zip(report.feature_map_hw, report.window_units_hw, strict=True)
    assert all(a - b + 1 >= n for (a, b), n in zip(units, report.positions_hw, strict=True))


def test_the_dress_detectors_frame_has_its_known_geometry() -> None:
    report = _report("dress", (128, 64), (512, 1024))
    facts = json.loads(json.dumps(report.to_dict()))
    assert facts == {
        "frame": [1024, 512],
        "crop": [64, 128],
        "stride": [32, 32],
        "exact": False,
        "receptive_field": {"size": [94, 94], "stride": [32, 32], "padding": [31, 31]},
        "feature_map": [32, 16],
        "window_units": [2, 4],
        "positions": [31, 13],
        "windows": 403,
    }


def test_a_frame_smaller_than_a_crop_has_no_positions() -> None:
    assert _report("valid-small", (128, 64), (100, 500)).positions == 0
    tiny = _report("valid-small", (128, 64), (20, 20))
    assert tiny.positions_hw == tiny.feature_map_hw == (0, 0)
