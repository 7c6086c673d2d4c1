import numpy as np
import pytest

from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.detect import compare_strides, level_plan, score_level

IMAGE = np.random.default_rng(0).integers(0, 256, (110, 130, 3), dtype=np.uint8)


def _backend(stride: int | None = None) -> TorchBackend:
    return TorchBackend(*untrained("valid-small", (56, 48)), device="cpu", stride=stride)


@pytest.mark.parametrize("stride", [4, 2])
def test_every_window_of_the_own_stride_is_one_of_the_finer(stride: int) -> None:
    finer, own = _backend(stride), _backend()
    assert (finer.header.stride_hw, own.header.stride_hw) == ((stride, stride), (8, 8))
    level = level_plan(own.header).level(IMAGE.shape[:2], 1.0)
    maps = [score_level(backend, IMAGE, level).logits for backend in (finer, own)]
    step = 8 // stride
    np.testing.assert_allclose(maps[0][:, ::step, ::step], maps[1], atol=1e-6)


def test_the_report_counts_windows_and_finds_no_best_score_lower() -> None:
    finer, own = _backend(4), _backend()
    level = level_plan(own.header).level(IMAGE.shape[:2], 1.0)
    report = compare_strides(finer, own, [("noise", IMAGE, level)], repeats=1)
    cells = [score_level(backend, IMAGE, level).logits[0].size for backend in (finer, own)]
    assert [report.windows, report.own_windows] == cells
    assert (report.stride, report.own_stride) == (4, 8)
    assert report.times_as_long > 0
    assert report.rise > 0
    assert compare_strides(own, own, [("noise", IMAGE, level)], repeats=1).rise == 0
