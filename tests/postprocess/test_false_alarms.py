import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.postprocess import (
    count_interval,
    false_alarm_table,
    false_alarms_above,
    score_for_false_alarms,
)

SCORES = np.random.default_rng(0).beta(1, 5, 500)


def test_the_table_counts_scores_from_the_top():
    scores = np.array([0.2, 0.9, 0.5, 0.7])
    table = false_alarm_table(scores, windows=2_000_000)
    assert table == ((0.5, 0.9), (1.0, 0.7), (1.5, 0.5), (2.0, 0.2))
    assert false_alarm_table(np.zeros(0), windows=100) == ()


@given(st.floats(1, 500), st.integers(1000, 10**9))
def test_the_score_for_a_number_of_false_alarms_lets_about_so_many_through(count, windows):
    table = false_alarm_table(SCORES, windows)
    score = score_for_false_alarms(table, count, windows)
    through = int((score <= SCORES).sum())
    assert 0.85 * count - 1 <= through <= 1.15 * count + 1


@given(st.floats(0.01, 10), st.integers(1000, 10**8), st.floats(1.1, 50))
def test_an_image_with_more_windows_needs_a_higher_score(false_alarms, windows, times):
    table = false_alarm_table(SCORES, 1_000_000)
    few = score_for_false_alarms(table, false_alarms, windows)
    assert score_for_false_alarms(table, false_alarms, int(windows * times)) >= few
    assert score_for_false_alarms(table, false_alarms * times, windows) <= few


def test_beyond_the_table_its_ends_hold():
    table = ((1.0, 0.9), (10.0, 0.5))
    assert score_for_false_alarms(table, 1e-9, 1_000_000) == pytest.approx(0.9)
    assert score_for_false_alarms(table, 1e9, 1_000_000) == pytest.approx(0.5)
    assert 0.5 < score_for_false_alarms(table, 3.0, 1_000_000) < 0.9


def test_false_alarms_above_a_score_are_those_that_were_counted():
    table = false_alarm_table(np.array([0.2, 0.9, 0.5, 0.7]), windows=3_000_000)
    assert [false_alarms_above(table, t) for t in (0.95, 0.9, 0.6, 0.1)] == [0, 1, 2, 4]


def at_most(count, mean):
    """The probability of `count` events or fewer where `mean` are expected."""
    return sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count + 1))


@pytest.mark.parametrize("count", [0, 1, 2, 5, 20, 60])
def test_the_interval_of_a_count_leaves_at_most_a_fortieth_of_the_chance_at_either_end(count):
    low, high = count_interval(count)
    assert at_most(count, high) == pytest.approx(0.025, abs=0.001)
    if count:
        assert 0.012 < 1 - at_most(count - 1, low) < 0.026
    else:
        assert low == 0
