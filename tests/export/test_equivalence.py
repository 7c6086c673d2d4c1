import numpy as np
import pytest

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.backends.torch_backend import untrained
from fcn_detect.export.equivalence import compare_backends, sample_images

HEADER, _ = untrained("valid-small", (56, 48))


class Changed(FakeBackend):
    """The fake backend, its first cell changed."""

    name = "changed"

    def __init__(self, by):
        super().__init__(HEADER)
        self.by = by

    def maps(self, images):
        maps = super().maps(images).copy()
        maps[:, :, 0, 0] += self.by
        return maps


def test_the_sizes_that_matter_are_compared():
    sizes = [image.shape[:2] for _, image in sample_images(HEADER)]
    assert sizes[:3] == [(56, 48), (64, 56), (63, 63)]
    assert sizes[-1] == (384, 512)
    assert all(h >= 56 and w >= 48 for h, w in sizes)


def test_equal_maps_hold_and_every_window_is_counted():
    images = list(sample_images(HEADER))
    report = compare_backends(FakeBackend(HEADER), FakeBackend(HEADER), images)
    assert report.holds
    assert (report.max_difference, report.flipped) == (0, 0)
    windows = [((i.shape[0] - 56) // 8 + 1) * ((i.shape[1] - 48) // 8 + 1) for _, i in images]
    assert [image.windows for image in report.images] == windows
    assert report.windows == sum(windows)


@pytest.mark.parametrize("by, holds", [(1e-5, True), (1e-2, False), (np.nan, False)])
def test_maps_that_differ_by_more_than_the_tolerance_do_not_hold(by, holds):
    report = compare_backends(Changed(by), FakeBackend(HEADER), sample_images(HEADER))
    assert report.backend == "changed"
    assert report.holds == holds


def test_flipped_decisions_are_counted():
    dark = np.zeros((56, 48, 3), np.uint8)  # a logit of -10
    report = compare_backends(Changed(20), FakeBackend(HEADER), [("dark", dark)])
    assert (report.flipped, report.holds) == (1, False)
    assert report.to_dict()["images"][0]["image"] == "dark"
