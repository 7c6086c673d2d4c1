import pytest

from fcn_detect.results import FAILURE_KINDS, Detections, Failure, ImageResult


@pytest.mark.parametrize("kind", FAILURE_KINDS)
def test_every_known_kind_makes_a_failure(kind: str) -> None:
    assert Failure(kind, "why") == Failure(kind, "why")


@pytest.mark.parametrize("kind", ["", "Empty", "broken"])
def test_an_unknown_kind_is_refused_with_the_known_ones(kind: str) -> None:
    with pytest.raises(ValueError, match=f"'{kind}' is not one of .*truncated"):
        Failure(kind, "why")


def test_the_kinds_are_those_that_the_results_format_promises() -> None:
    promised = (
        "empty not_an_image truncated corrupt unreadable unsupported_pixels needs_plugin "
        "too_small too_large timeout out_of_memory crashed"
    )
    assert set(FAILURE_KINDS) == set(promised.split())


def test_a_result_has_detections_or_a_failure() -> None:
    found = ImageResult("a.png", 10, 20, Detections.empty())
    failed = ImageResult("a.png", None, None, None, Failure("empty", "no bytes"))
    assert (found.failure, failed.detections) == (None, None)
    assert found.warnings == failed.warnings == ()


def test_a_result_with_both_or_neither_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a\.png: .*one of the two"):
        ImageResult("a.png", 10, 20, None)
    with pytest.raises(ValueError, match=r"a\.png: .*one of the two"):
        ImageResult("a.png", 10, 20, Detections.empty(), Failure("empty", "no bytes"))


def test_results_are_equal_when_all_of_their_parts_are() -> None:
    one = ImageResult("a.png", 10, 20, Detections.empty(), warnings=("odd",))
    assert one == ImageResult("a.png", 10, 20, Detections.empty(), warnings=("odd",))
    assert one != ImageResult("a.png", 10, 20, Detections.empty())
    assert one != ImageResult("b.png", 10, 20, Detections.empty(), warnings=("odd",))
