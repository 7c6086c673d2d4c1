import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.evaluate import (
    REFERENCE_FPPI,
    MissRateCurve,
    log_average_miss_rate,
    match_detections,
    max_recall,
    miss_rate_at,
    miss_rate_curve,
    recall_at,
)

Box = tuple[int, int, int, int]
Image = tuple[list[tuple[Box, int]], list[tuple[Box, bool]]]  # (box, score), (box, ignore)


def _curve(*points: tuple[float, float]) -> MissRateCurve:
    array = np.array(points, np.float64).reshape(-1, 2)
    return MissRateCurve(array[:, 0], array[:, 1])


def _pooled(flags: list[int], scores: list[float], images: int, boxes: int) -> MissRateCurve:
    return miss_rate_curve(np.array(flags, np.int8), np.array(scores, np.float32), images, boxes)


@pytest.mark.parametrize(
    "curve, expected",
    [
        # three references before 0.05, one before 0.1, five from 0.1 on
        (_curve((0.005, 0.6), (0.05, 0.4), (0.1, 0.3)), (0.6**3 * 0.4 * 0.3**5) ** (1 / 9)),
        (_curve(), 1.0),
        (_curve((2.0, 0.1)), 1.0),  # begins behind the last reference
        (_curve((0.01, 0.5)), 0.5),  # equality with the first reference counts
        (_curve((0.011, 0.5)), (1 * 0.5**8) ** (1 / 9)),
        (_curve((1.0, 0.5)), 0.5 ** (1 / 9)),
        (_curve((0.0, 0.5), (0.0, 0.25), (3.0, 0.0)), 0.25),  # the last of equal points
        (_curve((0.0, 0.0)), 1e-10),
    ],
)
def test_hand_computed_curves_give_their_log_average(curve: MissRateCurve, expected: float) -> None:
    assert log_average_miss_rate(curve) == pytest.approx(expected, rel=1e-12)


def test_a_curve_that_ends_early_keeps_its_last_value() -> None:
    curve = _curve((0.005, 0.6), (0.05, 0.4), (0.1, 0.3))
    assert log_average_miss_rate(curve) == pytest.approx(0.390, abs=5e-4)
    assert miss_rate_at(curve, [0.001, 0.005, 0.07, 0.1, 50]).tolist() == [1, 0.6, 0.4, 0.3, 0.3]


def test_round_numbers_of_false_alarms_hit_their_reference_exactly() -> None:
    assert REFERENCE_FPPI[[0, 4, 8]].tolist() == [1 / 100, 10 / 100, 1.0]


def test_the_curve_pools_images_by_score_and_drops_what_does_not_count() -> None:
    curve = _pooled([0, 1, -1, 1, 0], [0.2, 0.9, 0.95, 0.5, 0.7], images=4, boxes=5)
    assert curve.fppi.tolist() == [0, 0.25, 0.25, 0.5]
    assert curve.miss_rate.tolist() == pytest.approx([0.8, 0.8, 0.6, 0.6])
    assert recall_at(curve, 0.1) == pytest.approx(0.2)
    assert recall_at(curve, 1) == max_recall(curve) == pytest.approx(0.4)


def test_no_detections_miss_everything() -> None:
    for flags in ([], [-1, -1]):
        curve = _pooled(flags, [0.5] * len(flags), images=3, boxes=2)
        assert log_average_miss_rate(curve) == 1.0
        assert recall_at(curve, 1) == max_recall(curve) == 0.0


def test_without_objects_to_find_there_is_no_miss_rate() -> None:
    assert math.isnan(log_average_miss_rate(_pooled([0], [0.5], images=1, boxes=0)))


corner = st.integers(0, 6)
boxes = st.builds(
    lambda x, y, w, h: (x, y, x + w, y + h), corner, corner, st.integers(1, 8), st.integers(1, 8)
)
images = st.lists(
    st.tuples(
        st.lists(st.tuples(boxes, st.integers(0, 1000)), max_size=5),
        st.lists(st.tuples(boxes, st.booleans()), max_size=4),
    ),
    min_size=1,
    max_size=4,
)


def _distinct_scores(many: list[Image]) -> list[Image]:
    """Adds a fraction that differs between detections, so that no tie is left to chance."""
    count = 0
    spread: list[Image] = []
    for found, truth in many:
        spread.append(
            ([(box, score * 64 + count + i) for i, (box, score) in enumerate(found)], truth)
        )
        count += len(found)
    return spread


def _area(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def _slow_flag(box: Box, free: list[Box], ignored: list[Box]) -> int:
    """Dollár's rules in whole numbers for one detection; takes what it matches from `free`."""

    def shared(other: Box) -> int:
        low, high = map(max, box[:2], other[:2]), map(min, box[2:], other[2:])
        return _area((*low, *high))  # type: ignore[arg-type]

    def iou(other: Box) -> Fraction:
        return Fraction(shared(other), _area(box) + _area(other) - shared(other))

    good = [other for other in sorted(free) if iou(other) >= Fraction(1, 2)]
    if good:
        free.remove(max(good, key=iou))
        return 1
    return -1 if any(2 * shared(other) >= _area(box) for other in ignored) else 0


def _slow_log_average(many: list[Image]) -> float:
    pooled: list[tuple[int, int]] = []
    for found, truth in many:
        free = [box for box, ignore in truth if not ignore]
        ignored = [box for box, ignore in truth if ignore]
        for box, score in sorted(found, key=lambda pair: -pair[1]):
            pooled.append((score, _slow_flag(box, free, ignored)))
    total = sum(not ignore for _, truth in many for _, ignore in truth)
    product = 0.0
    for step in range(9):
        miss = 1.0
        for threshold, _ in pooled:
            flags = [flag for score, flag in pooled if score >= threshold]
            if flags.count(0) <= 10 ** (-2 + step / 4) * len(many) + 1e-9:
                miss = min(miss, 1 - flags.count(1) / total)
        product += math.log(max(1e-10, miss)) / 9
    return math.exp(product)


def _fast_log_average(many: list[Image]) -> float:
    flags, scores, total = [], [], 0
    for found, truth in many:
        true_boxes = np.array(sorted(box for box, _ in truth), np.float32).reshape(-1, 4)
        ignore = np.array([ignored for _, ignored in sorted(truth)], np.bool_)
        values = np.array([score for _, score in found], np.float64)
        found_boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
        flags.append(match_detections(found_boxes, values, true_boxes, ignore).flags)
        scores.append(values)
        total += int((~ignore).sum())
    curve = miss_rate_curve(np.concatenate(flags), np.concatenate(scores), len(many), total)
    return log_average_miss_rate(curve)


@given(images)
def test_the_log_average_equals_a_slow_implementation_of_the_rules(many: list[Image]) -> None:
    many = _distinct_scores(many)
    if any(not ignore for _, truth in many for _, ignore in truth):
        assert _fast_log_average(many) == pytest.approx(_slow_log_average(many), rel=1e-9)


@given(st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 9)), max_size=30))
def test_corners_keep_every_value_of_the_curve(pairs: list[tuple[int, int]]) -> None:
    curve = _pooled([f for f, _ in pairs], [s / 10 for _, s in pairs], images=3, boxes=30)
    few = curve.corners()
    where = np.linspace(0, 12, 200)
    assert miss_rate_at(few, where).tolist() == miss_rate_at(curve, where).tolist()
    assert len(few.fppi) <= sum(f == 1 for f, _ in pairs) + 1


@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(0, 9)), min_size=1, max_size=30))
def test_the_curve_is_a_falling_staircase(pairs: list[tuple[int, int]]) -> None:
    curve = _pooled([f for f, _ in pairs], [s / 10 for _, s in pairs], images=3, boxes=30)
    assert (np.diff(curve.fppi) >= 0).all()
    assert (np.diff(curve.miss_rate) <= 0).all()
    assert 1e-10 <= log_average_miss_rate(curve) <= 1
