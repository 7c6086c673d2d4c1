import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.geometry import box_iou
from fcn_detect.postprocess.voting import vote_boxes


def test_votes_by_hand():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 30.0], [50, 50, 60, 60]])
    scores = np.array([0.8, 0.6, 0.7, 0.9])
    voted = vote_boxes(boxes[[3, 0]], scores[[3, 0]], boxes, scores, 0.5)
    assert np.allclose(voted[0], boxes[3])
    shift = 0.36 / (0.64 + 0.36)  # the second box votes, the third overlaps by a third only
    assert np.allclose(voted[1], [shift, 0, 10 + shift, 10])


def test_boxes_that_score_below_half_have_no_vote():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10.0]])
    scores = np.array([0.9, 0.4])
    assert np.allclose(vote_boxes(boxes[:1], scores[:1], boxes, scores, 0.5), boxes[:1])


def _random(seed, count=60):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 30, (count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(2, 20, (count, 2))], axis=1)
    return boxes, rng.random(count)


@given(st.integers(0, 99), st.floats(0.1, 1))
def test_a_vote_lies_among_the_voters(seed, threshold):
    boxes, scores = _random(seed)
    voted = vote_boxes(boxes, scores, boxes, scores, threshold)
    assert (voted >= boxes.min(axis=0) - 1e-9).all()
    assert (voted <= boxes.max(axis=0) + 1e-9).all()
    assert (voted[:, 2:] > voted[:, :2]).all()


@given(st.integers(0, 99), st.floats(0.05, 1))
def test_looking_only_at_boxes_nearby_loses_no_voter(seed, threshold):
    boxes, scores = _random(seed)
    for box, score, voted in zip(
        boxes, scores, vote_boxes(boxes, scores, boxes, scores, threshold), strict=True
    ):
        votes = (box_iou(box[None], boxes)[0] >= threshold) & (scores >= 0.5 * score)
        assert np.allclose(voted, np.average(boxes[votes], axis=0, weights=scores[votes] ** 2))
