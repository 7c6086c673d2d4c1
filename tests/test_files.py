import stat
from pathlib import Path

import pytest

from fcn_detect.files import open_atomically, write_atomically


def _fail_halfway(path: Path) -> None:
    with open_atomically(path) as file:
        file.write(b"half")
        raise RuntimeError("crash")


@pytest.mark.parametrize("content", ["grün\n", b"\xff\x00"])
def test_content_is_written_as_given(tmp_path: Path, content: str | bytes) -> None:
    write_atomically(tmp_path / "new" / "file", content)
    expected = content.encode() if isinstance(content, str) else content
    assert (tmp_path / "new" / "file").read_bytes() == expected


def test_a_file_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with open_atomically(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "new")]


def test_a_crash_while_writing_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="crash"):
        _fail_halfway(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "old")]


def test_permissions_are_those_of_an_ordinary_new_file(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    write_atomically(tmp_path / "ours", "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "ours")}
    assert len(modes) == 1


def test_the_longest_file_name_that_the_folder_allows_can_be_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("n" * 255), "x")
    assert len(list(tmp_path.iterdir())) == 1
