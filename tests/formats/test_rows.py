import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.formats.rows import (
    detection_rows,
    json_text,
    rounded_length,
    rounded_score,
)
from fcn_detect.results import Detections


@pytest.mark.parametrize(
    "score, written",
    [(0.9999999, 0.999999), (0.9999995, 0.999999), (1.0, 1.0), (0.9816418, 0.981642), (0.0, 0.0)],
)
def test_a_score_below_one_never_rounds_to_one(score: float, written: float) -> None:
    assert rounded_score(score) == written


@given(st.floats(0, 1, width=32))
def test_rounding_scores_twice_changes_nothing(score: float) -> None:
    once = rounded_score(score)
    assert rounded_score(float(np.float32(once))) == once
    assert abs(once - score) <= 1e-6


@given(st.floats(-1e6, 1e6, width=32))
def test_rounding_lengths_twice_changes_nothing(pixels: float) -> None:
    once = rounded_length(pixels)
    assert rounded_length(float(np.float32(once))) == once


def test_a_tiny_negative_length_is_written_without_a_sign() -> None:
    assert str(rounded_length(-0.001)) == "0.0"


def test_detections_are_sorted_by_written_score_then_box() -> None:
    boxes = np.array([[5, 0, 9, 9], [1, 0, 9, 9], [0, 0, 1, 1]], np.float32)
    scores = np.array([0.50000011, 0.50000009, 0.7], np.float32)  # the first two are written alike
    rows = detection_rows(Detections(boxes, scores, ["a", "b", "c"]))
    assert [row.label for row in rows] == ["c", "b", "a"]
    assert rows[0] == ("c", 0.7, (0.0, 0.0, 1.0, 1.0))


def test_json_is_valid_utf8_for_names_that_are_not() -> None:
    name = b"caf\xe9.jpg".decode(errors="surrogateescape")
    text = json_text({"image": name, "other": "größe"})
    assert json.loads(text.encode().decode())["image"] == name
    assert "größe" in text


def test_json_refuses_numbers_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(float("nan"))
