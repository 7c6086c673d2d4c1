import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.evaluate import ClassMatches, match_class, match_detections, recall_at
from fcn_detect.evaluate.pairs import ImagePair
from fcn_detect.results import Detections, ImageAnnotations


def _pair(seed: int) -> ImagePair:
    """Up to four objects of two classes, some ignored, and shaken and false detections."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 60, (int(rng.integers(0, 5)), 2))
    true = np.concatenate([corners, corners + rng.integers(10, 30, corners.shape)], axis=1)
    shaken = true + rng.integers(-3, 4, true.shape)
    false = rng.integers(0, 60, (int(rng.integers(0, 3)), 2))
    boxes = np.concatenate([shaken, np.concatenate([false, false + 15], axis=1)])
    labels = [("a", "b")[k] for k in rng.integers(0, 2, len(boxes))]
    scores = rng.integers(1, 9, len(boxes)) / 8  # few, so that there are ties
    truth = ImageAnnotations(
        f"{seed}",
        90,
        90,
        true.astype(np.float32),
        [("a", "b")[k] for k in rng.integers(0, 2, len(true))],
        rng.random(len(true)) < 0.2,
    )
    return ImagePair(Detections(boxes, scores, labels), truth)


pair_lists = st.lists(st.integers(0, 2**32 - 1).map(_pair), min_size=1, max_size=8)


@settings(deadline=None)
@given(pair_lists)
def test_pooling_keeps_what_each_image_says_and_in_which_order(pairs: list[ImagePair]) -> None:
    for label in ("a", "b"):
        pooled = match_class(pairs, label)
        for number, pair in enumerate(pairs):
            found, (boxes, ignore) = pair.found_of(label), pair.truth_of(label)
            alone = match_detections(found.boxes, found.scores, boxes, ignore)
            here, there = pooled.image == number, pooled.true_image == number
            assert (pooled.boxes[here] == found.boxes).all()
            assert pooled.flags[here].tolist() == alone.flags.tolist()
            assert (pooled.true_boxes[there] == boxes).all()
            for row, index in zip(pooled.true_index[here], alone.true_index, strict=True):
                assert (row == -1) == (index == -1)
                assert row == -1 or (pooled.true_boxes[row] == boxes[index]).all()
                assert row == -1 or pooled.true_image[row] == number


@settings(deadline=None)
@given(pair_lists, st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, np.inf]))
def test_what_is_kept_finds_the_share_that_the_curve_says(
    pairs: list[ImagePair], fppi: float
) -> None:
    matches = match_class(pairs, "a")
    kept = matches.kept_at(fppi)
    found = matches.found_by(kept)
    assert (matches.flags[kept] == 0).sum() <= fppi * len(pairs)
    assert not found[matches.ignore].any()
    if matches.objects:
        assert found.sum() / matches.objects == pytest.approx(recall_at(matches.curve(), fppi))
    left_out = (matches.flags >= 0) & ~kept
    if kept.any() and left_out.any():
        assert matches.scores[kept].min() >= matches.scores[left_out].max()


def test_thousands_of_images_tell_how_far_they_are_and_few_do_not() -> None:
    told: list[tuple[str, int, int]] = []

    def listen(task: str, done: int, total: int, note: str = "") -> None:  # noqa: ARG001
        told.append((task, done, total))

    matches = match_class([_pair(0)] * 2500, "a", listen)
    assert isinstance(matches, ClassMatches)
    assert told == [("matching a", done, 2500) for done in (1000, 2000, 2500)]
    match_class([_pair(0)] * 999, "a", listen)
    assert len(told) == 3
