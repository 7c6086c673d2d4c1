from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.cli.result_names import result_names


@pytest.mark.parametrize(
    "paths, names",
    [
        (["run"], ["run"]),
        (["run/results.jsonl"], ["run"]),
        (["hog/penn.jsonl"], ["penn"]),
        (["runs/ours", "peer.jsonl"], ["ours", "peer"]),
        (["a/run", "b/run"], ["a/run", "b/run"]),
        (["a/x.jsonl", "x/results.jsonl", "y"], ["a/x", "{}/x", "y"]),
        (["run", "run/results.jsonl", "other"], ["run", "run (2)", "other"]),
    ],
)
def test_a_name_is_the_folder_or_the_file_and_as_much_more_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str], names: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = [name.format(tmp_path.name) for name in names]
    assert result_names([Path(path) for path in paths]) == expected


@given(st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map("/".join), min_size=1))
def test_names_are_all_different_and_end_their_paths(paths: list[str]) -> None:
    names = result_names([Path("/", path) for path in paths])
    assert len(set(names)) == len(paths)
    for name, path in zip(names, paths, strict=True):
        assert ("/" + path).endswith("/" + name.split(" ")[0])
