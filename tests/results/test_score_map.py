import numpy as np
import pytest

from fcn_detect.geometry import ScoreGrid
from fcn_detect.results import ScoreMap

GRID = ScoreGrid((3, 5), (8, 8), (16, 16), (0, 0), 1.0)


@pytest.mark.parametrize("classes", [1, 4])
def test_a_map_of_the_grids_size_is_taken_with_any_number_of_classes(classes: int) -> None:
    logits = np.zeros((classes, 3, 5), np.float32)
    assert ScoreMap(logits, GRID).logits is logits


@pytest.mark.parametrize("shape", [(3, 5), (1, 5, 3), (1, 3, 4), (1, 1, 3, 5), (1, 0, 0)])
def test_a_map_that_is_not_on_the_grid_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not lie on a grid"):
        ScoreMap(np.zeros(shape, np.float32), GRID)
