import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fcn_detect.geometry import (
    ScoreGrid,
    box_areas,
    box_intersections,
    box_iou,
    clip_boxes,
    wholes_of_parts,
)

SIDE = 12  # boxes with whole corners in a square of this side can be compared as sets of pixels

corner = st.integers(0, SIDE)
box = st.tuples(corner, corner, corner, corner).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)
boxes = st.lists(box, max_size=5).map(lambda rows: np.array(rows, np.float64).reshape(-1, 4))


def _pixels(box_xyxy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The pixels that a box with whole corners covers."""
    x0, y0, x1, y1 = box_xyxy.astype(int)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@given(boxes)
def test_the_area_of_a_box_is_its_number_of_pixels(a: NDArray[np.float64]) -> None:
    assert box_areas(a).tolist() == [_pixels(row).sum() for row in a]


def test_an_inverted_box_has_no_area() -> None:
    inverted = np.array([[5, 0, 2, 9], [0, 9, 4, 2], [5, 9, 2, 2]], float)
    assert box_areas(inverted).tolist() == [0, 0, 0]


@given(boxes, boxes)
def test_intersections_count_the_shared_pixels(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> None:
    shared = [[(_pixels(p) & _pixels(q)).sum() for q in b] for p in a]
    np.testing.assert_array_equal(
        box_intersections(a, b), np.array(shared, float).reshape(len(a), len(b))
    )


@given(boxes, boxes)
def test_iou_is_shared_pixels_over_covered_pixels(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> None:
    iou = box_iou(a, b)
    assert iou.shape == (len(a), len(b))
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            covered = (_pixels(p) | _pixels(q)).sum()
            shared = (_pixels(p) & _pixels(q)).sum()
            assert iou[i, j] == (shared / covered if covered else 0)


@given(boxes)
def test_iou_is_symmetric_and_one_on_itself(a: NDArray[np.float64]) -> None:
    iou = box_iou(a, a)
    np.testing.assert_array_equal(iou, iou.T)
    np.testing.assert_array_equal(np.diag(iou), (box_areas(a) > 0).astype(float))


@given(boxes, st.integers(1, SIDE), st.integers(1, SIDE))
def test_clipping_keeps_the_pixels_inside_the_image_and_no_others(
    a: NDArray[np.float64], height: int, width: int
) -> None:
    before = a.copy()
    image = np.zeros((SIDE, SIDE), bool)
    image[:height, :width] = True
    for row, clipped in zip(a, clip_boxes(a, (height, width)), strict=True):
        np.testing.assert_array_equal(_pixels(clipped), _pixels(row) & image)
    np.testing.assert_array_equal(a, before)


def test_clipping_keeps_the_type_and_pulls_in_negative_corners() -> None:
    clipped = clip_boxes(np.array([[-3.5, -1, 90, 7]], np.float32), (6, 80))
    assert clipped.dtype == np.float32
    assert clipped.tolist() == [[0, 0, 80, 6]]


@given(st.floats(0.1, 4), st.floats(0, 20), st.floats(1, 30), st.integers(-9, 9))
def test_the_window_of_an_object_box_is_the_grid_cells_own(
    scale: float, margin: float, side: float, origin: int
) -> None:
    grid = ScoreGrid((5, 7), (4, 8), (40, 100), (origin, -origin), scale)
    rows, cols = (index.ravel() for index in np.indices(grid.size_hw))
    part = (margin, margin / 2, margin + 2 * side, margin / 2 + side)
    windows = wholes_of_parts(grid.parts_xyxy(rows, cols, part), part, grid.crop_hw)
    np.testing.assert_allclose(windows, grid.windows_xyxy(rows, cols), rtol=0, atol=1e-8)


def test_no_boxes_have_no_wholes() -> None:
    assert wholes_of_parts(np.zeros((0, 4)), (1, 1, 2, 2), (4, 4)).shape == (0, 4)
