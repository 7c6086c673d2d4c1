import numpy as np
import pytest
from numpy.typing import NDArray

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.config import DetectSettings
from fcn_detect.detect import (
    dense,
    level_pixels,
    level_plan,
    score_level,
    score_packed,
    score_pyramid,
)
from fcn_detect.errors import ModelError
from fcn_detect.geometry import Border, Level, plan_pyramid
from fcn_detect.images import Halves
from fcn_detect.results import ModelHeader

Pixels = NDArray[np.uint8]

FAKE = ModelHeader(
    net="fake",
    crop_hw=(24, 16),
    labels=("spot",),
    object_box=(4, 4, 12, 20),
    stride_hw=(4, 4),
    exact=True,
)


class Counting:
    """A backend that notes the size of each pass."""

    def __init__(self, backend: FakeBackend | TorchBackend) -> None:
        self.name, self.header, self.backend = backend.name, backend.header, backend
        self.passes: list[tuple[int, int]] = []

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        self.passes.append(images.shape[1:3])
        return self.backend.maps(images)


def _image(height: int, width: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def torch_backend() -> TorchBackend:
    return TorchBackend(*untrained("valid-small", (56, 48)), device="cpu")


@pytest.mark.parametrize("most", [1, 40 * 66, 66 * 66, 100 * 66])
@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_strips_are_the_whole_level_in_one_piece(
    most: int, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, level = _image(90, 58), level_plan(FAKE).level((90, 58), scale)
    whole = score_level(FakeBackend(FAKE), image, level)
    counting = Counting(FakeBackend(FAKE))
    monkeypatch.setattr(dense, "MAX_PASS_PIXELS", most)
    strips = score_level(counting, image, level)
    np.testing.assert_array_equal(strips.logits, whole.logits)
    assert strips.grid == whole.grid
    one_window = 24 * level.size_hw[1]
    assert all(height * width <= max(most, one_window) for height, width in counting.passes)
    assert (len(counting.passes) == 1) == (level.size_hw[0] * level.size_hw[1] <= most)


def test_strips_of_a_real_net_are_the_whole_level_to_rounding(
    torch_backend: TorchBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = _image(150, 70)
    level = level_plan(torch_backend.header).level((150, 70), 1.0)
    whole = score_level(torch_backend, image, level)
    counting = Counting(torch_backend)
    monkeypatch.setattr(dense, "MAX_PASS_PIXELS", 80 * 72)
    strips = score_level(counting, image, level)
    assert len(counting.passes) == 4
    np.testing.assert_allclose(strips.logits, whole.logits, atol=1e-5)


def test_a_padded_net_takes_a_level_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    padded = FAKE.model_copy(update={"exact": False})
    counting = Counting(FakeBackend(padded))
    monkeypatch.setattr(dense, "MAX_PASS_PIXELS", 1)
    score_level(counting, _image(90, 58), level_plan(padded).level((90, 58), 1.0))
    assert len(counting.passes) == 1


def test_a_level_is_the_resized_image_with_its_edge_repeated() -> None:
    image = _image(12, 20)
    pixels = level_pixels(image, Level(1.0, (12, 20), Border(3, 1, 2, 4)))
    assert pixels.shape == (17, 25, 3)
    np.testing.assert_array_equal(pixels[3:15, 1:21], image)
    np.testing.assert_array_equal(pixels[:3, 1:21], np.repeat(image[:1], 3, axis=0))
    np.testing.assert_array_equal(pixels[3:15, 21:], np.repeat(image[:, -1:], 4, axis=1))
    for scale in (0.37, 1.0, 2.3):
        level = level_plan(FAKE).level((40, 30), scale)
        assert level_pixels(_image(40, 30), level).shape == (*level.size_hw, 3)


@pytest.mark.parametrize("most", [3000, 20_000, dense.MAX_PASS_PIXELS])
@pytest.mark.parametrize("size_hw", [(90, 58), (41, 97), (24, 16)])
def test_packed_levels_are_separate_levels(
    most: int, size_hw: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = DetectSettings(min_height=9, step=1.2)
    image, levels = _image(*size_hw), plan_pyramid(size_hw, level_plan(FAKE, settings))
    counting = Counting(FakeBackend(FAKE))
    monkeypatch.setattr(dense, "MAX_PASS_PIXELS", most)
    packed = score_packed(counting, Halves(image), levels)
    assert len(counting.passes) < len(levels) or most == 3000
    for found, level in zip(packed, levels, strict=True):
        separate = score_level(FakeBackend(FAKE), image, level)
        np.testing.assert_array_equal(found.logits, separate.logits)
        assert found.grid == separate.grid


@pytest.mark.parametrize("stride", [None, 4])
@pytest.mark.parametrize("size_hw", [(150, 70), (83, 121)])
def test_packed_levels_of_a_real_net_are_separate_levels_to_rounding(
    stride: int | None, size_hw: tuple[int, int]
) -> None:
    backend = TorchBackend(*untrained("valid-small", (56, 48)), device="cpu", stride=stride)
    settings = DetectSettings(min_height=40, step=1.3, stride=stride)
    image, levels = _image(*size_hw), plan_pyramid(size_hw, level_plan(backend.header, settings))
    counting = Counting(backend)
    packed = score_pyramid(counting, Halves(image), levels)
    assert len(counting.passes) == 1 < len(levels)
    for found, level in zip(packed, levels, strict=True):
        np.testing.assert_allclose(
            found.values, score_level(backend, image, level).values, atol=1e-5
        )


def test_a_padded_net_is_never_packed() -> None:
    padded = FakeBackend(FAKE.model_copy(update={"exact": False}))
    levels = plan_pyramid((90, 58), level_plan(padded.header))
    with pytest.raises(ValueError, match="padded"):
        score_packed(padded, Halves(_image(90, 58)), levels)
    counting = Counting(padded)
    assert len(score_pyramid(counting, Halves(_image(90, 58)), levels)) == len(levels)
    assert len(counting.passes) == len(levels)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("exact", [True, False])
def test_scores_that_are_no_numbers_are_an_error(value: float, exact: bool) -> None:
    class Broken(FakeBackend):
        def maps(self, images: Pixels) -> NDArray[np.float32]:
            values = super().maps(images)
            values[..., -1, -1] = value
            return values

    image = _image(90, 58)
    levels = plan_pyramid((90, 58), level_plan(FAKE))
    backend = Broken(FAKE.model_copy(update={"exact": exact}))
    with pytest.raises(ModelError, match="NaN or infinite scores"):
        score_pyramid(backend, Halves(image), levels)


@pytest.mark.parametrize("stride", [2, 8])
def test_a_map_that_is_not_what_the_header_promises_is_an_error(stride: int) -> None:
    backend = FakeBackend(FAKE)
    backend.maps(_image(90, 58)[None])
    truth = backend.maps

    class Lying(FakeBackend):
        def maps(self, images: Pixels) -> NDArray[np.float32]:
            return truth(images)

    header = FAKE.model_copy(update={"stride_hw": (stride, stride)})
    levels = plan_pyramid((90, 58), level_plan(header))
    with pytest.raises(ModelError, match="its header promises"):
        score_pyramid(Lying(header), Halves(_image(90, 58)), levels)
