import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fcn_detect.errors import SettingsError
from fcn_detect.geometry import box_iou
from fcn_detect.scenes import (
    LABELS,
    Scene,
    draw_backdrop,
    draw_dress,
    render_crop,
    render_crops,
    render_scene,
    write_crops,
    write_scenes,
)
from fcn_detect.scenes import crops as crops_module
from fcn_detect.scenes import rendering as rendering_module
from fcn_detect.scenes.crops import WRONG_IOU, wrong_overlap
from fcn_detect.scenes.rendering import MAX_IOU, spread_heights


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [render_scene(generator(seed), (384, 768), 5, (32, 160)) for seed in range(5)]


@pytest.mark.parametrize("label", LABELS)
def test_equal_generators_give_equal_crops(label: str) -> None:
    first, second = (render_crop(generator(3), label) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (render_crop(generator(4), label) != first).any()


def test_equal_generators_give_equal_scenes(scenes: list[Scene]) -> None:
    again = render_scene(generator(0), (384, 768), 5, (32, 160))
    np.testing.assert_array_equal(again.image, scenes[0].image)
    np.testing.assert_array_equal(again.boxes, scenes[0].boxes)
    assert (scenes[1].image != scenes[0].image).any()


@pytest.mark.parametrize("crop_hw", [(128, 64), (64, 32), (96, 96), (40, 100)])
def test_crops_have_the_size_asked_for_and_are_not_flat(crop_hw: tuple[int, int]) -> None:
    for label, crop in render_crops(generator(), 4, crop_hw):
        assert crop.shape == (*crop_hw, 3), label
        assert crop.dtype == np.uint8
        if label == "dress":
            assert crop.std() > 4


def test_crops_come_in_pairs_of_the_two_labels() -> None:
    labels = [label for label, _ in render_crops(generator(), 3, (32, 16))]
    assert labels == ["dress", "background"] * 3


def test_unknown_label_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="'shirt': expected one of dress, background"):
        render_crop(generator(), "shirt")


def test_dress_fills_the_middle_three_quarters_of_its_crop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn all white on black, with the camera switched off, the dress is what is lit."""
    black = draw_backdrop(generator(), (512, 768))
    black.image[:] = 0
    _paint_dresses_white(monkeypatch)
    monkeypatch.setattr(crops_module, "photograph", lambda _, image: image)
    monkeypatch.setattr(crops_module, "happens", lambda *_: False)
    for seed in range(25):
        lit = render_crop(generator(seed), "dress", backdrop=black)[..., 0] >= 128
        rows, cols = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
        assert rows[0] == pytest.approx(16, abs=3)
        assert rows[-1] + 1 == pytest.approx(112, abs=3)
        if cols[0] > 0 and cols[-1] < 63:
            assert (cols[0] + cols[-1] + 1) / 2 == pytest.approx(32, abs=3)


def test_boxes_are_tight_around_the_dresses_that_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn all white in a black scene, the dresses are what is lit, and all of it is boxed."""
    _paint_dresses_white(monkeypatch)
    real = rendering_module.set_stage

    def dark_stage(*arguments: object) -> object:
        stage = real(*arguments)  # type: ignore[arg-type]
        stage.image[:] = 0
        stage.things.clear()
        return stage

    monkeypatch.setattr(rendering_module, "set_stage", dark_stage)
    monkeypatch.setattr(rendering_module, "photograph", lambda _, image: image)
    for seed in range(4):
        scene = render_scene(generator(seed), (384, 768), 4, (32, 160))
        lit = scene.image[..., 1] >= 128
        boxed = np.zeros_like(lit)
        for x0, y0, x1, y1 in scene.boxes.astype(int).tolist():
            inside = lit[y0:y1, x0:x1]
            boxed[y0:y1, x0:x1] = True
            assert inside.sum() > 0.3 * inside.size
            edges = inside[:2], inside[-2:], inside[:, :2], inside[:, -2:]
            assert all(edge.any() for edge in edges)
        assert not (lit & ~boxed).any()


def test_boxes_lie_inside_the_frame_and_apart(scenes: list[Scene]) -> None:
    for scene in scenes:
        height, width = scene.image.shape[:2]
        assert scene.image.dtype == np.uint8
        assert scene.boxes.shape == (5, 4)
        assert scene.boxes.dtype == np.float32
        assert (scene.boxes[:, :2] >= 0).all()
        assert (scene.boxes[:, 2:] <= (width, height)).all()
        overlaps = box_iou(scene.boxes, scene.boxes) - np.eye(5)
        assert overlaps.max() < MAX_IOU


def test_a_scene_without_dresses_has_no_boxes() -> None:
    assert render_scene(generator(), (128, 256), 0, (24, 60)).boxes.shape == (0, 4)


def test_heights_are_spread_evenly_over_the_doublings() -> None:
    heights = np.array(spread_heights(generator(), 400, (50, 400)))
    counts, _ = np.histogram(heights, [50, 100, 200, 400])
    assert counts.sum() == 400
    assert counts == pytest.approx(400 / 3, abs=2)
    assert (np.diff(heights) < 0.05 * heights[1:]).all()


def test_drawn_dress_has_the_height_asked_for() -> None:
    rng = generator()
    for height in (40, 90, 200) * 6:
        dress = draw_dress(rng, height)
        x0, y0, x1, y1 = dress.box_xyxy
        assert y1 - y0 == pytest.approx(height, abs=2 + 0.01 * height)
        assert 0.2 < (x1 - x0) / (y1 - y0) < 0.85
        assert (dress.cover <= dress.sprite.alpha).all()


def test_dresses_differ_in_colour_and_shape() -> None:
    drawn = [draw_dress(generator(seed), 80) for seed in range(40)]
    colours = np.array([d.sprite.rgb[d.cover == 255].mean(axis=0) for d in drawn])
    aspects = [(x1 - x0) / (y1 - y0) for x0, y0, x1, y1 in (d.box_xyxy for d in drawn)]
    assert (colours.std(axis=0) > 25).all()
    assert np.std(aspects) > 0.05


@pytest.mark.parametrize("zoom, shift", [(1.0, (0.0, 0.0)), (0.5, (0.1, -0.3)), (2.0, (0.7, 0.2))])
def test_overlap_with_the_own_window_is_the_iou_of_boxes(
    zoom: float, shift: tuple[float, float]
) -> None:
    own = np.array([[-0.5, -0.5, 0.5, 0.5]])
    other = np.array([[shift[0] - zoom / 2, shift[1] - zoom / 2,
                       shift[0] + zoom / 2, shift[1] + zoom / 2]])  # fmt: skip
    assert wrong_overlap(zoom, shift) == pytest.approx(box_iou(own, other)[0, 0])
    assert WRONG_IOU < 0.5


@pytest.mark.parametrize(
    "dresses, heights", [(-1, (48, 200)), (3, (200, 48)), (3, (8, 100)), (3, (48, 255))]
)
def test_scenes_that_cannot_be_meant_are_refused(
    dresses: int, heights: tuple[float, float]
) -> None:
    with pytest.raises(SettingsError, match="expected 0 or more, of ascending heights"):
        render_scene(generator(), (256, 512), dresses, heights)


def test_more_dresses_than_fit_are_refused() -> None:
    with pytest.raises(SettingsError, match="no room for dress"):
        render_scene(generator(), (128, 128), 9, (100, 110))


def test_crop_folders_hold_as_many_pictures_as_asked_for(tmp_path: Path) -> None:
    write_crops(tmp_path, generator(), 5, 2, (64, 32))
    for part, count in (("train", 5), ("val", 2)):
        for label in LABELS:
            files = sorted((tmp_path / part / label).glob("*.png"))
            assert len(files) == count
            assert all(cv2.imread(str(file)).shape == (64, 32, 3) for file in files)


def test_annotations_are_coco_and_match_the_pictures(tmp_path: Path) -> None:
    path = write_scenes(tmp_path, generator(), [(200, 400), (300, 300)], (1, 3), (24, 90))
    coco = json.loads(path.read_text(encoding="utf-8"))
    assert coco["categories"] == [{"id": 1, "name": "dress"}]
    sizes = {}
    for image in coco["images"]:
        assert cv2.imread(str(tmp_path / image["file_name"])).shape[:2] == (
            image["height"],
            image["width"],
        )
        sizes[image["id"]] = image["width"], image["height"]
    assert list(sizes.values()) == [(400, 200), (300, 300)]
    assert len({entry["id"] for entry in coco["annotations"]}) == len(coco["annotations"])
    for entry in coco["annotations"]:
        x, y, width, height = entry["bbox"]
        assert entry["category_id"] == 1
        assert entry["iscrowd"] == entry["ignore"] == 0
        assert entry["area"] == width * height
        assert 0 <= x < x + width <= sizes[entry["image_id"]][0]
        assert 0 <= y < y + height <= sizes[entry["image_id"]][1]


def _paint_dresses_white(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every dress white and whoever wears it black, and switches shadows off."""

    def white_dress(rng: np.random.Generator, height: float, light: float = 0.0) -> object:
        dress = draw_dress(rng, height, light)
        dress.sprite.rgb[:] = dress.cover[..., None]
        return dress

    for module in (crops_module, rendering_module):
        monkeypatch.setattr(module, "draw_dress", white_dress)
    monkeypatch.setattr(crops_module, "cast_shadow", lambda *_: None)
