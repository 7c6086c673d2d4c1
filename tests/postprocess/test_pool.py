import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.postprocess import CandidatePool, Candidates, Selection, pool, select

LIMIT = 30


def candidates(rng, n, classes=2):
    corners = rng.integers(0, 60, (n, 2)).astype(float)
    return Candidates(
        boxes=np.concatenate([corners, corners + rng.integers(8, 20, (n, 2))], axis=1),
        scores=rng.integers(1, 12, n) / 12,  # many ties
        classes=rng.integers(0, classes, n),
        levels=np.zeros(n, int),
        rows=np.arange(n),
        cols=np.zeros(n, int),
    )


@pytest.fixture(autouse=True, scope="module")
def _small_limit():
    import sys

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "MAX_CANDIDATES", LIMIT)
        patch.setattr(sys.modules["fcn_detect.postprocess.decode"], "MAX_CANDIDATES", LIMIT)
        yield


@given(
    seed=st.integers(0, 10_000),
    sizes=st.lists(st.integers(0, 70), min_size=1, max_size=6),
    voting=st.sampled_from([None, 0.5]),
    across=st.booleans(),
)
@settings(deadline=None)
def test_what_is_selected_from_a_pool_is_selected_from_all(seed, sizes, voting, across):
    parts = [candidates(np.random.default_rng([seed, i]), n) for i, n in enumerate(sizes)]
    collected = CandidatePool(2)
    for part in parts:
        collected.add(part)
    selection = Selection(overlap=0.5, voting=voting, across_classes=across, keep=0.1)
    found = select(collected.candidates(), 2, selection)
    expected = select(Candidates.join(parts), 2, selection)
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.classes, expected.classes)


def test_a_pool_stays_small():
    collected = CandidatePool(2)
    for seed in range(30):
        collected.add(candidates(np.random.default_rng(seed), 50))
        assert sum(map(len, collected._parts)) <= 2 * LIMIT + 50 + LIMIT
    assert len(collected.candidates()) == 2 * LIMIT


def test_an_empty_pool_has_no_candidates():
    collected = CandidatePool(1)
    collected.add(candidates(np.random.default_rng(0), 0))
    collected.add(candidates(np.random.default_rng(0), 0))
    assert len(collected.candidates()) == 0
