import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.errors import ImageError
from fcn_detect.geometry import Border, Level
from fcn_detect.images import Halves, level_part
from fcn_detect.images import half_store as half_store_module
from fcn_detect.images.decoding import LoadedImage
from fcn_detect.images.half_store import store_halves
from fcn_detect.images.row_readers import LoadedRows


def noise(height, width):
    return np.random.default_rng(height * 999 + width).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


class Bands(LoadedRows):
    """Rows in bands of any heights."""

    def __init__(self, pixels, heights):
        super().__init__(LoadedImage(pixels))
        self.heights = heights

    def bands(self):
        top = 0
        while top < self.image_hw[0]:
            rows = self.heights[top % len(self.heights)]
            yield self._pixels[top : top + rows]
            top += rows


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    heights=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    data=st.data(),
)
@settings(deadline=None, max_examples=40)
def test_the_halves_on_disk_are_those_in_memory(height, width, heights, data):
    pixels = noise(height, width)
    store, halves = store_halves(Bands(pixels, heights)), Halves(pixels)
    for times in range(8):
        size_hw = store.octave_hw(times)
        assert size_hw == halves.octave_hw(times)
        rows, cols = (
            range(a, data.draw(st.integers(a + 1, side)))
            for side in size_hw
            for a in [data.draw(st.integers(0, side - 1))]
        )
        parts = [np.asarray(octaves.part(times, rows, cols)) for octaves in (store, halves)]
        np.testing.assert_array_equal(*parts)
        if size_hw == (1, 1):
            break
    store.close()


def test_a_level_from_disk_is_the_level_from_memory():
    pixels = noise(700, 400)
    store, halves = store_halves(LoadedRows(LoadedImage(pixels))), Halves(pixels)
    for scale in (0.07, 0.4, 0.9, 1.0, 1.7):
        level = Level(scale, (int(700 * scale), int(400 * scale)), Border(3, 5, 2, 9))
        rows, cols = (range(side // 3, side) for side in level.size_hw)
        np.testing.assert_array_equal(
            level_part(store, level, rows, cols), level_part(halves, level, rows, cols)
        )
    store.close()


def test_the_files_go_with_the_object(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = store_halves(LoadedRows(LoadedImage(noise(20, 30))))
    assert len(list(tmp_path.iterdir())) == 1
    del store
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_fails_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    class Damaged(LoadedRows):
        def bands(self):
            yield self._pixels[:4]
            raise ImageError("corrupt", "row 5 is damaged")

    with pytest.raises(ImageError, match="row 5"):
        store_halves(Damaged(LoadedImage(noise(20, 30))))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_said_before_anything_is_read(monkeypatch):
    usage = half_store_module.shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(half_store_module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ImageError, match="TMPDIR") as caught:
        store_halves(LoadedRows(LoadedImage(noise(20, 30))))
    assert caught.value.kind == "out_of_memory"
    assert "\n" not in str(caught.value)


def test_progress_is_told_in_megapixels():
    told = []
    pixels = np.zeros((2000, 1500, 3), np.uint8)
    store_halves(LoadedRows(LoadedImage(pixels)), lambda *facts: told.append(facts)).close()
    assert told[0][1] < told[-1][1]
    assert told[-1] == ("reading", 3, 3, "megapixels")
    assert [done for _, done, _, _ in told] == sorted(done for _, done, _, _ in told)


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(ImageError, match="No such file or directory; point TMPDIR") as caught:
        store_halves(LoadedRows(LoadedImage(noise(20, 30))))
    assert caught.value.kind == "out_of_memory"
