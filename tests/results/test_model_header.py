from typing import Any

import pytest
from pydantic import ValidationError

from fcn_detect.results import Calibration, ModelHeader
from fcn_detect.results.model_header import FORMAT_VERSION

FACTS: dict[str, Any] = {
    "net": "valid-small",
    "crop_hw": (128, 64),
    "labels": ("person",),
    "object_box": (12.3, 16.0, 51.7, 112.0),
    "stride_hw": (8, 8),
    "exact": True,
}


def test_a_header_comes_back_from_its_own_json() -> None:
    header = ModelHeader(
        **FACTS,
        calibration=Calibration(slope=1.5, bias=-0.25),
        detect={"min_height": 50, "nms_measure": "smaller"},
        false_alarms=((1.0, 0.9), (10.0, 0.5)),
        figures={"map": {"ap": 0.5}},
    )
    assert ModelHeader.model_validate_json(header.model_dump_json()) == header


@pytest.mark.parametrize("labels, outputs", [(("a",), 1), (("a", "b"), 3), (("a", "b", "c"), 4)])
def test_one_class_has_one_output_and_more_have_one_each_and_the_background(
    labels: tuple[str, ...], outputs: int
) -> None:
    assert ModelHeader(**{**FACTS, "labels": labels}).outputs == outputs


@pytest.mark.parametrize(
    "key, value, complaint",
    [
        ("labels", (), "at least 1"),
        ("crop_hw", (128,), "required"),
        ("crop_hw", "64x128", "tuple"),
        ("stride_hw", (0, 8), "greater than or equal to 1"),
        ("object_box", (0, 0, 65, 128), "does not lie in a crop of 64x128"),
        ("object_box", (0, 0, 64, 128.5), "does not lie in a crop of 64x128"),
        ("object_box", (-1, 0, 64, 128), "does not lie in a crop"),
        ("object_box", (30, 0, 30, 128), "does not lie in a crop"),
        ("object_box", (0, 100, 64, 20), "does not lie in a crop"),
        ("object_box", (0, 0, float("nan"), 128), "finite"),
        ("threshold", 1.5, "less than or equal to 1"),
        ("threshold", -0.1, "greater than or equal to 0"),
        ("calibration", {"slope": 0}, "greater than 0"),
        ("calibration", {"slope": -1}, "greater than 0"),
        ("calibration", {"temperature": 1}, "Extra inputs"),
        ("version", FORMAT_VERSION + 1, "newer than this program"),
        ("colour", "red", "Extra inputs"),
    ],
)
def test_a_header_that_cannot_be_is_refused_at_birth(key: str, value: Any, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ModelHeader(**{**FACTS, key: value})


@pytest.mark.parametrize("key", FACTS)
def test_what_a_header_must_say_has_no_default(key: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        ModelHeader(**{k: v for k, v in FACTS.items() if k != key})


def test_a_header_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ModelHeader(**FACTS).threshold = 0.1
