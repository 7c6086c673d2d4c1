import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.evaluate import EqualErrorPoint, equal_error_point


def _point(flags: list[int], scores: list[float], objects: int) -> EqualErrorPoint:
    return equal_error_point(np.array(flags, np.int8), np.array(scores, np.float64), objects)


@pytest.mark.parametrize(
    "flags, scores, objects, rate, threshold",
    [
        ([1, 1, 1], [0.9, 0.8, 0.7], 3, 1.0, 0.7),
        ([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.6], 3, 2 / 3, 0.7),
        ([1, 1, 0, 0], [0.6, 0.7, 0.8, 0.9], 2, 0.0, 0.8),
        ([1, 1, 1, 0], [0.9, 0.8, 0.7, 0.6], 3, 1.0, 0.7),  # what comes later does not matter
        ([1, -1, 1], [0.9, 0.8, 0.7], 2, 1.0, 0.7),  # neither right nor wrong
        ([1, 0], [0.9, 0.8], 4, 0.25, 0.0),  # fewer detections than objects
        ([], [], 4, 0.0, 0.0),
    ],
)
def test_hand_computed_detections_give_their_equal_error_point(
    flags: list[int], scores: list[float], objects: int, rate: float, threshold: float
) -> None:
    point = _point(flags, scores, objects)
    assert point.rate == pytest.approx(rate)
    assert point.threshold == threshold


def test_of_equal_scores_the_wrong_come_first_whatever_the_order() -> None:
    for flags in ([1, 0, 1], [0, 1, 1], [1, 1, 0]):
        assert _point(flags, [0.5, 0.5, 0.5], 2).rate == 0.5


def test_without_objects_there_is_no_such_point() -> None:
    assert math.isnan(_point([0, 0], [0.9, 0.8], 0).rate)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.data(), st.randoms())
def test_recall_equals_precision_above_the_threshold(
    right: list[bool], data: st.DataObject, random: object
) -> None:
    objects = data.draw(st.integers(max(1, sum(right)), len(right)))
    scores = [i / 100 for i in range(len(right))]
    random.shuffle(scores)  # type: ignore[attr-defined]
    point = _point([int(r) for r in right], scores, objects)
    counted = [r for r, score in zip(right, scores, strict=True) if score >= point.threshold]
    recall, precision = sum(counted) / objects, sum(counted) / len(counted)
    assert recall == precision == point.rate
