import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.errors import DataError
from fcn_detect.images import find_images, image_names, is_image_name


def grow(root, *names):
    """Empty files, and the folders that they need."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(root, *paths):
    return [path.relative_to(root).as_posix() for path in find_images(paths or [root])]


def test_a_file_is_yielded_as_given_whatever_its_name(tmp_path, monkeypatch):
    grow(tmp_path, "notes", "._x.jpg", "a[1].jpg", "a1.jpg")
    monkeypatch.chdir(tmp_path)
    names = ["notes", "._x.jpg", "a[1].jpg"]
    assert list(find_images(names)) == [Path(name) for name in names]


def test_folders_are_walked_in_the_order_of_path_bytes(tmp_path):
    names = ["a.jpg", "a/z.png", "a-b/x.gif", "B.JPG", "b/c/d.TIFF", "b/c.webp", "\u00e9.jpg"]
    grow(tmp_path, *names)
    assert found(tmp_path) == sorted(names, key=str.encode)


@given(
    st.sets(
        st.lists(st.text("ab.-Z\u00e9 ", min_size=1, max_size=3), min_size=1, max_size=3).map(
            lambda parts: "/".join(f"x{part}" for part in parts)
        )
    )
)
@settings(max_examples=30, deadline=None)
def test_every_image_is_found_once_and_in_order(tmp_path_factory, stems):
    root = tmp_path_factory.mktemp("walk")
    names = {f"{stem}.jpg" for stem in stems} | {"last.jpg"}
    grow(root, *names)
    assert found(root) == sorted(names, key=str.encode)


def test_extensions_are_known_in_any_case(tmp_path):
    extensions = ["jpg", "jpeg", "jpe", "png", "webp", "bmp", "gif", "tif", "tiff", "heic", "heif"]
    extensions += ["avif", "ppm", "pgm", "mpo", "jp2"]
    names = [f"{i:02}.{extension}" for i, extension in enumerate(extensions)]
    names += [f"{i + 50}.{extension.upper()}" for i, extension in enumerate(extensions)]
    grow(tmp_path, *names, "notes.txt", "video.mp4", "raw.cr2", "page.pdf", "jpg")
    assert found(tmp_path) == names


def test_what_systems_leave_between_photos_is_skipped(tmp_path):
    grow(tmp_path, "a.jpg", "._a.jpg", "Thumbs.db", ".DS_Store", ".hidden/b.jpg")
    grow(tmp_path, "@eaDir/a.jpg/thumb.jpg", "$RECYCLE.BIN/c.jpg", "x/lost+found/d.jpg")
    assert found(tmp_path) == ["a.jpg"]


def test_a_hidden_folder_given_by_name_is_walked(tmp_path):
    grow(tmp_path, ".cache/a.jpg")
    assert found(tmp_path, tmp_path / ".cache") == [".cache/a.jpg"]


def test_a_folder_named_like_an_image_is_walked(tmp_path):
    grow(tmp_path, "x.jpg/y.jpg")
    assert found(tmp_path) == ["x.jpg/y.jpg"]


def test_patterns_are_expanded_in_order(tmp_path):
    grow(tmp_path, "b1.jpg", "a1.jpg", "c.txt", "sub/deep/d1.jpg", "sub1/e.png")
    assert found(tmp_path, str(tmp_path / "?1.jpg")) == ["a1.jpg", "b1.jpg"]
    assert found(tmp_path, str(tmp_path / "*.txt")) == ["c.txt"]
    assert found(tmp_path, str(tmp_path / "**" / "d*.jpg")) == ["sub/deep/d1.jpg"]
    assert found(tmp_path, str(tmp_path / "sub*")) == ["sub/deep/d1.jpg", "sub1/e.png"]


def test_links_to_folders_are_followed_once(tmp_path):
    root = tmp_path / "root"
    grow(tmp_path, "outside/b.jpg", "root/real/a.jpg", "root/z.jpg")
    (root / "again").symlink_to(root / "real")
    (root / "loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (tmp_path / "outside" / "back").symlink_to(root)
    (root / "self").symlink_to("self")
    assert found(root) == ["real/a.jpg", "up/outside/b.jpg", "z.jpg"]


def test_a_linked_folder_can_be_given(tmp_path):
    grow(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    assert found(tmp_path, tmp_path / "link") == ["link/a.jpg"]


def test_links_to_files_are_found_even_when_they_dangle(tmp_path):
    grow(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "c.jpg").symlink_to("nowhere")
    (tmp_path / "d.jpg").symlink_to("d.jpg")
    assert found(tmp_path) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert found(tmp_path, tmp_path / "c.jpg") == ["c.jpg"]


def test_a_folder_that_cannot_be_listed_is_yielded_itself(tmp_path, monkeypatch):
    grow(tmp_path, "a.jpg", "b/c.jpg")
    listed = os.scandir

    def refuse(folder):
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert found(tmp_path) == ["a.jpg", "b"]


def test_names_that_are_not_utf8_are_found(tmp_path):
    name = os.fsdecode(b"\xff\xfe.jpg")
    try:
        grow(tmp_path, name)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert [path.name for path in find_images([tmp_path])] == [name]


@pytest.mark.parametrize("name", ["missing.jpg", "no/such/folder", "nothing*.jpg"])
def test_what_is_not_there_is_an_error_at_the_call(tmp_path, name):
    grow(tmp_path, "a.jpg")
    with pytest.raises(DataError, match=r"does not exist|no file matches") as caught:
        find_images([tmp_path / "a.jpg", tmp_path / name])
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folders_without_any_image_are_an_error(tmp_path):
    grow(tmp_path, "empty/notes.txt", "full/a.jpg")
    with pytest.raises(DataError, match=r"no images found in .*empty") as caught:
        list(find_images([tmp_path / "empty"]))
    assert "\n" not in str(caught.value)
    assert found(tmp_path, tmp_path / "empty", tmp_path / "full") == ["full/a.jpg"]


def test_no_paths_at_all_are_an_error():
    with pytest.raises(DataError, match="no path given"):
        list(find_images([]))


def test_names_of_images_are_their_paths_in_the_folder(tmp_path):
    grow(tmp_path, "a/b/c.jpg", "d.PNG", "a/notes.txt")
    assert list(image_names(tmp_path)) == ["a/b/c.jpg", "d.PNG"]
    assert list(image_names(tmp_path / "a")) == ["b/c.jpg"]
    (tmp_path / "empty").mkdir()
    assert list(image_names(tmp_path / "empty")) == []


@pytest.mark.parametrize(
    "name", ["a.jpg", "a/b.TIFF", ".a.jpg", "a/.b/c.jpg", "a/@eaDir/b.jpg", "a.txt", "jpg", "a/jpg"]
)
def test_a_name_is_an_images_where_listing_would_find_it(tmp_path, name):
    grow(tmp_path, name)
    assert is_image_name(name) == (name in set(image_names(tmp_path)))
