import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.results import Detections

BOXES = np.array([[0, 0, 4, 8], [2, 1, 6, 9], [3, 3, 3, 3]], np.float32)
SCORES = np.array([0.9, 0.5, 0.25], np.float32)
LABELS = ["cat", "dog", "cat"]


def test_boxes_and_scores_become_float32_and_labels_a_list_of_its_own() -> None:
    labels = list(LABELS)
    detections = Detections(BOXES.astype(np.float64), SCORES.astype(np.float64), labels)
    labels.clear()
    assert detections.boxes.dtype == detections.scores.dtype == np.float32
    assert detections.labels == LABELS
    assert len(detections) == 3


def test_plain_lists_will_do() -> None:
    detections = Detections(BOXES.tolist(), SCORES.tolist(), LABELS)  # type: ignore[arg-type]
    assert detections == Detections(BOXES, SCORES, LABELS)


@pytest.mark.parametrize(
    "boxes, scores, labels, complaint",
    [
        (BOXES[:2], SCORES, LABELS, "one length"),
        (BOXES, SCORES[:2], LABELS, "one length"),
        (BOXES, SCORES, LABELS[:2], "one length"),
        (BOXES, SCORES[:, None], LABELS, "one length"),
        (BOXES[:, [2, 1, 0, 3]], SCORES, LABELS, "x0 <= x1"),
        (BOXES[:, [0, 3, 2, 1]], SCORES, LABELS, "y0 <= y1"),
        (BOXES * np.nan, SCORES, LABELS, "finite"),
        (BOXES + np.inf, SCORES, LABELS, "finite"),
        (BOXES, SCORES + 0.2, LABELS, r"\[0, 1\]"),
        (BOXES, -SCORES, LABELS, r"\[0, 1\]"),
        (BOXES, SCORES * np.nan, LABELS, r"\[0, 1\]"),
    ],
)
def test_what_cannot_be_detections_is_refused_at_birth(
    boxes: np.ndarray, scores: np.ndarray, labels: list[str], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Detections(boxes, scores, labels)


def test_detections_cannot_be_changed_or_hashed() -> None:
    detections = Detections(BOXES, SCORES, LABELS)
    with pytest.raises(AttributeError):
        detections.scores = SCORES  # type: ignore[misc]
    with pytest.raises(TypeError):
        hash(detections)


def test_going_through_detections_gives_box_score_and_label() -> None:
    rows = [(box.tolist(), score, label) for box, score, label in Detections(BOXES, SCORES, LABELS)]
    assert rows == list(zip(BOXES.tolist(), SCORES.tolist(), LABELS, strict=True))
    assert all(type(score) is float for _, score, _ in rows)


def test_equality_is_of_boxes_scores_and_labels() -> None:
    one = Detections(BOXES, SCORES, LABELS)
    assert one == Detections(BOXES.copy(), SCORES.copy(), list(LABELS))
    assert one != Detections(BOXES + 1, SCORES, LABELS)
    assert one != Detections(BOXES, SCORES / 2, LABELS)
    assert one != Detections(BOXES, SCORES, ["cat", "dog", "dog"])
    assert one != Detections(BOXES[:2], SCORES[:2], LABELS[:2])
    assert one != "detections"


def test_no_detections_are_equal_and_empty() -> None:
    assert Detections.empty() == Detections.empty()
    assert len(Detections.empty()) == 0
    assert Detections.empty().boxes.shape == (0, 4)
    assert list(Detections.empty()) == []


@given(st.lists(st.floats(0, 1, width=32), max_size=6), st.floats(0, 1, width=32))
def test_above_keeps_in_order_those_of_at_least_the_threshold(
    scores: list[float], threshold: float
) -> None:
    boxes = [[i, i, i + 1, i + 1] for i in range(len(scores))]
    labels = [f"label{i}" for i in range(len(scores))]
    found = Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores), labels)
    kept = [i for i, score in enumerate(scores) if score >= threshold]
    above = found.above(threshold)
    assert above.labels == [labels[i] for i in kept]
    assert above.scores.tolist() == [scores[i] for i in kept]
    assert above.boxes.tolist() == [boxes[i] for i in kept]
    assert found.above(0) == found
