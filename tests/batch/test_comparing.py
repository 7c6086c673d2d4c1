from dataclasses import replace

import numpy as np
import pytest

from fcn_detect.batch import compare_with_run, run_batch, run_settings
from fcn_detect.batch.comparing import difference
from fcn_detect.errors import DataError
from fcn_detect.results import Detections, Failure, ImageResult


def result(*rows):
    """A record of detections, each (x0, score)."""
    boxes = np.array([[x, 0, x + 10, 20] for x, _ in rows], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in rows], np.float32)
    return ImageResult("a", 99, 99, Detections(boxes, scores, ["light"] * len(rows)))


def test_a_run_searched_again_on_the_same_machine_is_the_same(inline, detector):
    run_batch(inline, detector)
    facts, settings = run_settings(inline.run)
    comparison = compare_with_run(facts, detector, 6)
    assert settings["keep"] == 0.3
    assert comparison.holds
    assert comparison.to_dict()["max_score_difference"] == 0
    assert (len(comparison.differences), comparison.of_images) == (5, 20)


def test_another_network_is_measured(inline, detector, monkeypatch):
    run_batch(inline, detector)
    maps = detector.backend.maps
    monkeypatch.setattr(detector.backend, "maps", lambda images: maps(images) + np.float32(0.01))
    comparison = compare_with_run(run_settings(inline.run)[0], detector, 100)
    assert not comparison.holds
    assert 1e-4 < comparison.largest.score < 0.01


def test_differences_are_those_of_pairs_and_of_what_is_alone():
    then, now = result((0, 0.9), (50, 0.5)), result((0.5, 0.88), (90, 0.3))
    found = difference(then, now)
    assert found.score == pytest.approx(0.02, abs=1e-6)
    assert found.box_px == 0.5
    assert (found.alone, found.alone_score) == (2, 0.5)
    assert difference(then, then) == type(found)()


def test_a_failure_in_one_of_the_two_is_another_outcome():
    failed = ImageResult("a", None, None, None, Failure("crashed", "x"))
    assert difference(failed, result()).outcome
    assert not difference(failed, failed).outcome


def test_images_that_are_gone_are_an_error(inline, detector, tmp_path):
    run_batch(inline, detector)
    facts, _ = run_settings(inline.run)
    gone = replace(facts, content={**facts.content, "folder": str(tmp_path / "gone")})
    with pytest.raises(DataError, match="mount that folder"):
        compare_with_run(gone, detector, 3)
