from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fcn_detect.backends import BACKENDS, open_backend


@pytest.mark.parametrize("name", BACKENDS)
def test_a_network_runs_on_as_many_threads_as_it_is_told_and_says_where(name):
    if not BACKENDS[name].installed:
        pytest.skip(f"{name} is not installed")
    opened = open_backend("person", name, "cpu", threads=1)
    assert (opened.threads, opened.place) == (1, "cpu")


@pytest.mark.parametrize("name", [name for name, runtime in BACKENDS.items() if runtime.at_once])
def test_passes_at_once_give_what_they_give_one_by_one(name, exported):
    backend = open_backend(exported("two classes, offsets", ".onnx"), name, "cpu", threads=1)
    images = np.random.default_rng(0).integers(0, 256, (12, 1, 130, 150, 3), dtype=np.uint8)
    one_by_one = [backend.maps(image) for image in images]
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(backend.maps, images))
    np.testing.assert_array_equal(at_once, one_by_one)
