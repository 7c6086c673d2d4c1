import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.config import AugmentSettings, ModelSettings
from fcn_detect.geometry import OFFSET_NAMES, apply_offsets, box_iou
from fcn_detect.train.windows import WindowCutter

CROP_HW, WINDOW_HW = (128, 64), (112, 56)
INSIDE = ModelSettings(crop=CROP_HW, window=WINDOW_HW)
BOX = (8.3, 8.0, 47.7, 104.0)  # of the middle window
CROP_BOX = (12.3, 16.0, 51.7, 112.0)  # the same object, in the crop


def coordinates(count: int) -> torch.Tensor:
    """Crops whose first channel is twice x and whose second is y, at the pixels' centres."""
    x = torch.arange(CROP_HW[1]).float() * 2
    y = torch.arange(CROP_HW[0]).float()
    one = torch.stack([x.expand(CROP_HW), y[:, None].expand(CROP_HW), x.expand(CROP_HW)])
    return one.to(torch.uint8).expand(count, 3, *CROP_HW)


def cutter(model: ModelSettings = INSIDE, **changes: float) -> WindowCutter:
    return WindowCutter(AugmentSettings(**changes), model, BOX)


@given(
    shift=st.floats(0, 12),
    scale=st.floats(0, 0.3),
    rotation=st.floats(0, 10),
    seed=st.integers(0, 2**30),
)
@settings(max_examples=60, deadline=None)
def test_windows_inside_a_crop_use_its_own_pixels_only(shift, scale, rotation, seed):
    torch.manual_seed(seed)
    cut = cutter(shift=shift, scale=scale, rotation=rotation)
    grid = cut._grid(cut.draw(16))
    inner = 1 - 1 / torch.tensor([CROP_HW[1], CROP_HW[0]])  # centres of the outermost pixels
    assert (grid.abs() <= inner + 1e-5).all()


@given(seed=st.integers(0, 2**30), scale=st.floats(0, 0.1), shift=st.floats(0, 8))
@settings(max_examples=60, deadline=None)
def test_offsets_lead_back_to_the_object_box_of_the_crop(seed, scale, shift):
    torch.manual_seed(seed)
    cut = cutter(shift=shift, scale=scale, rotation=0, flip=0.5)
    windows, offsets, _ = cut(coordinates(12))
    boxes = apply_offsets(np.tile(BOX, (12, 1)), offsets.numpy(), OFFSET_NAMES)
    for window, box in zip(windows.float(), boxes, strict=True):
        for x, y in ((box[0] + 1, box[1] + 1), (box[2] - 1, box[3] - 1)):
            if not (0 <= x < 56 and 0 <= y < 112):
                continue
            column, row = int(x), int(y)
            found_x, found_y = window[0, row, column] / 2 + 0.5, window[1, row, column] + 0.5
            # The crop's object box is symmetric, so a mirrored window meets its other side.
            true_x = CROP_BOX[0] if x < 28 else CROP_BOX[2]
            mirrored_x = CROP_HW[1] - true_x
            assert min(abs(found_x - true_x), abs(found_x - mirrored_x)) < 3
            assert abs(found_y - (CROP_BOX[1] if y < 56 else CROP_BOX[3])) < 3


def test_offsets_of_a_turned_window_follow_the_object():
    cut = cutter(shift=5, scale=0.05, rotation=8, flip=0.0)
    torch.manual_seed(1)
    windows, offsets, _ = cut(coordinates(40))
    boxes = apply_offsets(np.tile(BOX, (40, 1)), offsets.numpy(), OFFSET_NAMES)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    for window, (x, y) in zip(windows.float(), centres, strict=True):
        column, row = int(x), int(y)
        assert abs(window[0, row, column] / 2 + 0.5 - 32) < 1.6
        assert abs(window[1, row, column] + 0.5 - 64) < 1.6


def test_a_middle_window_has_no_offsets_and_the_crops_own_pixels():
    still = dict.fromkeys(AugmentSettings.model_fields, 0)
    crops = torch.randint(0, 256, (5, 3, *CROP_HW), dtype=torch.uint8)
    windows, offsets, _ = cutter(**still)(crops)
    assert torch.equal(windows, crops[:, :, 8:120, 4:60])
    assert torch.allclose(offsets, torch.zeros(5, 4), atol=1e-6)


def test_a_whole_crop_is_moved_over_its_repeated_edges():
    crops = torch.full((8, 3, 32, 20), 200, dtype=torch.uint8)
    for model in (ModelSettings(crop=(32, 20)), ModelSettings(crop=(32, 20), window=(32, 20))):
        moved = cutter(model, shift=6, scale=0.2, rotation=10)
        assert torch.equal(moved(crops)[0], crops)
        assert moved.offsets(moved.draw(50))[:, 0].abs().max() > 0.5  # moved as far as was asked


def test_the_frames_edge_is_as_near_whatever_the_offsets():
    torch.manual_seed(0)
    cut = cutter(frame_edge=1.0, shift=8, scale=0.0, rotation=0)
    drawn = cut.draw(4000)
    low, _ = cut._frame_edges(4000)
    shifts = cut.offsets(drawn)[:, 0].numpy()
    assert abs(np.corrcoef(low[:, 0].numpy(), shifts)[0, 1]) < 0.05
    assert (low[:, 0] > -28).any()


def test_a_window_larger_than_the_crop_is_refused():
    with pytest.raises(ValueError, match="larger than the crop"):
        ModelSettings(crop=(64, 64), window=(72, 64))


def test_parts_of_objects_are_too_small_to_count_as_found():
    torch.manual_seed(0)
    cut = cutter(parts=1.0, shift=5, scale=0.1)
    drawn = cut.draw(800)
    assert drawn.part.float().mean() > 0.7  # the others would share too much with the object
    objects = apply_offsets(np.tile(BOX, (800, 1)), cut.offsets(drawn).numpy(), OFFSET_NAMES)
    overlaps = box_iou(objects, np.array([BOX]))[:, 0]
    assert overlaps[drawn.part].max() < 0.4
    assert overlaps[~drawn.part].min() > 0.5
    assert np.ptp(drawn.centre_xy[drawn.part, 1].numpy()) > 60  # heads, trunks and legs


def test_a_share_of_the_windows_shows_parts():
    torch.manual_seed(0)
    *_, parts = cutter(parts=0.25)(coordinates(2000))
    assert 0.15 < parts.float().mean() < 0.25
    *_, none = cutter(parts=0.0)(coordinates(50))
    assert not none.any()
