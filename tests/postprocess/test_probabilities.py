import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.postprocess import probabilities
from fcn_detect.postprocess.probabilities import may_reach
from fcn_detect.results import Calibration

calibrations = st.builds(Calibration, slope=st.floats(0.1, 4), bias=st.floats(-5, 5))
logits = st.floats(-30, 30)


@given(st.lists(logits, min_size=1, max_size=6), calibrations)
def test_one_output_is_a_sigmoid(values: list[float], c: Calibration) -> None:
    expected = [1 / (1 + math.exp(-(c.slope * v + c.bias))) for v in values]
    result = probabilities(np.array([values]), c)
    assert result.shape == (1, len(values))
    np.testing.assert_allclose(result[0], expected, rtol=1e-12)


@given(st.lists(st.lists(logits, min_size=3, max_size=3), min_size=1, max_size=4), calibrations)
def test_several_outputs_are_a_softmax_without_its_background(
    values: list[list[float]], c: Calibration
) -> None:
    result = probabilities(np.array(values).T, c)
    for (*objects, background), found in zip(values, result.T, strict=True):
        shares = [math.exp(c.slope * v + c.bias) for v in objects] + [
            math.exp(c.slope * background)
        ]
        np.testing.assert_allclose(found, [s / sum(shares) for s in shares[:-1]], rtol=1e-10)


@pytest.mark.parametrize("outputs", [1, 2, 4])
@pytest.mark.parametrize("extreme", [1e4, 3e38])
def test_extreme_logits_give_zero_or_one_and_do_not_overflow(outputs: int, extreme: float) -> None:
    values = np.zeros((outputs, 2), np.float32)
    values[0] = [extreme, -extreme]
    result = probabilities(values, Calibration(slope=3.0))
    assert result[0].tolist() == [1, 0]
    assert ((result >= 0) & (result <= 1)).all()


def test_maps_keep_their_shape_and_the_logits_are_left_alone() -> None:
    values = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    before = values.copy()
    result = probabilities(values, Calibration(bias=1.0))
    assert (result.shape, result.dtype) == ((2, 4, 5), np.float64)
    np.testing.assert_array_equal(values, before)


@given(st.lists(logits, min_size=2, max_size=8), calibrations)
def test_probabilities_keep_the_order_of_logits(values: list[float], c: Calibration) -> None:
    values = sorted(values)
    assert (np.diff(probabilities(np.array([values]), c)[0]) >= 0).all()


@given(
    st.integers(1, 4),
    st.integers(0, 99),
    calibrations,
    st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 1.0])),
    st.sampled_from([1.0, 10.0, 1e4]),
)
def test_no_cell_that_reaches_a_score_is_overlooked(
    outputs: int, seed: int, c: Calibration, score: float, spread: float
) -> None:
    values = np.random.default_rng(seed).normal(0, spread, (outputs, 7, 9)).astype(np.float32)
    reached = probabilities(values, c) >= score
    told = may_reach(values, c, score)
    assert told.shape == reached.shape
    assert not (reached & ~told).any()


def test_with_one_output_hardly_a_cell_is_told_in_vain() -> None:
    values = np.linspace(-9, 9, 10_000, dtype=np.float32)[None]
    for score in (0.01, 0.3, 0.99):
        reached = probabilities(values, Calibration(slope=0.7, bias=0.4)) >= score
        told = may_reach(values, Calibration(slope=0.7, bias=0.4), score)
        assert told.sum() <= reached.sum() + 5
