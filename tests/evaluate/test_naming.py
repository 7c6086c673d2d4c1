import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.errors import DataError
from fcn_detect.evaluate import pair_by_path_ending


@pytest.mark.parametrize(
    "results, annotated",
    [
        (["cam1/0001.jpg"], ["/data/run/cam1/0001.jpg"]),
        (["/data/run/cam1/0001.jpg"], ["cam1/0001.jpg"]),
        (["cam1/1.jpg", "cam2/1.jpg"], ["/data/run/cam1/1.jpg", "/data/run/cam2/1.jpg"]),
        (["/mnt/a/cam1/1.jpg", "/mnt/a/cam2/1.jpg"], ["/srv/cam1/1.jpg", "/srv/cam2/1.jpg"]),
        (["1.jpg", "cam/1.jpg"], ["1.jpg", "cam/1.jpg"]),
        (["run/1.jpg", "run/cam/1.jpg"], ["1.jpg", "cam/1.jpg"]),
        (["./a.jpg", "b//c.jpg"], ["a.jpg", "x/b/c.jpg"]),
        (["cam1/1.jpg"], ["D:\\data\\cam1\\1.jpg"]),
        (["frames/a.jpg"], ["images/a.jpg"]),
        ([], []),
    ],
)
def test_the_longest_common_ending_decides(results: list[str], annotated: list[str]) -> None:
    expected = list(range(len(results)))
    assert pair_by_path_ending(results, annotated) == expected
    assert pair_by_path_ending(results, annotated[::-1]) == expected[::-1]
    assert pair_by_path_ending(annotated, results) == expected


@pytest.mark.parametrize(
    "results, annotated, said",
    [
        (
            ["a.jpg"],
            ["b.jpg"],
            r"^1 results without annotated image \(a\.jpg\); 1 annotated images",
        ),
        (["a.jpg", "b.jpg"], ["a.jpg"], r"^1 results without annotated image \(b\.jpg\);"),
        (["a.jpg"], ["a.jpg", "b.jpg"], r"^1 annotated images without result \(b\.jpg\);"),
        (["xa.jpg"], ["a.jpg"], "without"),
        (["1.jpg"], ["cam1/1.jpg", "cam2/1.jpg"], "^1 results with an ambiguous name"),
        (["cam1/1.jpg", "cam2/1.jpg"], ["cam1/1.jpg", "cam3/1.jpg"], r"ambiguous name \(cam2/1"),
        (["cam1/1.jpg", "cam2/1.jpg"], ["cam1/1.jpg"], r"1 results without .* \(cam2/1\.jpg\)"),
        (["a.jpg", "a.jpg"], ["a.jpg"], "ambiguous"),
        (["a.jpg", "a.jpg"], ["a.jpg", "a.jpg"], "^2 results with an ambiguous name"),
        (["a.jpg"], [], "1 results without"),
        ([str(i) for i in range(5)], [], r"^5 results .* \(0, 1, 2, \.\.\.\);"),
    ],
)
def test_names_without_one_partner_are_an_error_with_counts(
    results: list[str], annotated: list[str], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        pair_by_path_ending(results, annotated)


paths = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), unique_by=tuple)


@given(paths, st.lists(st.sampled_from("xy"), max_size=3))
def test_a_folder_in_front_of_all_names_on_one_side_changes_nothing(
    names: list[list[str]], folder: list[str]
) -> None:
    bare = ["/".join(name) for name in names]
    deep = ["/".join([*folder, *name]) for name in names]
    assert pair_by_path_ending(bare, deep) == list(range(len(names)))
    assert pair_by_path_ending(deep, bare) == list(range(len(names)))


def test_a_hundred_thousand_names_take_seconds() -> None:
    names = [f"cam{i % 50}/day{i % 7}/{i // 50:05}.jpg" for i in range(100_000)]
    started = time.perf_counter()
    assert pair_by_path_ending(names, ["/mnt/" + name for name in names])[::9999] == list(
        range(0, 100_000, 9999)
    )
    assert time.perf_counter() - started < 10
