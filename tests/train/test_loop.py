import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torchvision.transforms import v2

from fcn_detect.config import AugmentSettings, ModelSettings, TrainSettings
from fcn_detect.postprocess import probabilities
from fcn_detect.results import Calibration
from fcn_detect.train.augment import Augmentation, _vary_colours
from fcn_detect.train.calibrate import fit_calibration
from fcn_detect.train.loop import accuracy, classification_loss, draw_epoch
from fcn_detect.train.reliability import measure_reliability


@given(
    objects=st.integers(1, 3),
    share=st.floats(0.1, 0.9),
    batch=st.integers(4, 40),
    steps=st.integers(1, 6),
)
@settings(max_examples=40, deadline=None)
def test_an_epoch_gives_objects_their_share_and_classes_alike(objects, share, batch, steps):
    classes = np.repeat(np.arange(objects + 1), [3, 5, 7, 60][: objects + 1])
    chosen = TrainSettings(batch_size=batch, object_share=share)
    drawn = classes[torch.cat(draw_epoch(classes, chosen, steps)).numpy()]
    counts = np.bincount(drawn, minlength=objects + 1)
    assert len(drawn) == batch * steps
    assert np.ptp(counts[:objects]) == 0
    assert abs(counts[:objects].sum() - share * len(drawn)) <= objects


def test_every_crop_of_a_class_is_seen_before_one_is_seen_again():
    classes = np.array([0] * 10 + [1] * 90)
    drawn = torch.cat(draw_epoch(classes, TrainSettings(batch_size=10, object_share=0.3), 10))
    counts = np.bincount(drawn.numpy(), minlength=100)
    assert set(counts[:10]) == {3}
    assert set(counts[10:]) <= {0, 1}


BOX = (12.3, 16.0, 51.7, 112.0)


def backgrounds(crops: torch.Tensor) -> torch.Tensor:
    return torch.arange(len(crops)) % 2 == 1


def test_augmentation_keeps_shape_and_type_and_repeats_by_seed():
    crops = torch.randint(0, 256, (19, 3, 128, 64), dtype=torch.uint8)
    every = AugmentSettings(frame_edge=0.5, occlusion=0.5, coarse=0.5, parts=0.3, tint=0.2)
    augment = Augmentation(every, ModelSettings(), BOX)
    torch.manual_seed(3)
    first, offsets, _ = augment(crops, backgrounds(crops))
    torch.manual_seed(3)
    again, offsets_again, _ = augment(crops, backgrounds(crops))
    assert torch.equal(first, again)
    assert torch.equal(offsets, offsets_again)
    assert (first.shape, first.dtype) == (crops.shape, torch.uint8)
    assert not torch.equal(first, crops)


def test_augmentation_switched_off_changes_nothing():
    off = dict.fromkeys(AugmentSettings.model_fields, 0)
    crops = torch.randint(0, 256, (9, 3, 32, 20), dtype=torch.uint8)
    augment = Augmentation(
        AugmentSettings(**off), ModelSettings(crop=(32, 20)), (0.0, 0.0, 20.0, 32.0)
    )
    assert torch.equal(augment(crops, backgrounds(crops))[0], crops)


def test_colours_vary_as_one_change_after_the_other_would():
    """Against torchvision's functions in their turn, without their rounding in between."""
    windows = torch.randint(60, 190, (30, 3, 12, 9), dtype=torch.uint8)
    settings = AugmentSettings(colour=0.2, tint=0.1, grey=0.3)
    torch.manual_seed(4)
    varied = _vary_colours(windows, settings)
    torch.manual_seed(4)
    jitter = 1 + 0.2 * (2 * torch.rand(3, 30, 1, 1) - 1)
    gains = 1 + 0.1 * (2 * torch.rand(30, 3, 1) - 1)
    grey = torch.rand(30, 1, 1).flatten() < 0.3
    for i in range(30):
        brightness, contrast, saturation = (float(factors[i]) for factors in jitter)
        one = v2.functional.adjust_brightness(windows[i] / 255, brightness)
        one = v2.functional.adjust_contrast(one, contrast)
        one = v2.functional.adjust_saturation(one, saturation) * gains[i][:, :, None]
        one = v2.functional.rgb_to_grayscale(one, 3) if grey[i] else one
        assert (varied[i] - 255 * one).abs().max() < 0.6
    assert 0 < grey.sum() < 30


def test_only_background_is_put_in_front_of_crops():
    off = dict.fromkeys(AugmentSettings.model_fields, 0)
    augment = Augmentation(
        AugmentSettings(**{**off, "occlusion": 1.0}), ModelSettings(crop=(32, 20)), (0, 0, 20, 32)
    )
    crops = torch.zeros(200, 3, 32, 20, dtype=torch.uint8)
    crops[backgrounds(crops)] = 255
    windows, _, _ = augment(crops, backgrounds(crops))
    covered = (windows[~backgrounds(crops)] == 255).float().mean(dim=(1, 2, 3))
    assert (windows[backgrounds(crops)] == 255).all()
    assert 0.1 < covered.mean() < 0.3
    assert covered.max() <= 0.42


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_and_accuracy_of_one_output_agree_with_two(smoothing):
    logits = torch.tensor([[2.0], [-1.0], [0.5]])
    classes = torch.tensor([0, 1, 1])
    two = torch.cat([logits, torch.zeros_like(logits)], dim=1)
    expected = F.cross_entropy(two, classes, label_smoothing=smoothing)
    for each in (logits, two):
        assert torch.allclose(classification_loss(each, classes, smoothing), expected)
        assert accuracy(each.numpy(), classes.numpy()) == 2 / 3


def test_each_crop_can_have_its_own_smoothing():
    logits, classes = torch.randn(40, 4), torch.randint(0, 4, (40,))
    smoothed = classes < 3
    expected = [
        F.cross_entropy(logits[part], classes[part], label_smoothing=share, reduction="sum")
        for part, share in ((smoothed, 0.2), (~smoothed, 0.0))
    ]
    loss = classification_loss(logits, classes, 0.2 * smoothed)
    assert torch.allclose(loss, (expected[0] + expected[1]) / 40)


def test_calibration_recovers_the_slope_and_bias_of_the_scores():
    rng = np.random.default_rng(0)
    true_logits = rng.normal(0, 3, 20_000)
    classes = (rng.random(20_000) > 1 / (1 + np.exp(-true_logits))).astype(np.int64)
    weight = np.log((classes == 0).sum() / (classes == 1).sum())  # classes weigh alike
    found = fit_calibration(((true_logits - 0.7) / 2.5)[:, None].astype(np.float32), classes)
    assert abs(found.slope - 2.5) < 0.15
    assert abs(found.bias - (0.7 - weight)) < 0.15


def test_calibrating_several_classes_brings_the_error_down():
    rng = np.random.default_rng(1)
    classes = rng.choice(4, 12_000, p=[0.05, 0.1, 0.05, 0.8])
    evidence = rng.normal(0, 1, (12_000, 4)) + 3 * np.eye(4)[classes]
    logits = (0.4 * evidence).astype(np.float32)  # far too cautious
    found = fit_calibration(logits, classes)
    before, after = (
        measure_reliability(probabilities(logits.T, c).sum(axis=0), classes, 3).error
        for c in (Calibration(), found)
    )
    assert after < 0.03
    assert after < before / 2
