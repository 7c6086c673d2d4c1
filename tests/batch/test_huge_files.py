"""Huge images that another process lays on disk: the same pixels, or a failure of a named kind."""

import tempfile

import numpy as np
import pytest
from huge_layers import dies, no_row, slow
from PIL import Image

from fcn_detect.batch.huge_files import store_apart
from fcn_detect.errors import ImageError
from fcn_detect.images import StreamingRules, huge_header, store_image

RULES = StreamingRules(max_pixels=10_000_000)


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """A picture, and a folder for temporary files that ought to be empty afterwards."""
    pixels = np.random.default_rng(0).integers(0, 256, (211, 130, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "a.png"


def laid(path, **how):
    header = huge_header(path, stream_pixels=1000)
    assert header is not None
    return store_apart(path, header, RULES, **{"limit_s": 60.0, **how})


def test_the_halves_are_those_of_one_process_and_go_with_the_object(picture):
    told = []
    store = laid(picture, progress=lambda *facts: told.append(facts))
    here = store_image(picture, huge_header(picture, 1000), RULES)
    assert store.image_hw == here.image_hw == (211, 130)
    for times in range(8):
        assert store.file(times).read_bytes() == here.file(times).read_bytes()
    assert told
    assert told[-1][0] == "reading"
    store.close()
    here.close()
    assert not list((picture.parent / "tmp").iterdir())


@pytest.mark.parametrize(
    ("layer", "kind", "words"),
    [(no_row, "timeout", "no row of the picture came for 1 s"), (dies, "crashed", "exit code 7")],
)
def test_one_that_hangs_or_dies_is_a_failure_and_leaves_nothing(picture, layer, kind, words):
    with pytest.raises(ImageError, match=words) as caught:
        laid(picture, layer=layer, limit_s=1.0)
    assert caught.value.kind == kind
    assert not list((picture.parent / "tmp").iterdir())


def test_the_limit_is_of_silence_and_not_of_the_whole(picture):
    store = laid(picture, layer=slow, limit_s=2.5)
    assert (store.image_hw, store.notes) == ((1, 1), ["slow"])


def test_a_damaged_picture_is_refused_as_in_one_process(picture):
    header = huge_header(picture, 1000)
    picture.write_bytes(picture.read_bytes()[:5000])
    with pytest.raises(ImageError) as here:
        store_image(picture, header, RULES)
    with pytest.raises(ImageError) as apart:
        store_apart(picture, header, RULES, limit_s=60.0)
    assert (apart.value.kind, str(apart.value)) == (here.value.kind, str(here.value))
