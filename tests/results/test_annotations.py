import numpy as np
import pytest

from fcn_detect.results import ImageAnnotations


@pytest.mark.parametrize("boxes, labels, ignore", [(2, 2, 3), (2, 3, 2), (3, 2, 2), (0, 1, 0)])
def test_boxes_labels_and_flags_of_different_lengths_are_refused(
    boxes: int, labels: int, ignore: int
) -> None:
    with pytest.raises(ValueError, match=r"a\.png: .*one length"):
        ImageAnnotations(
            "a.png",
            10,
            20,
            np.zeros((boxes, 4), np.float32),
            ["cat"] * labels,
            np.zeros(ignore, bool),
        )


@pytest.mark.parametrize("count", [0, 3])
def test_boxes_labels_and_flags_of_one_length_are_taken(count: int) -> None:
    boxes = np.zeros((count, 4), np.float32)
    annotations = ImageAnnotations("a.png", 10, 20, boxes, ["cat"] * count, np.zeros(count, bool))
    assert len(annotations.labels) == count
