import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.errors import DataError
from fcn_detect.evaluate import keep_common, pair_by_path_ending
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult


def common(results, annotated):
    """The names kept on either side."""
    nothing = np.zeros((0, 4), np.float32), [], np.zeros(0, bool)
    truth = Annotations([ImageAnnotations(name, 9, 9, *nothing) for name in annotated], ["cat"])
    kept, left = keep_common(
        [ImageResult(name, 9, 9, Detections.empty()) for name in results], truth
    )
    assert left.classes == ["cat"]
    return [result.image for result in kept], [image.image for image in left.images]


@pytest.mark.parametrize(
    "results, annotated, kept",
    [
        (["a.jpg", "b.jpg"], ["b.jpg", "c.jpg"], [("b.jpg", "b.jpg")]),
        (["cam1/1.jpg", "cam2/1.jpg"], ["/run/cam2/1.jpg"], [("cam2/1.jpg", "/run/cam2/1.jpg")]),
        (["/mnt/cam1/1.jpg"], ["cam1/1.jpg", "cam2/1.jpg"], [("/mnt/cam1/1.jpg", "cam1/1.jpg")]),
        (["c/1.jpg", "1.jpg"], ["x/1.jpg", "x/c/1.jpg"],
         [("c/1.jpg", "x/c/1.jpg"), ("1.jpg", "x/1.jpg")]),
    ],
)  # fmt: skip
def test_images_of_both_sides_are_kept_and_the_others_left_out(results, annotated, kept):
    found = common(results, annotated)
    assert list(zip(*found, strict=True)) == kept


@pytest.mark.parametrize(
    "results, annotated, said",
    [
        (["cam2/1.jpg"], ["cam3/1.jpg"], "none of 1 results is of one of the 1 annotated"),
        (["cam1/1.jpg", "cam2/1.jpg"], ["1.jpg"], r"1 annotated images \(1\.jpg\) with more than"),
        (["1.jpg"], ["cam1/1.jpg", "cam2/1.jpg"], r"1 results \(1\.jpg\) with more than one"),
        (["a.jpg", "a.jpg"], ["a.jpg"], "more than one partner"),
    ],
)
def test_names_without_a_sure_partner_are_an_error(results, annotated, said):
    with pytest.raises(DataError, match=said):
        common(results, annotated)


paths = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), unique_by=tuple)


@given(paths, paths, st.lists(st.sampled_from("xy"), max_size=2))
def test_what_is_kept_pairs_one_to_one_by_the_rule_for_whole_sets(ours, theirs, folder):
    results = ["/".join(name) for name in ours]
    annotated = ["/".join([*folder, *name]) for name in theirs]
    try:
        kept, left = common(results, annotated)
    except DataError:
        return
    assert pair_by_path_ending(kept, left) == list(range(len(kept)))
    assert {n for n in results if "/".join([*folder, n]) in annotated} <= set(kept)
