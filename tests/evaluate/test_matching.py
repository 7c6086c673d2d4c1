from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from fcn_detect.evaluate import Matches, match_detections

Box = Sequence[float]
WHOLE: Box = [0, 0, 10, 10]
FAR: Box = [50, 50, 60, 60]


def _match(
    boxes: Sequence[Box], scores: list[float], true: Sequence[Box], ignore: list[bool]
) -> Matches:
    def array(many: Sequence[Box]) -> NDArray[np.float32]:
        return np.array(many, np.float32).reshape(-1, 4)

    return match_detections(
        array(boxes), np.array(scores, np.float32), array(true), np.array(ignore, np.bool_)
    )


def test_overlap_equal_to_the_threshold_matches_and_less_does_not() -> None:
    half, less = [0, 0, 10, 5], [0, 0, 10, 4.99]
    assert _match([half], [0.5], [WHOLE], [False]).flags.tolist() == [1]
    assert _match([less], [0.5], [WHOLE], [False]).flags.tolist() == [0]


def test_the_threshold_is_a_choice() -> None:
    args = (np.array([[0, 0, 10, 5.0]]), np.ones(1), np.array([WHOLE]), np.zeros(1, np.bool_))
    assert match_detections(*args, iou_threshold=0.75).flags.tolist() == [0]


def test_the_best_score_chooses_first_whatever_the_order() -> None:
    near, same = [1, 0, 11, 10], WHOLE
    matches = _match([same, near], [0.3, 0.9], [WHOLE], [False])
    assert matches.flags.tolist() == [0, 1]
    assert matches.true_index.tolist() == [-1, 0]


def test_equal_scores_choose_in_the_order_of_their_boxes() -> None:
    near = [1, 0, 11, 10]
    cases: list[tuple[list[Box], list[int]]] = [([near, WHOLE], [0, 1]), ([WHOLE, near], [1, 0])]
    for boxes, flags in cases:
        assert _match(boxes, [0.5, 0.5], [WHOLE], [False]).flags.tolist() == flags


def test_a_detection_takes_the_free_box_that_it_overlaps_most() -> None:
    true: list[Box] = [[2, 0, 12, 10], [1, 0, 11, 10]]
    matches = _match([WHOLE, WHOLE, WHOLE], [0.9, 0.8, 0.7], true, [False, False])
    assert matches.flags.tolist() == [1, 1, 0]
    assert matches.true_index.tolist() == [1, 0, -1]


def test_a_normal_box_comes_before_an_ignore_box_that_fits_better() -> None:
    matches = _match([WHOLE], [0.5], [WHOLE, [0, 0, 10, 6]], [True, False])
    assert matches.flags.tolist() == [1]
    assert matches.true_index.tolist() == [1]


def test_an_ignore_box_takes_any_number_of_detections() -> None:
    matches = _match([WHOLE, WHOLE, WHOLE], [0.9, 0.8, 0.7], [WHOLE], [True])
    assert matches.flags.tolist() == [-1, -1, -1]
    assert matches.true_index.tolist() == [0, 0, 0]


def test_below_an_ignore_box_the_area_of_the_detection_counts() -> None:
    crowd: Box = [0, 0, 100, 100]
    half_in, less_in = [-5, 0, 5, 10], [-6, 0, 4, 10]
    assert _match([WHOLE, half_in, less_in], [0.9, 0.8, 0.7], [crowd], [True]).flags.tolist() == [
        -1,
        -1,
        0,
    ]
    assert _match([WHOLE], [0.9], [crowd], [False]).flags.tolist() == [0]


def test_a_second_detection_of_a_found_object_may_fall_on_an_ignore_box() -> None:
    matches = _match([WHOLE, WHOLE], [0.9, 0.8], [WHOLE, WHOLE], [False, True])
    assert matches.flags.tolist() == [1, -1]


def test_a_box_without_area_matches_nothing() -> None:
    assert _match([[1, 1, 1, 5]], [0.9], [WHOLE], [True]).flags.tolist() == [0]
    assert _match([[1, 1, 1, 5]], [0.9], [[1, 1, 1, 5]], [False]).flags.tolist() == [0]


@pytest.mark.parametrize("boxes, true", [([], []), ([FAR], []), ([], [WHOLE])])
def test_empty_sides_match_nothing(boxes: list[Box], true: list[Box]) -> None:
    matches = _match(boxes, [0.5] * len(boxes), true, [False] * len(true))
    assert matches.flags.tolist() == [0] * len(boxes)
    assert matches.flags.dtype == np.int8
    assert matches.true_index.tolist() == [-1] * len(boxes)
