"""A small model, frames to search, and quick recipes."""

import numpy as np
import pytest

from fcn_detect.scenes import write_scenes


@pytest.fixture(scope="session")
def frames(tmp_path_factory):
    """A folder of six rendered frames, and the file of their true boxes."""
    folder = tmp_path_factory.mktemp("frames")
    truth = write_scenes(folder, np.random.default_rng(11), [(260, 320)] * 6, dresses=(1, 3))
    return folder, truth
