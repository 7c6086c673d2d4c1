from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.geometry import ScoreGrid
from fcn_detect.postprocess import (
    Candidates,
    Selection,
    decode,
    probabilities,
    select,
    to_detections,
)
from fcn_detect.results import ModelHeader, ScoreMap

ONE = ModelHeader(
    net="fake",
    crop_hw=(16, 8),
    labels=("cat",),
    object_box=(1, 2, 7, 14),
    stride_hw=(4, 4),
    exact=True,
)
TWO = ONE.model_copy(update={"labels": ("cat", "dog")})


def _score_map(seed: int, header: ModelHeader, size_hw: tuple[int, int], scale: float) -> ScoreMap:
    logits = np.random.default_rng(seed).normal(0, 3, (header.outputs, *size_hw))
    grid = ScoreGrid(size_hw, header.stride_hw, header.crop_hw, (-1, -2), scale)
    return ScoreMap(logits.astype(np.float32), grid)


@given(st.integers(0, 99), st.sampled_from([ONE, TWO]), st.floats(0, 1))
def test_decoding_gives_the_object_box_of_every_cell_and_class_above_the_threshold(
    seed: int, header: ModelHeader, keep: float
) -> None:
    maps = [_score_map(seed, header, (3, 4), 1.0), _score_map(seed + 1, header, (2, 1), 0.25)]
    expected = set()
    for level, score_map in enumerate(maps):
        scores = probabilities(score_map.logits, header.calibration)
        for (label, row, col), score in np.ndenumerate(scores):
            if score >= keep:
                left, top = col * 4 - 1, row * 4 - 2
                box = [left + 1, top + 2, left + 7, top + 14]
                scaled = (v / score_map.grid.scale for v in box)
                expected.add((level, label, row, col, score, *scaled))
    found = decode(maps, header, keep)
    rows = zip(
        *(found.levels, found.classes, found.rows, found.cols, found.scores, *found.boxes.T),
        strict=True,
    )
    assert set(rows) == expected
    assert len(found) == len(expected)


@given(st.integers(0, 99), st.sampled_from([0.25, 1.0, 3.0]))
def test_offsets_move_the_object_box_of_each_cell(seed: int, scale: float) -> None:
    header = ONE.model_copy(update={"offsets": ("x", "y", "scale")})
    plain = _score_map(seed, ONE, (3, 4), scale)
    offsets = np.random.default_rng(seed).normal(0, 0.5, (3, 3, 4)).astype(np.float32)
    before = decode([plain], ONE, 0.0)
    after = decode([ScoreMap(plain.logits, plain.grid, offsets)], header, 0.0)
    assert np.array_equal(before.scores, after.scores)
    for old, new, row, col in zip(before.boxes, after.boxes, after.rows, after.cols, strict=True):
        x, y, size = offsets[:, row, col].astype(float)
        height = old[3] - old[1]
        centre = (old[:2] + old[2:]) / 2 + np.array([x, y]) * 0.1 * height
        sides = (old[2:] - old[:2]) * np.exp(0.2 * size)
        assert np.allclose(new, [*(centre - sides / 2), *(centre + sides / 2)])


def _candidates(boxes: list[Any], scores: list[float], classes: list[int]) -> Candidates:
    zeros = np.zeros(len(scores), np.intp)
    array = np.array(boxes, float).reshape(-1, 4)
    return Candidates(
        array, np.array(scores, float), np.array(classes, np.intp), zeros, zeros, zeros
    )


def test_detections_are_clipped_to_the_image_and_those_outside_are_dropped() -> None:
    candidates = _candidates(
        [[-5, -6, 10, 10], [90, 40, 130, 80], [100, 0, 110, 10], [-9, 20, 0, 30]],
        [0.9, 0.8, 0.7, 0.6],
        [0, 0, 0, 0],
    )
    detections, index = to_detections(candidates, ONE, (50, 100))
    assert detections.boxes.tolist() == [[0, 0, 10, 10], [90, 40, 100, 50]]
    assert index.tolist() == [0, 1]


def test_suppression_is_within_a_class() -> None:
    selected = select(_candidates([[0, 0, 10, 10]] * 3, [0.5, 0.9, 0.7], [0, 1, 1]), 2, Selection())
    assert selected.classes.tolist() == [1, 0]
    assert selected.scores.tolist() == [0.9, 0.5]
    assert to_detections(selected, TWO, (50, 50))[0].labels == ["dog", "cat"]


def test_suppression_reaches_across_classes_where_it_is_told_to() -> None:
    candidates = _candidates(
        [[0, 0, 10, 10], [1, 0, 11, 10], [40, 0, 50, 10]], [0.5, 0.9, 0.7], [0, 1, 0]
    )
    selected = select(candidates, 2, Selection(across_classes=True))
    assert selected.scores.tolist() == [0.9, 0.7]
    assert selected.classes.tolist() == [1, 0]


def test_the_limit_is_over_all_classes_and_keeps_the_best() -> None:
    boxes = [[i * 10, 0, i * 10 + 8, 8] for i in range(6)]
    candidates = _candidates(boxes, [0.1, 0.9, 0.3, 0.8, 0.5, 0.2], [0, 1, 0, 1, 0, 1])
    assert select(candidates, 2, Selection(limit=3)).scores.tolist() == [0.9, 0.8, 0.5]


def test_overlap_and_measure_decide_what_goes() -> None:
    candidates = _candidates([[0, 0, 20, 20], [5, 5, 15, 15]], [0.9, 0.8], [0, 0])
    for overlap, measure, left in [(0.5, "union", 2), (0.2, "union", 1), (0.5, "smaller", 1)]:
        assert len(select(candidates, 1, Selection(overlap, measure))) == left


def test_no_candidates_give_no_detections() -> None:
    for selection in (Selection(), Selection(voting=0.5)):
        selected = select(_candidates([], [], []), 2, selection)
        detections, index = to_detections(selected, TWO, (50, 50))
        assert len(detections) == len(index) == 0


def test_more_candidates_than_are_looked_at_lose_their_weakest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(decode.__globals__, "MAX_CANDIDATES", 3)
    boxes = [[i * 10, 0, i * 10 + 8, 8] for i in range(5)]
    candidates = _candidates(boxes, [0.1, 0.9, 0.3, 0.8, 0.5], [0] * 5)
    assert select(candidates, 1, Selection()).scores.tolist() == [0.9, 0.8, 0.5]


@given(st.integers(0, 200), st.sampled_from([None, 0.5]), st.floats(0.01, 0.9))
def test_keeping_fewer_leaves_the_others_as_they_are(
    seed: int, voting: float | None, keep: float
) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 60, (40, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(15, 30, (40, 2))], axis=1)
    candidates = _candidates(boxes, list(rng.random(40)), [0] * 40)
    every = select(candidates, 1, Selection(voting=voting))
    fewer = Selection(voting=voting, keep=keep)
    looked_at = candidates.take(np.flatnonzero(candidates.scores >= fewer.smallest_score))
    kept = select(looked_at, 1, fewer)
    assert np.array_equal(kept.scores, every.scores[every.scores >= keep])
    assert np.allclose(kept.boxes, every.boxes[: len(kept)])


def test_candidates_are_taken_and_joined_row_by_row() -> None:
    first = _candidates([[0, 0, 1, 1], [2, 2, 3, 3]], [0.1, 0.2], [0, 1])
    second = _candidates([[4, 4, 5, 5]], [0.3], [1])
    joined = Candidates.join([first, second])
    taken = joined.take(np.array([2, 0]))
    assert taken.scores.tolist() == [0.3, 0.1]
    assert taken.boxes[:, 0].tolist() == [4, 0]
    assert taken.classes.tolist() == [1, 0]
