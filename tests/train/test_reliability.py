import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.train.reliability import measure_reliability


def test_the_error_by_hand():
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    classes = np.array([1, 0, 1, 0])
    found = measure_reliability(scores, classes, 1, bins=2)
    assert found.scores == pytest.approx([0.15, 0.85])
    assert found.shares == pytest.approx([0.5, 0.5])
    assert found.error == pytest.approx(0.35)


def test_objects_and_backgrounds_weigh_alike():
    scores = np.full(100, 0.5)
    classes = (np.arange(100) >= 4).astype(int)
    found = measure_reliability(scores, classes, 1, bins=1)
    assert found.shares == pytest.approx([0.5])
    assert found.error == pytest.approx(0)


@given(st.integers(0, 99), st.integers(2, 30))
def test_scores_that_are_true_probabilities_have_a_small_error(seed, bins):
    rng = np.random.default_rng(seed)
    scores = rng.random(20_000)
    classes = (rng.random(20_000) >= scores).astype(int)
    assert measure_reliability(scores, classes, 1, bins).error < 0.05
    assert measure_reliability(scores**3, classes, 1, bins).error > 0.1


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60))
def test_bins_weigh_one_together_whatever_their_number(objects, backgrounds, bins):
    scores = np.linspace(0, 1, objects + backgrounds)
    classes = (np.arange(objects + backgrounds) >= objects).astype(int)
    found = measure_reliability(scores, classes, 1, bins)
    assert found.weights.sum() == pytest.approx(1)
    assert 0 <= found.error <= 1


def test_several_classes_of_objects_weigh_together_as_much_as_the_background():
    classes = np.array([0] * 10 + [1] * 30 + [2] * 50)
    scores = np.where(classes == 0, 0.4, np.where(classes == 1, 0.8, 0.3))
    found = measure_reliability(scores, classes, background=2, bins=1)
    assert found.shares == pytest.approx([0.5])
    assert found.scores == pytest.approx([0.25 * 0.4 + 0.25 * 0.8 + 0.5 * 0.3])
