import sys
from pathlib import Path

import fsspec
import pytest

from fcn_detect.errors import DataError, ImageError, MissingExtraError
from fcn_detect.images import Address, find_places, image_names, local_file, place

FILES = [
    "b.png",
    "a/2.jpg",
    "a/1.JPG",
    "a/b/c.tif",
    "a.jpg",
    "notes.txt",
    ".hidden/d.jpg",
    "e f#.png",
]


@pytest.fixture
def tree(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


@pytest.fixture
def memory(tmp_path):
    """The same files in memory; each test has a folder of its own."""
    root = f"/{tmp_path.name}"
    system = fsspec.filesystem("memory")
    for name in FILES:
        system.pipe_file(f"{root}/{name}", name.encode())
    yield Address(f"memory://{root}")
    system.rm(root, recursive=True)


def test_a_place_is_a_path_or_an_address():
    assert place("cam/a.jpg") == Path("cam/a.jpg")
    assert place(Path("s3://b")) == Path("s3://b")
    assert place("s3://b/cam") == Address("s3://b/cam")
    assert place("simplecache::s3://b/cam") == Address("simplecache::s3://b/cam")
    assert str(place("s3://b/cam/") / "a/b.jpg") == "s3://b/cam/a/b.jpg"
    assert place("s3://b/cam/").name == "cam"


@pytest.mark.parametrize("end", ["", "/"])
def test_an_address_lists_what_the_folder_lists(tree, memory, end):
    expected = sorted(image_names(tree))
    assert len(expected) == 6
    for address in (Address(f"file://{tree}{end}"), Address(f"{memory}{end}")):
        assert address.is_dir()
        found = list(address.images())
        assert sorted(file.name for file in found) == expected
        assert all(file.size == len(file.name) for file in found)
        for file in found:
            assert (address / file.name).file().size == file.size
            with local_file(address / file.name) as copy:
                assert copy.read_bytes() == file.name.encode()
            assert not copy.exists()


def test_a_stamp_changes_with_the_file_alone(memory):
    before = {file.name: file for file in memory.images()}
    fsspec.filesystem("memory").pipe_file(f"/{memory.name}/b.png", b"B.PNG")
    after = {file.name: file for file in memory.images()}
    assert [name for name in before if before[name] != after[name]] == ["b.png"]
    assert (memory / "a.jpg").file().stamp == before["a.jpg"].stamp > 0


def test_a_path_is_read_where_it_lies(tree):
    with local_file(tree / "b.png") as file:
        assert file == tree / "b.png"
    assert file.exists()


def test_what_cannot_be_had_says_which_address(memory, tmp_path, monkeypatch):
    with (
        pytest.raises(ImageError, match=r"gone\.png") as raised,
        local_file(memory / "gone.png"),
    ):
        pass
    assert raised.value.kind == "unreadable"
    with pytest.raises(DataError, match="nosuch://a"):
        Address("nosuch://a").is_dir()
    with pytest.raises(DataError, match="no images"):
        list(find_places([f"file://{tmp_path}"]))
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r"fcn-detect\[remote\]"):
        memory.is_dir()


def test_paths_and_addresses_are_found_together(tree, memory):
    given = [str(tree / "a" / "*.jpg"), f"{memory}/a", f"{memory}/*.png", f"{memory}/b.png"]
    found = [str(one).replace(str(tree), "here") for one in find_places(given)]
    inside = [name.replace(str(memory), "there") for name in found]
    assert inside == [
        "here/a/2.jpg",
        *(f"there/a/{name}" for name in ("1.JPG", "2.jpg", "b/c.tif")),
        "there/b.png",
        "there/e f#.png",
        "there/b.png",
    ]
