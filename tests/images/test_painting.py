import numpy as np

from fcn_detect.geometry import PyramidPlan, pack, plan_pyramid
from fcn_detect.images import Halves, add_border, paint_canvas, resize


def test_a_canvas_holds_every_level_as_it_is_alone_whatever_the_threads():
    image = np.random.default_rng(0).integers(1, 256, (70, 101, 3), dtype=np.uint8)
    plan = PyramidPlan((24, 16), (4, 4), (4, 4, 12, 20), min_height=12, step=1.3)
    levels = plan_pyramid((70, 101), plan)
    canvas = pack([level.size_hw for level in levels], (4, 4))
    pixels = paint_canvas(Halves(image), levels, canvas)
    for level, (top, left) in zip(levels, canvas.corners_yx, strict=True):
        height, width = level.size_hw
        alone = add_border(resize(image, level.frame_hw, level.scale), level.border)
        np.testing.assert_array_equal(pixels[top : top + height, left : left + width], alone)
    assert (pixels == 0).all(axis=2).sum() == pixels[..., 0].size - sum(
        level.size_hw[0] * level.size_hw[1] for level in levels
    )
    np.testing.assert_array_equal(paint_canvas(Halves(image), levels, canvas, threads=3), pixels)
