import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.train.reliability import measure_reliability


def test_the_error_by_hand():
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    is_object = np.array([False, True, False, True])
    found = measure_reliability(scores, is_object, bins=2)
    assert found.scores == pytest.approx([0.15, 0.85])
    assert found.shares == pytest.approx([0.5, 0.5])
    assert found.error == pytest.approx(0.35)


def test_objects_and_backgrounds_weigh_alike():
    scores = np.full(100, 0.5)
    is_object = np.arange(100) < 4
    found = measure_reliability(scores, is_object, bins=1)
    assert found.shares == pytest.approx([0.5])
    assert found.error == pytest.approx(0)


@given(st.integers(0, 99), st.integers(2, 30))
def test_scores_that_are_true_probabilities_have_a_small_error(seed, bins):
    rng = np.random.default_rng(seed)
    scores = rng.random(20_000)
    is_object = rng.random(20_000) < scores
    assert measure_reliability(scores, is_object, bins).error < 0.05
    assert measure_reliability(scores**3, is_object, bins).error > 0.1


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60))
def test_bins_weigh_one_together_whatever_their_number(objects, backgrounds, bins):
    scores = np.linspace(0, 1, objects + backgrounds)
    is_object = np.arange(objects + backgrounds) < objects
    found = measure_reliability(scores, is_object, bins)
    assert found.weights.sum() == pytest.approx(1)
    assert 0 <= found.error <= 1
