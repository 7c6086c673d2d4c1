from random import Random

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fcn_detect.geometry import order_by_score
from fcn_detect.postprocess.nms import suppress

Floats = NDArray[np.float64]

side = st.integers(0, 8)
boxes_and_scores = st.lists(
    st.tuples(side, side, side, side, st.sampled_from([0.25, 0.5, 0.75, 1.0])), max_size=12
).map(
    lambda rows: (
        np.array([(x, y, x + w, y + h) for x, y, w, h, _ in rows], float).reshape(-1, 4),
        np.array([row[4] for row in rows], float),
    )
)
overlaps = st.sampled_from([0.2, 0.5, 0.75, 1.0])
measures = st.sampled_from(["union", "smaller"])


def _overlap(a: Floats, b: Floats, measure: str) -> float:
    """Share of the union, or of the smaller box, that two boxes share; 0 where there is none."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    whole = sum(areas) - shared if measure == "union" else min(areas)
    return shared / whole if whole else 0.0


def _naive(boxes: Floats, scores: Floats, overlap: float, measure: str) -> list[list[float]]:
    """The boxes that stay, with their scores, by looking at every pair."""
    rows = sorted(range(len(boxes)), key=lambda i: (-scores[i], *boxes[i]))
    kept: list[int] = []
    for i in rows:
        if all(_overlap(boxes[i], boxes[k], measure) <= overlap for k in kept):
            kept.append(i)
    return [[*boxes[i], scores[i]] for i in kept]


def _rows(boxes: Floats, scores: Floats, index: NDArray[np.intp]) -> list[list[float]]:
    return np.column_stack([boxes, scores])[index].tolist()


@given(boxes_and_scores, overlaps, measures)
def test_suppression_keeps_what_a_look_at_every_pair_keeps(
    case: tuple[Floats, Floats], overlap: float, measure: str
) -> None:
    index = suppress(*case, overlap, measure)
    assert _rows(*case, index) == _naive(*case, overlap, measure)
    assert len(set(index.tolist())) == len(index)


@given(boxes_and_scores, overlaps, measures, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    case: tuple[Floats, Floats], overlap: float, measure: str, random: Random
) -> None:
    boxes, scores = case
    order = list(range(len(boxes)))
    random.shuffle(order)
    shuffled = boxes[order], scores[order]
    kept = suppress(boxes, scores, overlap, measure)
    assert _rows(*shuffled, suppress(*shuffled, overlap, measure)) == _rows(*case, kept)


@given(boxes_and_scores, overlaps, measures, st.integers(0, 6))
def test_a_limit_keeps_the_first_of_what_would_stay(
    case: tuple[Floats, Floats], overlap: float, measure: str, limit: int
) -> None:
    everything = suppress(*case, overlap, measure)
    assert suppress(*case, overlap, measure, limit).tolist() == everything[:limit].tolist()


@given(boxes_and_scores, measures)
@example((np.array([[1, 1, 3, 3]] * 3, float), np.ones(3)), "union")
def test_nothing_that_stays_overlaps_and_all_that_goes_overlaps_something_better(
    case: tuple[Floats, Floats], measure: str
) -> None:
    boxes, scores = case
    kept = suppress(boxes, scores, 0.5, measure).tolist()
    for i in range(len(boxes)):
        better = [k for k in kept if k != i and scores[k] >= scores[i]]
        hit = any(_overlap(boxes[i], boxes[k], measure) > 0.5 for k in better)
        assert hit == (i not in kept)


@given(boxes_and_scores)
def test_the_order_is_by_falling_score_then_by_box(case: tuple[Floats, Floats]) -> None:
    rows = [(-score, *box) for box, score in zip(case[0].tolist(), case[1].tolist(), strict=True)]
    assert [rows[i] for i in order_by_score(*case)] == sorted(rows)


def test_a_box_inside_another_goes_by_the_smaller_measure_only() -> None:
    boxes, scores = np.array([[0, 0, 10, 10], [4, 4, 6, 6]], float), np.array([0.9, 0.8])
    assert suppress(boxes, scores, 0.5, "union").tolist() == [0, 1]
    assert suppress(boxes, scores, 0.5, "smaller").tolist() == [0]
