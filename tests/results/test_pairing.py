import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.results import Detections, pair_detections


def detections(boxes, labels=None):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(boxes, np.linspace(1, 0.5, len(boxes)), labels or ["x"] * len(boxes))


def test_the_best_chooses_first_and_takes_what_it_overlaps_most():
    first = detections([[0, 0, 10, 10], [1, 0, 11, 10]])
    second = detections([[3, 0, 13, 10], [0, 0, 10, 10], [50, 50, 60, 60]])
    pairing = pair_detections(first, second)
    assert pairing.pairs == [(0, 1), (1, 0)]
    assert (pairing.first_alone, pairing.second_alone) == ([], [2])


def test_other_labels_are_other_objects():
    pairing = pair_detections(detections([[0, 0, 9, 9]]), detections([[0, 0, 9, 9]], ["y"]))
    assert (pairing.pairs, pairing.first_alone, pairing.second_alone) == ([], [0], [0])


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 99))
def test_each_detection_is_paired_once_or_alone(n, m, seed):
    corners = np.random.default_rng(seed).uniform(0, 6, (n + m, 2))
    boxes = np.concatenate([corners, corners + 8], axis=1)
    pairing = pair_detections(detections(boxes[:n]), detections(boxes[n:]))
    assert sorted([i for i, _ in pairing.pairs] + pairing.first_alone) == list(range(n))
    assert sorted([j for _, j in pairing.pairs] + pairing.second_alone) == list(range(m))
