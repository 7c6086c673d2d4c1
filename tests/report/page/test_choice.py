import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.report.page.choice import (
    Choice,
    differences,
    rank_by_chance,
    rank_by_difference,
    rank_by_score,
)
from fcn_detect.report.page.side_by_side import SideBySide
from fcn_detect.results import Detections, Failure, ImageResult


def record(name, *rows):
    boxes = np.array([row[2:] for row in rows], np.float32).reshape(-1, 4)
    scores = np.array([row[1] for row in rows], np.float32)
    return ImageResult(name, 160, 120, Detections(boxes, scores, [row[0] for row in rows]))


FAILED = ImageResult("f.jpg", None, None, None, Failure("empty", "nothing"))


@given(st.lists(st.floats(-2, 1)), st.integers(1, 20))
def test_the_choice_is_the_first_of_the_images_sorted_by_rank(ranks, limit):
    choice = Choice(limit)
    for rank in ranks:
        choice.see((rank,), failed=rank < -1)
    expected = sorted(range(len(ranks)), key=lambda i: (-ranks[i], i))[:limit]
    assert choice.numbers() == set(expected)
    assert choice.total == len(ranks)
    assert choice.failed == sum(rank < -1 for rank in ranks)


def test_scores_rank_before_nothing_and_nothing_before_failures():
    ranks = [
        rank_by_score(one) for one in (record("a", ("x", 0.9, 0, 0, 5, 5)), record("b"), FAILED)
    ]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 3


def test_chance_depends_on_the_name_alone():
    names = [f"{i}.jpg" for i in range(50)]
    ranks = [rank_by_chance(record(name)) for name in names]
    assert ranks == [rank_by_chance(record(name, ("x", 0.5, 0, 0, 5, 5))) for name in names]
    assert ranks != sorted(ranks)


@pytest.mark.parametrize(
    "threshold, expected",
    [(0.3, 2), (0.55, 3), (0.85, 1), (0.95, 0)],
    ids=["two alone", "one of a pair falls", "one left", "none"],
)
def test_differences_are_detections_that_one_run_alone_shows(threshold, expected):
    here = record("a", ("x", 0.9, 0, 0, 40, 40), ("x", 0.6, 60, 0, 90, 40))
    there = record("a", ("x", 0.5, 1, 0, 41, 40), ("y", 0.6, 60, 0, 90, 40))
    assert differences(here, there, threshold) == expected
    assert differences(there, here, threshold) == expected
    assert rank_by_difference(here, there, threshold)[0] == expected
    assert differences(here, None, threshold) == differences(here, FAILED, threshold) == 0


@given(st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
def test_two_runs_are_walked_through_by_the_images_of_the_first(first, second):
    def records(names):
        return (ImageResult(name, 1, 1, Detections.empty()) for name in sorted(names))

    both = SideBySide(records(first), records(second))
    pairs = [(one.image, other and other.image) for one, other in both]
    assert pairs == [(name, name if name in second else None) for name in sorted(first)]
    assert both.only_second == len(second - first)
