from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fcn_detect.evaluate import Matches, center_distances, match_centers

Box = Sequence[float]
CAR: Box = [200, 80, 300, 120]  # 100x40 around (250, 100): half-axes of 25 and 10 px


def _around(x: float, y: float, width: float = 100, height: float | None = None) -> Box:
    height = 0.4 * width if height is None else height
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def _match(
    boxes: Sequence[Box], scores: list[float], true: Sequence[Box], *, widths: bool = False
) -> Matches:
    def array(many: Sequence[Box]) -> NDArray[np.float64]:
        return np.array(many, np.float64).reshape(-1, 4)

    return match_centers(array(boxes), np.array(scores), array(true), widths=widths)


@pytest.mark.parametrize(
    "x, y, right",
    [
        (275, 100, 1),  # a quarter of the width away: on the ellipse
        (275.1, 100, 0),
        (250, 110, 1),  # a quarter of the height
        (250, 89.9, 0),
        (235, 108, 1),  # (15 / 25)^2 + (8 / 10)^2 = 1
        (234, 108, 0),
        (265, 93, 1),  # 0.36 + 0.49
    ],
)
def test_centres_within_the_ellipse_are_right(x: float, y: float, right: int) -> None:
    assert _match([_around(x, y)], [0.5], [CAR]).flags.tolist() == [right]


def test_the_ellipse_is_that_of_the_true_box() -> None:
    wide = _around(250, 100, 200)  # half-axes of 50 and 20 px
    assert _match([_around(300, 100)], [0.5], [wide]).flags.tolist() == [1]
    assert _match([_around(300, 100, 200)], [0.5], [CAR]).flags.tolist() == [0]


@pytest.mark.parametrize(
    "x, width, right",
    [
        (250, 125, 1),
        (250, 75, 1),
        (250, 125.5, 0),
        (270, 115, 1),  # (20 / 25)^2 + (15 / 25)^2 = 1
        (270, 116, 0),
        (270, 84, 0),
    ],
)
def test_widths_count_as_a_third_axis_where_asked(x: float, width: float, right: int) -> None:
    found = _around(x, 100, width)
    assert _match([found], [0.5], [CAR], widths=True).flags.tolist() == [right]
    assert _match([found], [0.5], [CAR]).flags.tolist() == [1]


def test_heights_do_not_count_but_by_the_centre() -> None:
    assert _match([_around(250, 100, height=10)], [0.5], [CAR], widths=True).flags.tolist() == [1]


def test_an_object_is_found_once_by_the_best_score() -> None:
    matches = _match([CAR, _around(260, 100), CAR], [0.3, 0.9, 0.8], [CAR])
    assert matches.flags.tolist() == [0, 1, 0]
    assert matches.true_index.tolist() == [-1, 0, -1]


def test_a_detection_takes_the_nearest_free_object() -> None:
    left, right = _around(240, 100), _around(256, 100)
    matches = _match([CAR, CAR, CAR], [0.7, 0.9, 0.8], [left, right])
    assert matches.true_index.tolist() == [-1, 1, 0]


@pytest.mark.parametrize("boxes, true", [([], []), ([CAR], []), ([], [CAR])])
def test_empty_sides_match_nothing(boxes: list[Box], true: list[Box]) -> None:
    matches = _match(boxes, [0.5] * len(boxes), true)
    assert matches.flags.tolist() == [0] * len(boxes)
    assert matches.flags.dtype == np.int8


numbers = st.integers(0, 200)
centres = st.lists(st.tuples(numbers, numbers, st.integers(10, 200)), max_size=5)


@given(centres, centres, st.booleans())
def test_distances_follow_the_rule_as_the_data_sets_readme_words_it(
    found: list[tuple[int, int, int]], true: list[tuple[int, int, int]], widths: bool
) -> None:
    def rule(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
        w, h = b[2], 0.4 * b[2]
        terms = ((a[1] - b[1]) / (0.25 * h)) ** 2 + ((a[0] - b[0]) / (0.25 * w)) ** 2
        return terms + ((a[2] - w) / (0.25 * w)) ** 2 if widths else terms

    boxes, true_boxes = (
        np.array([_around(*c) for c in many]).reshape(-1, 4) for many in (found, true)
    )
    expected = np.array([[rule(a, b) for b in true] for a in found]).reshape(len(found), len(true))
    distances = center_distances(boxes, true_boxes, widths=widths)
    np.testing.assert_allclose(distances, expected, rtol=1e-9, atol=1e-9)
