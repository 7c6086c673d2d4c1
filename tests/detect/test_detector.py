from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.backends.torch_backend import untrained
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, level_plan
from fcn_detect.errors import ImageError, ModelError, SettingsError
from fcn_detect.geometry import box_iou
from fcn_detect.nets import save_model
from fcn_detect.results import Detections, Failure, ModelHeader

Pixels = NDArray[np.uint8]

HEADER = ModelHeader(
    net="fake",
    crop_hw=(32, 16),
    labels=("spot",),
    object_box=(4, 8, 12, 24),  # the middle: 8 wide, 16 tall
    stride_hw=(2, 2),
    exact=True,
    threshold=0.7,
)


def _detector(**settings: Any) -> Detector:
    return Detector(FakeBackend(HEADER), DetectSettings(**settings))


def _square(image_hw: tuple[int, int], box: tuple[int, int, int, int]) -> Pixels:
    """A white rectangle on black."""
    image = np.zeros((*image_hw, 3), np.uint8)
    x0, y0, x1, y1 = box
    image[y0:y1, x0:x1] = 255
    return image


def _blob(image_hw: tuple[int, int], centre_xy: tuple[float, float], radius: float) -> Pixels:
    """White at its centre, falling to black at its radius."""
    y, x = np.indices(image_hw) + 0.5
    distance = np.hypot(x - centre_xy[0], y - centre_xy[1]) / radius
    return np.repeat((255 * np.clip(1 - distance, 0, 1))[..., None], 3, axis=2).astype(np.uint8)


def _noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("height", [8, 16, 27, 50])
@pytest.mark.parametrize("place", ["middle", "top left", "bottom right", "left"])
def test_an_object_is_found_where_it_is_at_its_scale_and_at_the_frames_edge(
    height: int, place: str
) -> None:
    width, image_hw = height / 2, (130, 150)
    centres = {
        "middle": (70.3, 61.8),
        "top left": (width / 2, height / 2),
        "bottom right": (150 - width / 2, 130 - height / 2),
        "left": (width / 2, 60.0),
    }
    x, y = centres[place]
    image = _blob(image_hw, (x, y), radius=height / 2)
    found = _detector(min_height=height, max_height=height)(image)
    truth = np.array([[x - width / 2, y - height / 2, x + width / 2, y + height / 2]])
    assert box_iou(found.boxes[:1].astype(float), truth)[0, 0] > 0.6
    assert found.scores[0] > 0.9


@pytest.mark.parametrize("box", [(60, 40, 75, 60), (0, 0, 20, 30), (130, 100, 150, 130)])
def test_every_candidate_of_a_white_square_is_centred_on_it(box: tuple[int, int, int, int]) -> None:
    search = _detector(min_height=10, keep=0.5).search(_square((130, 150), box))
    candidates = search.candidates
    assert len(search.detections) == len(candidates) > 0
    assert len(search.levels) > 10
    x, y = ((candidates.boxes[:, i] + candidates.boxes[:, i + 2]) / 2 for i in (0, 1))
    blur = 2 / np.array([level.scale for level in search.levels])[candidates.levels]
    # what repeats the frame's edge belongs to a square at the edge
    inside = (x >= box[0] - blur) | (box[0] == 0)
    inside &= (y >= box[1] - blur) | (box[1] == 0)
    inside &= (x <= box[2] + blur) | (box[2] == 150)
    inside &= (y <= box[3] + blur) | (box[3] == 130)
    assert inside.all()


@pytest.mark.parametrize("image_hw", [(40, 30), (97, 61), (16, 8)])
def test_boxes_lie_inside_the_image_and_have_an_area(image_hw: tuple[int, int]) -> None:
    found = _detector(keep=0, nms_overlap=1)(_noise(*image_hw))
    assert len(found) > 0
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, 2] <= image_hw[1]).all()
    assert (found.boxes[:, 3] <= image_hw[0]).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()


def test_nothing_is_found_in_the_dark() -> None:
    assert _detector()(np.zeros((60, 60, 3), np.uint8)) == Detections.empty()


def test_detections_are_sorted_by_score_then_box() -> None:
    search = _detector(min_height=12).search(_noise(70, 60) // 64 * 64)  # many ties
    candidates = search.candidates
    boxes = candidates.boxes.tolist()
    rows = [(-score, *box) for score, box in zip(candidates.scores, boxes, strict=True)]
    assert len(rows) > len(set(candidates.scores.tolist())) > 1
    assert rows == sorted(rows)


@pytest.mark.parametrize("scale", [1, 2])
def test_an_image_shifted_by_a_stride_has_its_boxes_shifted(scale: int) -> None:
    detector = _detector(min_height=16 / scale, max_height=16 / scale)
    image = _blob((90, 100), (40, 45), 14)
    step = 2 // scale
    shifted = np.roll(image, (2 * step, 3 * step), axis=(0, 1))
    before, after = detector(image), detector(shifted)
    assert len(before) >= 1
    moved = before.boxes + np.array([3 * step, 2 * step] * 2, np.float32)
    np.testing.assert_allclose(after.boxes, moved, atol=1e-4)
    np.testing.assert_allclose(after.scores, before.scores, atol=1e-6)


def test_detection_is_deterministic() -> None:
    image = _noise(70, 80)
    one, two = _detector(min_height=12), _detector(min_height=12)
    assert one(image) == one(image) == two(image)


def test_arrays_pil_images_and_paths_agree(tmp_path: Path) -> None:
    detector, image = _detector(), _noise(60, 50)
    path = tmp_path / "a.png"
    Image.fromarray(image).save(path)
    expected = detector(image)
    view = np.flip(np.flip(image, 1).copy(), 1)
    view.setflags(write=False)
    with Image.open(path) as opened:
        assert detector(opened) == expected
    for source in (path, str(path), Image.fromarray(image), view):
        assert detector(source) == expected


def test_a_pil_image_is_turned_as_its_file_would_be(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(_noise(60, 50)).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as opened:
        assert _detector()(opened) == _detector()(tmp_path / "a.png")


def test_a_pil_image_without_pixels_is_refused() -> None:
    with pytest.raises(ImageError) as caught:
        _detector()(Image.new("RGB", (0, 40)))
    assert caught.value.kind == "too_small"


def test_a_grey_pil_image_is_searched_in_all_three_channels() -> None:
    grey = _noise(60, 50)[..., 0]
    expected = _detector()(np.repeat(grey[..., None], 3, axis=2))
    assert _detector()(Image.fromarray(grey)) == expected


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((3, 40, 40), np.uint8),
        np.zeros((40, 40, 3), np.float32),
        np.zeros((0, 40, 3), np.uint8),
        np.zeros((40, 0, 3), np.uint8),
        [[0, 0, 0]],
        None,
    ],
    ids=str,
)
def test_what_is_no_image_is_refused_in_one_line(image: Any) -> None:
    with pytest.raises(ImageError, match=r"must be RGB uint8 \(h, w, 3\), not ") as caught:
        _detector()(image)
    assert caught.value.kind == "unsupported_pixels"
    assert "\n" not in str(caught.value)


def test_an_image_too_small_says_what_min_height_would_fit() -> None:
    image = _noise(40, 7)  # an object 16 px tall is 8 wide
    with pytest.raises(ImageError, match="7x40 px: no window fits; --min-height 14 or less") as e:
        _detector()(image)
    assert e.value.kind == "too_small"
    assert len(_detector(min_height=14).search(image).levels) == 1


def test_an_image_too_small_for_any_enlargement_says_how_much_it_would_take() -> None:
    with pytest.raises(ImageError, match="at the largest enlargement, 4; it would take 8") as e:
        _detector(min_height=1)(_noise(40, 1))
    assert e.value.kind == "too_small"
    assert _detector(min_height=1, max_enlargement=9).search(_noise(40, 1)).levels


def test_a_files_record_has_its_detections_and_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(_noise(60, 50)).save(path)
    detector = _detector()
    result, search = detector.result(path, "cam/a.png")
    assert search is not None
    assert (result.image, result.width, result.height) == ("cam/a.png", 50, 60)
    assert result.failure is None
    assert result.detections == search.detections == detector(path)
    assert detector.result(path)[0].image == path.as_posix()


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"", "empty"),
        (b"<html>404</html>", "not_an_image"),
        (None, "unreadable"),
        ((3, 3), "too_small"),
    ],
)
def test_a_bad_files_record_has_its_failure(
    content: bytes | tuple[int, int] | None, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        Image.fromarray(_noise(*content)).save(path)
    result, search = _detector().result(path)
    assert search is None
    assert result.detections is None
    assert isinstance(result.failure, Failure)
    assert result.failure.kind == kind
    assert "\n" not in result.failure.message


def test_the_most_detections_are_the_best_and_a_warning_says_so() -> None:
    image = _noise(60, 50)
    everything = _detector(keep=0.3).search(image)
    assert everything.warnings == ()
    few = _detector(keep=0.3, max_detections=5).search(image)
    assert few.detections.scores.tolist() == everything.detections.scores[:5].tolist()
    assert few.warnings == ("only the 5 best detections are kept (--max-detections)",)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_results_keep_scores_of_at_least_the_smallest_asked_for(keep: float) -> None:
    found = _detector(keep=keep, nms_overlap=1)(_noise(60, 50))
    assert len(found) > 0
    assert found.scores.min() >= keep


def test_the_candidate_of_each_detection_is_the_cell_it_came_from() -> None:
    search = _detector(min_height=12).search(_noise(70, 60))
    for i, (box, score, _) in enumerate(search.detections):
        cell = search.candidates.take(np.array([i]))
        score_map = search.score_maps[cell.levels[0]]
        part = score_map.grid.parts_xyxy(cell.rows, cell.cols, HEADER.object_box)[0]
        np.testing.assert_allclose(box, np.clip(part, 0, [60, 70, 60, 70]), atol=1e-4)
        logit = score_map.logits[0, cell.rows[0], cell.cols[0]]
        assert score == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)


@pytest.mark.parametrize(
    "settings, complaint",
    [
        ({"stride": 4}, "--stride 4: the network was opened with a stride of 2"),
        ({"min_height": 30, "max_height": 20}, "--max-height 20 is below"),
        ({"max_height": 10}, "--max-height 10 is below the smallest object looked for, 16 px"),
        ({"min_height": 1, "max_height": 2}, "have to be enlarged 8.0 times"),
    ],
)
def test_settings_that_the_model_cannot_follow_are_refused(
    settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        _detector(**settings)


def test_the_plan_is_the_models_geometry_and_the_settings() -> None:
    plan = level_plan(HEADER, DetectSettings(stride=2, step=1.3, border=0.5, max_height=99))
    assert (plan.crop_hw, plan.stride_hw) == (HEADER.crop_hw, (2, 2))
    assert plan.object_box_xyxy == HEADER.object_box
    assert (plan.min_height, plan.max_height) == (16, 99)
    assert (plan.step, plan.border, plan.max_enlargement) == (1.3, 0.5, 4)


def test_a_model_brings_its_own_settings_and_threshold() -> None:
    tuned = HEADER.model_copy(update={"detect": {"min_height": 9.0, "keep": 0.2}})
    detector = Detector(FakeBackend(tuned))
    assert detector.settings == DetectSettings(min_height=9, keep=0.2)
    assert detector.plan.min_height == 9
    assert detector.threshold((300, 400)) == 0.7
    assert _detector(threshold=0.0).threshold((300, 400)) == 0


def test_false_alarms_allowed_an_image_become_a_score_by_its_number_of_windows() -> None:
    counted = HEADER.model_copy(update={"false_alarms": ((1.0, 0.9), (1000.0, 0.3))})
    detector = Detector(FakeBackend(counted), DetectSettings(false_alarms=0.1))
    small, large = detector.threshold((60, 80)), detector.threshold((600, 800))
    assert 0.3 <= small < large <= 0.9
    search = detector.search(np.zeros((60, 80, 3), np.uint8))
    assert detector.windows((60, 80)) == sum(m.logits[0].size for m in search.score_maps)


def test_false_alarms_need_a_model_that_counted_them() -> None:
    with pytest.raises(SettingsError, match="trained without photos"):
        _detector(false_alarms=0.1)
    with pytest.raises(ValueError, match="not both"):
        DetectSettings(false_alarms=0.1, threshold=0.5)


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    header, classifier = untrained("valid-small", (56, 48))
    header = header.model_copy(update={"detect": {"min_height": 40.0, "step": 1.5, "keep": 0.3}})
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    save_model(path, header, classifier)
    return path


def test_given_settings_go_over_the_files_and_these_over_the_models(
    model_path: Path, tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("[detect]\nstep = 1.2\nkeep = 0.1\n")
    detector = Detector.load(model_path, device="cpu", config=config, keep=0.05, max_height=None)
    assert detector.settings == DetectSettings(min_height=40, step=1.2, keep=0.05)
    assert Detector.load(str(model_path)).settings.step == 1.5


def test_a_loaded_detector_searches_an_image(model_path: Path) -> None:
    detector = Detector.load(model_path, device="cpu", min_height=56)
    search = detector.search(_noise(80, 90))
    assert [m.logits.shape[0] for m in search.score_maps] == [1] * len(search.levels)
    assert search.detections == detector(_noise(80, 90))


def test_what_cannot_be_loaded_is_refused(model_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such model"):
        Detector.load(tmp_path / "none.safetensors")
    with pytest.raises(SettingsError, match=r"unknown key 'detect\.min_hight'"):
        Detector.load(model_path, min_hight=3)
    with pytest.raises(SettingsError, match=r"'detect\.step' is 0\.5"):
        Detector.load(model_path, step=0.5)
    with pytest.raises(SettingsError, match="no backend is called"):
        Detector.load(model_path, backend="tpu")


def test_an_option_takes_the_place_of_the_models_own_way_to_choose(tmp_path: Path) -> None:
    header, classifier = untrained("valid-small", (56, 48))
    own = {"detect": {"threshold": 0.4}, "false_alarms": ((1.0, 0.9), (1000.0, 0.3))}
    save_model(tmp_path / "m.safetensors", header.model_copy(update=own), classifier)
    detector = Detector.load(tmp_path / "m.safetensors", false_alarms=5.0)
    assert detector.settings.threshold is None
    assert detector.threshold((200, 200)) != 0.4
    assert Detector.load(tmp_path / "m.safetensors", threshold=0.6).threshold((1, 1)) == 0.6


def test_a_photo_read_at_half_its_size_gives_nearly_the_same_maps(tmp_path: Path) -> None:
    rows, cols = np.mgrid[:240, :320]
    spots = [(60, 80), (150, 230), (180, 60)]
    brightness = sum(np.exp(-((rows - y) ** 2 + (cols - x) ** 2) / 800) for y, x in spots)
    pixels = np.repeat((255 * np.clip(brightness, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=95)
    whole = _detector(min_height=48, reduced_reading=False).search(tmp_path / "a.jpg")
    detector = _detector(min_height=48)
    half = detector.search(tmp_path / "a.jpg")
    assert (whole.image.halved, half.image.halved) == (0, 1)
    assert half.pixels.shape == (120, 160, 3)
    for a, b in zip(whole.score_maps, half.score_maps, strict=True):
        assert a.grid == b.grid
        np.testing.assert_allclose(a.logits, b.logits, atol=0.5)  # of -10 to 10
    assert detector.at_full_size(half, tmp_path / "a.jpg").pixels.shape == (240, 320, 3)
