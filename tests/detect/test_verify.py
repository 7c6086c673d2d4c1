import json

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.detect import EquivalenceReport, ImageEquivalence, level_plan, verify_images
from fcn_detect.detect.verify import TOLERANCE, Verifiable, compare_level
from fcn_detect.errors import ModelError
from fcn_detect.geometry import Level
from fcn_detect.nets import build_net

IMAGE = np.random.default_rng(4).integers(0, 256, (150, 170, 3), dtype=np.uint8)


class Altered:
    """A backend whose dense map, and not its answer to single crops, is tampered with."""

    def __init__(self, backend: TorchBackend, changes: dict[tuple[int, int], float]) -> None:
        self.name, self.header, self.backend = backend.name, backend.header, backend
        self.classify, self.changes = backend.classify, changes

    def maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = self.backend.maps(images).copy()
        if logits.shape[2:] != (1, 1):
            for (row, col), value in self.changes.items():
                logits[0, 0, row, col] = value
        return logits


class AlteredOffset:
    """A backend of which one offset of one cell is wrong."""

    def __init__(self, backend: TorchBackend) -> None:
        self.name, self.header, self.backend = backend.name, backend.header, backend
        self.classify = backend.classify

    def maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        values = self.backend.maps(images).copy()
        values[0, 3, 0, 0] += 1
        return values


class Shifted:
    """A backend all of whose scores are too high."""

    def __init__(self, backend: TorchBackend, by: float) -> None:
        self.name, self.header, self.backend = backend.name, backend.header, backend
        self.classify, self.by = backend.classify, by

    def maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.backend.maps(images) + np.float32(self.by)


def _level(backend: TorchBackend) -> Level:
    return level_plan(backend.header).level(IMAGE.shape[:2], 0.5)


def _report(backend: Verifiable, level: Level) -> EquivalenceReport:
    images = list(verify_images(backend, [("noise", IMAGE, level)]))
    return EquivalenceReport(backend.header.exact, TOLERANCE, images)


@pytest.fixture(scope="module")
def exact() -> TorchBackend:
    return TorchBackend(*untrained("valid-small", (56, 48)), device="cpu")


@pytest.fixture(scope="module")
def padded() -> TorchBackend:
    return TorchBackend(*untrained("dress", (64, 32)), device="cpu")


def test_offsets_are_compared_as_logits_are(exact: TorchBackend) -> None:
    header = exact.header.model_copy(update={"offsets": ("x", "y", "scale")})
    torch.manual_seed(3)
    classifier = build_net(header.net, header.crop_hw, header.channels).eval()
    backend = TorchBackend(header, classifier, device="cpu")
    assert backend.maps(IMAGE[None]).shape[1] == 4
    report = _report(backend, _level(backend))
    assert report.holds
    assert 0 < report.images[0].max_difference < 1e-5
    wrong = _report(AlteredOffset(backend), _level(backend))
    assert not wrong.holds
    assert wrong.images[0].flipped == 0


def test_an_exact_net_keeps_its_promise(exact: TorchBackend) -> None:
    report = _report(exact, _level(exact))
    (image,) = report.images
    rows, cols = _level(exact).grid(exact.header.crop_hw, exact.header.stride_hw).size_hw
    assert report.holds
    assert report.exact
    assert (image.image, image.windows, image.flipped) == ("noise", rows * cols, 0)
    assert image.mean_difference <= image.max_difference <= TOLERANCE
    assert image.head_difference <= TOLERANCE


def test_a_broken_map_is_caught_with_its_worst_window_and_flipped_decisions(
    exact: TorchBackend,
) -> None:
    level = _level(exact)
    true = compare_level(exact, "noise", IMAGE, level)
    assert true.windows == 4 * 6
    # untrained scores are all of one sign: two of them cross it, one far and one less
    sign = np.sign(exact.maps(IMAGE[None, :56, :48]).mean())
    broken = Altered(exact, {(1, 2): -9 * sign, (2, 0): -3 * sign})
    report = _report(broken, level)
    (image,) = report.images
    assert not report.holds
    assert image.flipped == 2
    assert image.max_difference == pytest.approx(9, abs=1)
    assert image.mean_difference == pytest.approx(image.max_difference / 18, rel=0.5)
    assert image.head_difference <= TOLERANCE
    # cell (1, 2) starts at (16, 8) level pixels, at half the size
    assert image.worst_window == (32, 16, 128, 128)


def test_a_small_difference_breaks_the_promise_without_a_flip(exact: TorchBackend) -> None:
    report = _report(Shifted(exact, 3e-4), _level(exact))
    (image,) = report.images
    assert not report.holds
    assert image.max_difference == pytest.approx(3e-4, rel=0.1)
    assert image.head_difference == pytest.approx(3e-4, rel=0.1)


def test_scores_that_are_no_numbers_are_an_error(exact: TorchBackend) -> None:
    with pytest.raises(ModelError, match="NaN"):
        _report(Altered(exact, {(0, 0): np.nan}), _level(exact))


def test_what_padding_does_is_reported_and_only_its_head_is_promised(padded: TorchBackend) -> None:
    report = _report(padded, level_plan(padded.header).level(IMAGE.shape[:2], 1.0))
    (image,) = report.images
    assert not report.exact
    assert image.max_difference > TOLERANCE
    assert image.head_difference <= TOLERANCE
    assert report.holds
    assert not _report(Shifted(padded, 0.01), _level(padded)).holds


def test_decisions_between_classes_flip_by_the_best_class() -> None:
    header, _ = untrained("valid-small", (56, 48))
    header = header.model_copy(update={"labels": ("cat", "dog")})

    class Fixed:
        name = "fixed"

        def __init__(self) -> None:
            self.header = header

        def maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
            rows, cols = (images.shape[1] - 56) // 8 + 1, (images.shape[2] - 48) // 8 + 1
            logits = np.zeros((len(images), 3, rows, cols), np.float32)
            logits[:, 0] = 2  # always the cat
            return logits

        def classify(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.tile(np.array([0, 1.5, 0], np.float32), (len(crops), 1))  # always the dog

    image = compare_level(Fixed(), "noise", IMAGE, level_plan(header).level((150, 170), 0.5))
    assert image.flipped == image.windows == 24
    assert image.max_difference == pytest.approx(2 / 1.5)


@pytest.mark.parametrize(
    "exact, difference, flipped, head, holds",
    [
        (True, 1e-5, 0, 1e-5, True),
        (True, 1e-3, 0, 1e-5, False),
        (True, 1e-5, 1, 1e-5, False),
        (True, 1e-5, 0, 1e-3, False),
        (False, 5.0, 9, 1e-5, True),
        (False, 1e-5, 0, 1e-3, False),
    ],
)
def test_every_image_must_keep_the_promise(
    exact: bool, difference: float, flipped: int, head: float, holds: bool
) -> None:
    good = ImageEquivalence("good", 10, 0.0, 0.0, 0, (0, 0, 1, 1), 0.0)
    other = ImageEquivalence("other", 5, difference, 0.0, flipped, (0, 0, 1, 1), head)
    report = EquivalenceReport(exact, TOLERANCE, [good, other])
    assert report.holds == holds
    facts = json.loads(json.dumps(report.to_dict()))
    assert (facts["exact"], facts["holds"], facts["windows"]) == (exact, holds, 15)
    assert (facts["max_difference"], facts["flipped"]) == (difference, flipped)
    assert [image["image"] for image in facts["images"]] == ["good", "other"]
