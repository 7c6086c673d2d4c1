import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.backends import Backend
from fcn_detect.backends.fake import FakeBackend
from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, Search, TiledSearch, heat_map, score_pyramid, streaming
from fcn_detect.geometry import plan_pyramid
from fcn_detect.images import Halves
from fcn_detect.results import ModelHeader

Pixels = NDArray[np.uint8]

HEADER = ModelHeader(
    net="fake",
    crop_hw=(24, 16),
    labels=("spot",),
    object_box=(4, 4, 12, 20),
    stride_hw=(4, 4),
    exact=True,
    threshold=0.7,
)


def _spots(seed: int, height: int, width: int) -> Pixels:
    """White blobs of several sizes on a noisy ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    light = rng.uniform(0, 0.3, (height, width))
    for _ in range(int(rng.integers(2, 8))):
        radius = rng.uniform(6, 30)
        distance = np.hypot(y - rng.uniform(0, height), x - rng.uniform(0, width)) / radius
        light = np.maximum(light, np.clip(1.3 - distance, 0, 1))
    return np.repeat((255 * light).astype(np.uint8)[..., None], 3, axis=2)


def _detector(backend: Backend | None = None, **settings: Any) -> Detector:
    given = {"min_height": 10.0, "box_voting": 0.5, **settings}
    return Detector(backend or FakeBackend(HEADER), DetectSettings(**given))


def _tiled(detector: Detector, path: Path) -> TiledSearch:
    result, search = detector.result(path)
    assert result.failure is None
    assert isinstance(search, TiledSearch)
    return search


def _same(tiled: TiledSearch, whole: Search, tolerance: float = 0.0) -> None:
    assert len(whole.detections) == len(tiled.detections) > 0
    assert tiled.detections.labels == whole.detections.labels
    np.testing.assert_allclose(tiled.detections.boxes, whole.detections.boxes, atol=100 * tolerance)
    np.testing.assert_allclose(tiled.detections.scores, whole.detections.scores, atol=tolerance)
    if not tolerance:
        for name in ("levels", "rows", "cols", "boxes"):
            values = (getattr(search.candidates, name) for search in (tiled, whole))
            np.testing.assert_array_equal(*values)


@pytest.mark.parametrize("seed", range(50))
def test_tiled_is_untiled_box_for_box(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 2:  # every other image is read by Pillow
        monkeypatch.setitem(sys.modules, "pyvips", None)
    rng = np.random.default_rng([seed, 1])
    height, width = (int(side) for side in rng.integers(30, 220, 2))
    path = tmp_path / "a.png"
    Image.fromarray(_spots(seed, height, width)).save(path)
    whole = _detector(reduced_reading=False).search(path)
    monkeypatch.setattr(streaming, "TILE_PIXELS", int(rng.integers(2000, 20_000)))
    _same(_tiled(_detector(stream_pixels=500), path), whole)


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["libvips", "Pillow"])
@pytest.mark.parametrize("seed", range(50))
def test_every_tile_size_and_reader_gives_the_same_boxes(
    seed: int, reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JPEG, PNG and TIFF in turn; from tiles of a few windows to one tile for all."""
    if reader == "Pillow":
        monkeypatch.setitem(sys.modules, "pyvips", None)
    else:
        pytest.importorskip("pyvips")
    rng = np.random.default_rng([seed, 2])
    height, width = (int(side) for side in rng.integers(30, 220, 2))
    path = tmp_path / f"a{('.png', '.jpg', '.tif')[seed % 3]}"
    Image.fromarray(_spots(seed, height, width)).save(path)
    whole = _detector(reduced_reading=False).search(path)
    for most in (2000, 8000, 10_000_000):
        monkeypatch.setattr(streaming, "TILE_PIXELS", most)
        _same(_tiled(_detector(stream_pixels=500), path), whole)


@pytest.mark.parametrize("most", [4000, 9000])
@pytest.mark.parametrize("size_hw", [(150, 170), (83, 221)])
def test_tiled_is_untiled_with_a_real_net_to_rounding(
    most: int, size_hw: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = TorchBackend(*untrained("valid-small", (56, 48)), device="cpu")
    path = tmp_path / "a.png"
    noise = np.random.default_rng(2).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    settings: dict[str, Any] = {"min_height": 40, "step": 1.4, "keep": 0.0, "box_voting": None}
    whole = _detector(backend, **settings).search(path)
    monkeypatch.setattr(streaming, "TILE_PIXELS", most)
    detector = _detector(backend, **settings, stream_pixels=1000)
    levels = plan_pyramid(size_hw, detector.plan)
    maps = score_pyramid(backend, Halves(noise), levels)
    for part in streaming.score_parts(backend, Halves(noise), levels):
        rows, cols = part.tile.rows, part.tile.cols
        own = maps[part.level].values[:, rows.start : rows.stop, cols.start : cols.stop]
        np.testing.assert_allclose(part.score_map.values, own, atol=1e-5)
    best = slice(0, 20)  # the order of near ties is up to rounding
    tiled = _tiled(detector, path)
    np.testing.assert_allclose(
        tiled.detections.scores[best], whole.detections.scores[best], atol=1e-5
    )


def test_a_level_that_is_too_large_is_tiled_though_the_image_is_small(tmp_path: Path) -> None:
    image = _spots(3, 120, 150)
    whole = _detector().search(image)
    assert max(level.size_hw[0] * level.size_hw[1] for level in whole.levels) > 40_000
    detector = _detector(stream_pixels=40_000)
    assert detector(image) == whole.detections
    Image.fromarray(image).save(tmp_path / "a.png")
    _same(_tiled(detector, tmp_path / "a.png"), whole)


def test_the_record_says_that_it_was_searched_in_tiles(tmp_path: Path) -> None:
    Image.fromarray(_spots(0, 90, 100)).save(tmp_path / "a.png")
    result, search = _detector(stream_pixels=500).result(tmp_path / "a.png")
    assert isinstance(search, TiledSearch)
    assert (result.height, result.width) == (90, 100)
    rows, cols = search.levels[0].grid((24, 16), (4, 4)).size_hw
    said = f"searched in tiles: the largest score map has {rows} rows and {cols} columns"
    assert said in result.warnings
    assert _detector().result(tmp_path / "a.png")[0].warnings == ()


def test_progress_ends_at_all_megapixels_of_the_pyramid(tmp_path: Path) -> None:
    told: list[tuple[str, int, int, str]] = []

    def progress(task: str, done: int, total: int, note: str = "") -> None:
        told.append((task, done, total, note))

    Image.fromarray(np.zeros((1200, 1500, 3), np.uint8)).save(tmp_path / "a.png")
    _detector(stream_pixels=500, min_height=16).result(tmp_path / "a.png", progress=progress)
    assert {task for task, *_ in told} == {"reading", "searching"}
    for task in ("reading", "searching"):
        last = [facts for facts in told if facts[0] == task][-1]
        assert last[1] == last[2] > 0
        assert last[3] == "megapixels"


def test_a_padded_net_refuses_what_it_cannot_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = FakeBackend(HEADER.model_copy(update={"exact": False}))
    Image.fromarray(_spots(0, 90, 100)).save(tmp_path / "a.png")
    detector = _detector(padded, stream_pixels=500)
    assert isinstance(detector.result(tmp_path / "a.png")[1], Search)
    monkeypatch.setattr("fcn_detect.detect.detector.DEFAULT_MAX_PIXELS", 8000)
    result, search = detector.result(tmp_path / "a.png")
    assert search is None
    assert result.failure is not None
    assert result.failure.kind == "too_large"
    assert "padded net fake" in result.failure.message
    image = Halves(_spots(0, 90, 100))
    with pytest.raises(ValueError, match="padded"):
        list(streaming.score_parts(padded, image, plan_pyramid((90, 100), detector.plan)))


def test_a_failure_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(_spots(0, 90, 100)).save(path)
    path.write_bytes(path.read_bytes()[:-3000])
    result, search = _detector(stream_pixels=500).result(path)
    assert search is None
    assert result.failure is not None
    assert result.failure.kind == "truncated"
    Image.fromarray(_spots(0, 90, 100)).save(path)
    for settings in ({"stream_pixels": 500}, {}):  # in parts, whole
        result, _ = _detector(max_pixels=600, **settings).result(path)
        assert result.failure is not None
        assert result.failure.kind == "too_large"
        assert "detect.max_pixels" in result.failure.message


def test_the_heat_map_of_tiles_is_the_heat_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one pixel stands for one, to the rounding of 8 bits and of the interpolation."""
    image = _spots(5, 200, 260)
    Image.fromarray(image).save(tmp_path / "a.png")
    settings = {"min_height": 4.0, "max_height": 30.0}  # at scale 4 the cells lie 1 px apart
    whole = _detector(**settings).search(image)
    expected = heat_map(whole.score_maps, HEADER.calibration, (200, 260))
    monkeypatch.setattr(streaming, "TILE_PIXELS", 5000)
    monkeypatch.setattr("fcn_detect.detect.large_heat_map.BLOCK", 64)
    detector = _detector(**settings, stream_pixels=500)
    _, tiled = detector.result(tmp_path / "a.png", heat=True)
    assert isinstance(tiled, TiledSearch)
    assert tiled.heat is not None
    assert tiled.heat.pixel == 1
    assert tiled.heat.pixels.shape == (200, 260)
    assert np.abs(tiled.heat.pixels / 255 - expected).max() < 0.02
