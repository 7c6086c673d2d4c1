import math

import numpy as np
import pytest

from fcn_detect.evaluate.average_precision import AveragePrecision, average_precisions
from fcn_detect.evaluate.pairs import ImagePair
from fcn_detect.results import Detections, ImageAnnotations

Box = list[float]
WHOLE: Box = [0, 0, 10, 10]
FAR: Box = [50, 50, 60, 60]


def _pair(found: list[tuple[Box, float]], true: list[Box], ignore: list[bool]) -> ImagePair:
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float32)
    truth = np.array(true, np.float32).reshape(-1, 4)
    return ImagePair(
        Detections(boxes, scores, ["a"] * len(found)),
        ImageAnnotations("i", 99, 99, truth, ["a"] * len(true), np.array(ignore, np.bool_)),
    )


def _one(*pairs: ImagePair) -> AveragePrecision:
    return average_precisions(pairs, ["a"])["a"]


def test_a_wrong_detection_between_two_right_ones_costs_what_it_should() -> None:
    # precision 1 up to recall 0.5 (51 of 101 points), then 2/3 up to recall 1 (50 points)
    pair = _pair([(WHOLE, 0.9), ([80, 80, 90, 90], 0.8), (FAR, 0.7)], [WHOLE, FAR], [False] * 2)
    expected = (51 + 50 * 2 / 3) / 101
    assert _one(pair).ap50 == _one(pair).ap75 == pytest.approx(expected)
    assert _one(pair).ap == pytest.approx(expected)


def test_overlap_decides_at_which_thresholds_a_detection_is_right() -> None:
    # intersection over union is 0.6: right at 0.5, 0.55 and 0.6 of the ten thresholds
    one = _one(_pair([([0, 0, 10, 6], 0.9)], [WHOLE], [False]))
    assert (one.ap50, one.ap75) == (1.0, 0.0)
    assert one.ap == pytest.approx(0.3)


def test_a_detection_on_an_ignored_object_leaves_the_count() -> None:
    crowd: Box = [40, 40, 90, 90]
    found: list[tuple[Box, float]] = [(FAR, 0.95), (FAR, 0.94), (WHOLE, 0.5)]
    assert _one(_pair(found, [WHOLE, crowd], [False, True])).ap == pytest.approx(1.0)
    assert _one(_pair(found, [WHOLE], [False])).ap50 == pytest.approx(1 / 3)


def test_more_than_a_hundred_detections_of_an_image_count() -> None:
    many: list[tuple[Box, float]] = [([i, 60, i + 1, 61], 0.9) for i in range(1100)]
    one = _one(_pair([*many, (WHOLE, 0.1)], [WHOLE], [False]))
    assert one.ap50 == pytest.approx(1 / 1101)


def test_large_objects_count() -> None:
    huge: Box = [0, 0, 150_000, 150_000]
    assert _one(_pair([(huge, 0.9)], [huge], [False])).ap == pytest.approx(1.0)


def test_nothing_detected_is_zero_and_nothing_to_find_is_nan() -> None:
    assert _one(_pair([], [WHOLE], [False])).ap == 0.0
    for pair in (_pair([(WHOLE, 0.5)], [], []), _pair([], [], []), _pair([], [WHOLE], [True])):
        assert math.isnan(_one(pair).ap)
        assert math.isnan(_one(pair).ap50)


def test_the_precision_curve_averages_to_ap50() -> None:
    one = _one(_pair([(FAR, 0.9), (WHOLE, 0.5)], [WHOLE, [20, 20, 30, 30]], [False] * 2))
    assert one.precision.mean() == pytest.approx(one.ap50)
    assert one.recall.shape == one.precision.shape == (101,)


def test_objects_of_other_sizes_are_neither_right_nor_wrong() -> None:
    small: Box = [0, 0, 31, 31]
    medium: Box = [100, 0, 164, 64]
    large: Box = [200, 0, 300, 100]
    true = [small, medium, large]
    one = _one(_pair([(large, 0.9), (medium, 0.8)], true, [False] * 3))
    assert (one.ap_small, one.ap_medium, one.ap_large) == (0.0, pytest.approx(1), pytest.approx(1))
    wrong_and_small: Box = [400, 0, 420, 20]
    one = _one(_pair([(wrong_and_small, 0.95), (large, 0.9)], true, [False] * 3))
    assert (one.ap_small, one.ap_medium, one.ap_large) == (0.0, 0.0, pytest.approx(1))


@pytest.mark.parametrize(
    "side, sizes", [(32, {"small", "medium"}), (96, {"medium", "large"}), (31, {"small"})]
)
def test_an_object_on_the_limit_of_two_sizes_is_of_both(side: float, sizes: set[str]) -> None:
    box: Box = [0, 0, side, side]
    one = _one(_pair([(box, 0.9)], [box], [False]))
    by_size = {"small": one.ap_small, "medium": one.ap_medium, "large": one.ap_large}
    assert {name for name, ap in by_size.items() if not math.isnan(ap)} == sizes
