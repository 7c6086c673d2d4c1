import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.errors import SettingsError
from fcn_detect.evaluate import HeightRange, evaluate
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult

Box = tuple[float, float, float, float]
Scored = tuple[Box, float]
True_ = tuple[Box, bool]


def _tall(x: float, height: float) -> Box:
    return (x, 0, x + 10, height)


def _annotated(
    images: list[tuple[list[Scored], list[True_]]],
) -> tuple[list[ImageResult], Annotations]:
    results, truths = [], []
    for number, (found, truth) in enumerate(images):
        boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
        scores = np.array([score for _, score in found], np.float32)
        detections = Detections(boxes, scores, ["a"] * len(found))
        results.append(ImageResult(f"{number}.jpg", 500, 500, detections))
        corners = np.array([box for box, _ in truth], np.float32).reshape(-1, 4)
        ignore = np.array([flag for _, flag in truth], np.bool_)
        truths.append(
            ImageAnnotations(f"{number}.jpg", 500, 500, corners, ["a"] * len(truth), ignore)
        )
    return results, Annotations(truths, ["a"])


def test_objects_outside_the_range_are_ignored_with_its_low_end_inside_and_its_high_end_not() -> (
    None
):
    true = [(_tall(20 * i, height), False) for i, height in enumerate((49, 50, 79, 80))]
    results, truth = _annotated([([], true)])
    figures = evaluate(results, truth, heights=HeightRange(50, 80)).classes["a"].figures
    assert (figures.boxes, figures.ignored_boxes) == (2, 2)


@pytest.mark.parametrize(
    "height, counted", [(39.9, False), (40, True), (99.9, True), (100, False), (400, False)]
)
def test_false_alarms_count_inside_the_range_widened_by_a_quarter(
    height: float, counted: bool
) -> None:
    results, truth = _annotated([([(_tall(0, height), 0.5)], [(_tall(200, 60), False)])])
    one = evaluate(results, truth, heights=HeightRange(50, 80)).classes["a"]
    assert one.figures.detections == one.errors.false_alarms == counted


def test_a_detection_of_another_height_inside_the_widened_range_may_find_an_object() -> None:
    results, truth = _annotated([([(_tall(0, 45), 0.5)], [(_tall(0, 50), False)])])
    assert evaluate(results, truth, heights=HeightRange(50)).overall.max_recall == 1


def test_a_detection_outside_the_widened_range_finds_nothing_even_where_it_overlaps_enough() -> (
    None
):
    # 39 of 50 pixels: intersection over union is 0.78
    results, truth = _annotated([([(_tall(0, 39), 0.5)], [(_tall(0, 50), False)])])
    figures = evaluate(results, truth, heights=HeightRange(50)).overall
    assert (figures.max_recall, figures.detections) == (0, 0)


def test_a_detection_on_an_object_outside_the_range_is_neither_right_nor_wrong() -> None:
    results, truth = _annotated([([(_tall(0, 45), 0.9)], [(_tall(0, 45), False)])])
    one = evaluate(results, truth, heights=HeightRange(50)).classes["a"]
    assert (one.figures.boxes, one.figures.detections, one.errors.false_alarms) == (0, 1, 0)


@pytest.mark.parametrize("low, high", [(50, 50), (60, 50), (math.inf, math.inf)])
def test_an_empty_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(SettingsError, match="must be below"):
        HeightRange(low, high)


def _slow_log_average(
    images: list[tuple[list[Scored], list[True_]]], low: float, high: float
) -> float | None:
    """Dollár's protocol for one range of heights, threshold by threshold, one box at a time."""

    def height(box: Box) -> float:
        return box[3] - box[1]

    def area(box: Box) -> float:
        return max(0, box[2] - box[0]) * max(0, box[3] - box[1])

    def common(a: Box, b: Box) -> float:
        return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))

    def outcome(image: tuple[list[Scored], list[True_]], threshold: float) -> tuple[int, int, int]:
        found, truth = image
        wanted = [b for b, ign in truth if not ign and low <= height(b) < high]
        ignored = [b for b, ign in truth if ign or not low <= height(b) < high]
        free, alarms = sorted(wanted), 0
        for box, score in sorted(found, key=lambda pair: -pair[1]):
            if score < threshold or not low / 1.25 <= height(box) < high * 1.25:
                continue
            fits = [
                (common(box, b) / (area(box) + area(b) - common(box, b)), -i)
                for i, b in enumerate(free)
                if 3 * common(box, b) >= area(box) + area(b)  # union at most twice as large
            ]
            if fits:
                free.pop(-max(fits)[1])
            elif not any(2 * common(box, b) >= area(box) for b in ignored):
                alarms += 1
        return len(wanted) - len(free), alarms, len(wanted)

    thresholds = sorted({score for found, _ in images for _, score in found})
    sums = [
        tuple(sum(column) for column in zip(*(outcome(i, t) for i in images), strict=True))
        for t in [*thresholds, math.inf]
    ]
    total = sums[0][2]
    if not total:
        return None
    logs = []
    for k in range(9):
        allowed = round(10 ** (-2 + k / 4), 12) * len(images)
        misses = [1 - found / total for found, alarms, _ in sums if alarms <= allowed + 1e-9]
        logs.append(math.log(max(1e-10, min(misses))))
    return math.exp(sum(logs) / 9)


sides = st.integers(2, 9).map(float)
boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), x + w, y + h),
    st.integers(0, 5),
    st.integers(0, 5),
    sides,
    sides,
)
image_lists = st.lists(
    st.tuples(st.lists(boxes, max_size=5), st.lists(st.tuples(boxes, st.booleans()), max_size=4)),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=60)
@given(image_lists, st.integers(2, 6), st.integers(1, 6), st.randoms())
def test_a_range_of_heights_equals_a_slow_implementation_of_the_protocol(
    many: list[tuple[list[Box], list[True_]]], low: int, more: int, random: object
) -> None:
    count = sum(len(found) for found, _ in many)
    scores = [(i + 1) / 64 for i in range(count)]
    random.shuffle(scores)  # type: ignore[attr-defined]
    images = [([(box, scores.pop()) for box in found], truth) for found, truth in many]
    expected = _slow_log_average(images, low, low + more)
    results, truth = _annotated(images)
    measured = evaluate(results, truth, heights=HeightRange(low, low + more)).overall
    if expected is None:
        assert math.isnan(measured.log_average_miss_rate)
    else:
        assert measured.log_average_miss_rate == pytest.approx(expected, rel=1e-9)
