import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.evaluate import bootstrap, evaluate, match_class, resampled_figures
from fcn_detect.evaluate.average_precision import average_precisions
from fcn_detect.evaluate.pairs import ImagePair
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult


def _pair(rng: np.random.Generator, number: int, tied: bool) -> ImagePair:
    """Objects, some ignored, shaken detections of them and false ones, best first."""
    corners = rng.integers(0, 200, (int(rng.integers(0, 5)), 2))
    true = np.concatenate([corners, corners + rng.integers(20, 60, corners.shape)], axis=1)
    false = rng.integers(0, 200, (3, 2))
    boxes = np.concatenate(
        [true + rng.integers(-8, 9, true.shape), np.concatenate([false, false + 30], axis=1)]
    ).astype(np.float32)
    scores = rng.integers(1, 8, len(boxes)) / 8 if tied else rng.random(len(boxes))
    order = np.argsort(-scores, kind="stable")
    labels = ["a"] * len(boxes)
    ignore = rng.random(len(true)) < 0.2
    truth = ImageAnnotations(
        f"{number}", 300, 300, true.astype(np.float32), ["a"] * len(true), ignore
    )
    return ImagePair(Detections(boxes[order], scores[order], labels), truth)


def _pairs(seed: int, images: int = 8, tied: bool = False) -> list[ImagePair]:
    rng = np.random.default_rng(seed)
    return [_pair(rng, number, tied) for number in range(images)]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
def test_each_image_counted_once_gives_the_ap50_of_the_coco_library(
    seed: int, images: int, tied: bool
) -> None:
    pairs = _pairs(seed, images, tied)
    expected = average_precisions(pairs, ["a"])["a"].ap50
    measured = resampled_figures(match_class(pairs, "a"), np.ones(images, np.intp))[0]
    assert measured == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 3), min_size=6, max_size=6).filter(any),
)
def test_counting_an_image_twice_equals_a_set_that_holds_it_twice(
    seed: int, counts: list[int]
) -> None:
    pairs = _pairs(seed, images=6)
    copies = [pair for pair, count in zip(pairs, counts, strict=True) for _ in range(count)]
    measured = resampled_figures(match_class(pairs, "a"), np.array(counts))
    expected = resampled_figures(match_class(copies, "a"), np.ones(len(copies), np.intp))
    assert measured == pytest.approx(expected, rel=1e-12, nan_ok=True)
    library = average_precisions(copies, ["a"])["a"].ap50
    assert measured[0] == pytest.approx(library, abs=1e-9, nan_ok=True)


def test_intervals_hold_the_figures_repeat_with_the_seed_and_have_an_order() -> None:
    matches = match_class(_pairs(3, images=40), "a")
    figures = resampled_figures(matches, np.ones(40, np.intp))
    intervals = bootstrap(matches, 200, seed=5)
    ends = (intervals.ap50, intervals.log_average_miss_rate, intervals.recall_at_1_fppi)
    for value, (low, high) in zip(figures, ends, strict=True):
        assert 0 <= low < value < high <= 1
    assert bootstrap(matches, 200, seed=5) == intervals
    assert bootstrap(matches, 200, seed=6) != intervals


def test_images_that_are_all_alike_leave_nothing_to_chance() -> None:
    pair = next(p for p in _pairs(0) if (~p.truth.ignore).any())
    intervals = bootstrap(match_class([pair] * 5, "a"), 20)
    for low, high in (intervals.ap50, intervals.log_average_miss_rate, intervals.recall_at_1_fppi):
        assert low == high


def test_a_class_without_objects_has_no_interval_and_its_json_no_nan() -> None:
    truth = ImageAnnotations("a", 9, 9, np.zeros((0, 4), np.float32), [], np.zeros(0, np.bool_))
    result = ImageResult("a", 9, 9, Detections.empty())
    one = evaluate([result], Annotations([truth], ["x"]), resamples=3).classes["x"]
    assert one.intervals is not None
    assert all(math.isnan(end) for end in one.intervals.ap50)
    assert one.to_dict()["intervals"]["ap50"] == [None, None]


def test_progress_ends_at_the_number_of_resamples() -> None:
    told: list[tuple[int, int]] = []

    def listen(task: str, done: int, total: int, note: str = "") -> None:  # noqa: ARG001
        told.append((done, total))

    bootstrap(match_class(_pairs(0), "a"), 3, progress=listen)
    assert told == [(1, 3), (2, 3), (3, 3)]
