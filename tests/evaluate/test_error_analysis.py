import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.evaluate import ErrorAnalysis, evaluate
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult

Box = tuple[float, float, float, float]
OBJECT: Box = (100, 100, 140, 200)


def _errors(found: list[tuple[Box, float]], true: list[Box], images: int = 1) -> ErrorAnalysis:
    """Everything is in the first of some images of 400 x 300 pixels."""
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float32)
    corners = np.array(true, np.float32).reshape(-1, 4)
    empty = np.zeros((0, 4), np.float32)
    results = [ImageResult("0", 400, 300, Detections(boxes, scores, ["a"] * len(found)))]
    results += [ImageResult(str(i), 400, 300, Detections.empty()) for i in range(1, images)]
    truth = [ImageAnnotations("0", 400, 300, corners, ["a"] * len(true), np.zeros(len(true), bool))]
    truth += [
        ImageAnnotations(str(i), 400, 300, empty, [], np.zeros(0, bool)) for i in range(1, images)
    ]
    return evaluate(results, Annotations(truth, ["a"])).classes["a"].errors


def _moved(box: Box, x: float, y: float = 0) -> Box:
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y)


def test_only_detections_up_to_one_false_alarm_an_image_are_looked_at() -> None:
    far = [(_moved(OBJECT, 100), 0.9), (_moved(OBJECT, 150), 0.8)]
    errors = _errors([*far, (OBJECT, 0.7)], [OBJECT])
    assert (errors.false_alarms, errors.found, errors.missed) == (1, 0, 1)
    assert errors.threshold == pytest.approx(0.9)
    errors = _errors([*far, (OBJECT, 0.7)], [OBJECT], images=2)
    assert (errors.false_alarms, errors.found, errors.missed) == (2, 1, 0)
    assert errors.threshold == pytest.approx(0.7)


@pytest.mark.parametrize(
    "found, kind",
    [
        ([(OBJECT, 0.9), (_moved(OBJECT, 10), 0.8)], "duplicates"),  # IoU 0.6 with what was found
        ([(OBJECT, 0.9), (_moved(OBJECT, 20), 0.8)], "badly_placed"),  # IoU 1/3
        ([(_moved(OBJECT, 20), 0.8)], "badly_placed"),
        ([(OBJECT, 0.9), (_moved(OBJECT, 36), 0.8)], "background"),  # IoU 1/19
        ([(_moved(OBJECT, 100), 0.8)], "background"),
    ],
)
def test_a_false_alarm_is_of_one_kind(found: list[tuple[Box, float]], kind: str) -> None:
    errors = _errors(found, [OBJECT])
    kinds = {name: getattr(errors, name) for name in ("duplicates", "badly_placed", "background")}
    assert kinds == {name: int(name == kind) for name in kinds}
    assert errors.false_alarms == 1


def test_a_miss_with_a_false_alarm_beside_it_is_called_badly_placed() -> None:
    second = _moved(OBJECT, 200)
    errors = _errors([(_moved(OBJECT, 20), 0.8)], [OBJECT, second])
    assert (errors.missed, errors.missed_badly_placed) == (2, 1)
    assert errors.missed_badly_placed_share == 0.5
    errors = _errors([(OBJECT, 0.8)], [OBJECT, _moved(OBJECT, 20)])
    assert (errors.missed, errors.missed_badly_placed) == (1, 0)  # a right one explains no miss


def test_right_boxes_are_measured_by_their_overlap() -> None:
    true = [OBJECT, _moved(OBJECT, 100), _moved(OBJECT, 200)]
    offsets = (0.0, 4.0, 10.0)  # of 40 pixels: IoU 1, 36 / 44, 30 / 50
    found = [(_moved(box, x), 0.9) for box, x in zip(true, offsets, strict=True)]
    errors = _errors(found, true)
    assert errors.mean_iou == pytest.approx((1 + 36 / 44 + 0.6) / 3, rel=1e-6)
    assert errors.median_iou == pytest.approx(36 / 44, rel=1e-6)
    assert errors.tight_share == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "box, near",
    [
        ((19, 100, 59, 180), True),  # 19 of 40 / 2 pixels to the left
        ((20, 100, 60, 180), False),
        ((341, 100, 381, 180), True),
        ((340, 100, 380, 180), False),
        ((100, 39, 140, 119), True),  # 39 of 80 / 2 pixels above
        ((100, 40, 140, 120), False),
        ((100, 181, 140, 261), True),
        ((100, 180, 140, 260), False),
        ((-30, 100, 10, 180), True),
    ],
)
def test_a_false_alarm_is_at_the_edge_when_half_its_size_reaches_it(box: Box, near: bool) -> None:
    assert _errors([(box, 0.5)], [_moved(OBJECT, 60)]).at_edge == near


def test_nothing_found_leaves_no_shares() -> None:
    errors = _errors([], [OBJECT])
    assert (errors.found, errors.missed, errors.missed_badly_placed_share) == (0, 1, 0)
    for value in (errors.threshold, errors.mean_iou, errors.median_iou, errors.tight_share):
        assert math.isnan(value)
    assert math.isnan(_errors([(OBJECT, 0.5)], [OBJECT]).missed_badly_placed_share)


coordinate = st.integers(0, 30)
side = st.integers(4, 20)
boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
    *(coordinate, coordinate, side, side),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(boxes, max_size=8), st.lists(boxes, max_size=5), st.integers(1, 8))
def test_kinds_add_up_and_agree_with_the_curve(
    found: list[Box], true: list[Box], images: int
) -> None:
    scored = [(box, (i + 1) / 16) for i, box in enumerate(found)]
    errors = _errors(scored, true, images)
    parts = errors.duplicates + errors.badly_placed + errors.background
    assert parts == errors.false_alarms <= images
    assert errors.found + errors.missed == len(true)
    assert errors.missed_badly_placed <= errors.missed
    assert errors.at_edge <= errors.false_alarms
    if errors.found:
        assert 0.5 <= errors.mean_iou <= 1 + 1e-9
