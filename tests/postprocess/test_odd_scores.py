"""Scores as no photo gives them: all alike, none at all, of any size, and ten million at once."""

import numpy as np
import pytest

from fcn_detect.geometry import ScoreGrid, order_by_score
from fcn_detect.postprocess import (
    CandidatePool,
    Selection,
    decode,
    select,
    suppress,
    to_detections,
)
from fcn_detect.postprocess.decode import MAX_CANDIDATES
from fcn_detect.results import Calibration, ModelHeader, ScoreMap

HEADER = ModelHeader(
    net="fake",
    crop_hw=(16, 8),
    labels=("cat",),
    object_box=(1, 2, 7, 14),
    stride_hw=(4, 4),
    exact=True,
)
SELECTION = Selection(overlap=0.6, measure="smaller", keep=0.01, limit=1000)


def score_map(logits, origin_xy=(0, 0)):
    grid = ScoreGrid(logits.shape[1:], HEADER.stride_hw, HEADER.crop_hw, origin_xy, 1.0)
    return ScoreMap(np.asarray(logits, np.float32), grid)


def check_equal_scores(size_hw):
    """Of equal scores the boxes that come first by place stay, as the plain rule says."""
    candidates = decode([score_map(np.zeros((1, *size_hw)))], HEADER, SELECTION.keep)
    assert len(candidates) == size_hw[0] * size_hw[1]
    first = candidates.take(order_by_score(candidates.boxes, candidates.scores)[:MAX_CANDIDATES])
    stay = suppress(first.boxes, first.scores, 0.6, "smaller", SELECTION.limit)
    selected = select(candidates, 1, SELECTION)
    np.testing.assert_array_equal(selected.boxes, first.boxes[stay])
    assert len(selected) == SELECTION.limit
    assert (selected.scores == 0.5).all()


def test_of_equal_scores_those_stay_that_come_first_by_place():
    check_equal_scores((150, 160))


@pytest.mark.slow
def test_ten_million_equal_scores_give_the_right_boxes():
    check_equal_scores((3163, 3163))


@pytest.mark.slow
def test_of_ten_million_scores_the_best_stay():
    logits = np.random.default_rng(0).normal(0, 2, (1, 3163, 3163))
    best = select(decode([score_map(logits)], HEADER, SELECTION.keep), 1, SELECTION)
    assert len(best) == SELECTION.limit
    row, col = np.unravel_index(logits.argmax(), logits.shape[1:])
    assert (best.rows[0], best.cols[0]) == (row, col)
    assert (np.diff(best.scores) <= 0).all()


def test_equal_scores_in_parts_give_what_they_give_at_once():
    logits = np.zeros((1, 90, 120))
    whole = select(decode([score_map(logits)], HEADER, SELECTION.keep), 1, SELECTION)
    pool = CandidatePool(1)
    for col in (60, 0, 30, 90):  # in any order
        part = score_map(logits[:, :, col : col + 30], (col * 4, 0))
        pool.add(decode([part], HEADER, SELECTION.keep))
    joined = select(pool.candidates(), 1, SELECTION)
    np.testing.assert_array_equal(joined.boxes, whole.boxes)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_no_cell_above_the_score_gives_no_detections(outputs):
    header = HEADER.model_copy(update={"labels": ("a", "b", "c")[: max(1, outputs - 1)]})
    logits = np.full((outputs, 9, 9), -50.0)
    logits[-1] = 50.0 if outputs > 1 else -50.0
    candidates = decode([score_map(logits)], header, 0.01)
    detections, index = to_detections(
        select(candidates, len(header.labels), SELECTION), header, (50, 50)
    )
    assert len(candidates) == len(detections) == len(index) == 0
    assert detections.boxes.shape == (0, 4)


@pytest.mark.parametrize("voting", [None, 0.5])
@pytest.mark.parametrize("extreme", [0.0, 88.0, 3e38, -3e38])
def test_the_largest_numbers_give_scores_from_0_to_1(extreme, voting):
    calibration = Calibration(slope=1e30, bias=-1e30)
    for header in (HEADER, HEADER.model_copy(update={"calibration": calibration})):
        logits = np.zeros((1, 6, 6))
        logits[0, 2, 3] = extreme
        found = select(
            decode([score_map(logits)], header, 0.0), 1, Selection(keep=0.0, voting=voting)
        )
        assert np.isfinite(found.boxes).all()
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
