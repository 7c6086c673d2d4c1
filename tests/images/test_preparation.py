import numpy as np
import pytest
from PIL import Image

from fcn_detect.geometry import PyramidPlan, plan_passes, plan_pyramid
from fcn_detect.images import Halves, Preparation, paint_passes, prepare, read_image

PLAN = PyramidPlan((24, 16), (4, 4), (4, 4, 12, 20), min_height=12, step=1.3)


@pytest.fixture
def file(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.mark.parametrize("pass_pixels", [10_000, 1_000_000])
def test_an_image_is_packed_as_its_pyramid_asks(file, pass_pixels):
    prepared = prepare(file, Preparation(plan=PLAN, pass_pixels=pass_pixels))
    levels = plan_pyramid((60, 90), PLAN)
    passes = plan_passes(tuple(level.size_hw for level in levels), (4, 4), pass_pixels)
    if pass_pixels == 10_000:  # the largest level is larger
        assert prepared.canvases is None
        assert np.array_equal(prepared.image.pixels, read_image(file).pixels)
        return
    painted = paint_passes(Halves(read_image(file).pixels), levels, passes)
    assert all(map(np.array_equal, prepared.canvases, painted))
    assert prepared.image is None
    assert prepared.image_hw == (60, 90)


def test_without_a_plan_or_a_level_an_image_is_only_read(file):
    tall = PyramidPlan((24, 16), (4, 4), (4, 4, 12, 20), min_height=900)
    for plan in (None, tall):
        prepared = prepare(file, Preparation(plan=plan, pass_pixels=1_000_000))
        assert prepared.canvases is None
        assert np.array_equal(prepared.image.pixels, read_image(file).pixels)
