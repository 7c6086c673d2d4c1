import pytest

from fcn_detect.backends import BACKENDS, open_backend


@pytest.mark.parametrize("name", BACKENDS)
def test_a_network_runs_on_as_many_threads_as_it_is_told_and_says_where(name):
    if not BACKENDS[name].installed:
        pytest.skip(f"{name} is not installed")
    opened = open_backend("person", name, "cpu", threads=1)
    assert (opened.threads, opened.place) == (1, "cpu")
