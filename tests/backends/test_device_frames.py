"""Frames to maps on a device; a graph is stood for by whatever `capture` gives."""

import logging

import numpy as np
import pytest
import torch

from fcn_detect.backends import device_frames, frame_network
from fcn_detect.backends.device_frames import DeviceFrames
from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.geometry import PassRows, PyramidPlan, plan_passes, plan_pyramid
from fcn_detect.images import Halves, paint_passes, plan_frame

CPU = torch.device("cpu")
HW = (70, 90)


def _levels(image_hw=HW):
    plan = PyramidPlan((56, 48), (8, 8), (4.0, 4.0, 44.0, 52.0), 40)
    levels = tuple(plan_pyramid(image_hw, plan))
    return levels, plan_passes(tuple(one.size_hw for one in levels), (8, 8), 30_000)


def _plan(image_hw=HW):
    levels, passes = _levels(image_hw)
    return plan_frame(image_hw, image_hw, 0, levels, tuple(map(PassRows, passes)))


def _frame(image_hw=HW, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*image_hw, 3), dtype=np.uint8)


def _sums(canvas):
    """In place of a network: something that every pixel of a canvas changes."""
    return canvas.float().mean(3, keepdim=True).permute(0, 3, 1, 2)


def _numbers(wait):
    return [maps.sum() for maps in wait()]


def test_maps_are_the_networks_of_the_canvases_that_a_processor_paints():
    backend = TorchBackend(*untrained("valid-small", (56, 48)), device="cpu")
    frames = [_frame(seed=0), _frame(seed=1)]
    maps = DeviceFrames(backend.run, CPU).start(frames, _plan())()
    levels, passes = _levels()
    assert len(maps) == len(passes) > 1
    for i, frame in enumerate(frames):
        canvases = paint_passes(Halves(frame), levels, passes)
        for own, canvas in zip(maps, canvases, strict=True):
            np.testing.assert_allclose(own[i], backend.maps(canvas[None])[0], atol=1e-5)


def test_only_a_gpu_searches_frames_by_itself():
    backend = TorchBackend(*untrained("valid-small", (56, 48)), device="cpu")
    assert frame_network(backend) is None
    backend.frames = DeviceFrames(backend.run, CPU)
    assert frame_network(backend) is backend.frames


def test_frames_that_cannot_be_written_are_taken():
    frame = _frame()
    frame.setflags(write=False)
    frames = DeviceFrames(_sums, CPU)
    assert _numbers(frames.start([frame], _plan())) == _numbers(frames.start([_frame()], _plan()))


def test_a_size_that_comes_again_is_captured_once():
    captured = []

    def capture(step, frames):
        captured.append(frames.shape)
        return step

    frames = DeviceFrames(_sums, CPU, capture=capture)
    expected = _numbers(frames.start([_frame()], _plan()))
    assert captured == []
    for _ in range(3):
        assert _numbers(frames.start([_frame()], _plan())) == expected
    assert captured == [(1, *HW, 3)]
    for _ in range(2):
        frames.start([_frame(), _frame()], _plan())
    assert captured == [(1, *HW, 3), (2, *HW, 3)]


@pytest.mark.parametrize("kind", [RuntimeError, torch.OutOfMemoryError])
def test_what_cannot_be_captured_is_searched_plainly(kind, caplog):
    def capture(_step, _frames):
        raise kind("operation not permitted when stream is capturing\nmore")

    frames = DeviceFrames(_sums, CPU, capture=capture)
    with caplog.at_level(logging.WARNING):
        numbers = [_numbers(frames.start([_frame()], _plan())) for _ in range(4)]
    assert numbers == [numbers[0]] * 4
    assert [record.getMessage() for record in caplog.records] == [
        "frames are searched without a CUDA graph: operation not permitted when stream is capturing"
    ]


def test_graphs_are_let_go_when_memory_is_short_and_when_sizes_are_many(monkeypatch):
    full = False

    def network(canvas):
        if full:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nmore")
        return _sums(canvas)

    monkeypatch.setattr(device_frames, "SIZES_KEPT", 2)
    frames = DeviceFrames(network, CPU)
    for width in (90, 91, 92):
        frames.start([_frame((70, width))], _plan((70, width)))
    assert len(frames._sizes) == 2
    full = True
    with pytest.raises(MemoryError, match=r"^CUDA out of memory. Tried to allocate 20.00 MiB$"):
        frames.start([_frame()], _plan())
    assert not frames._sizes
