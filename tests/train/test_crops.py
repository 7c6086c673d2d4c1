import errno
import mmap

import numpy as np
import pytest
from PIL import Image

from fcn_detect.errors import DataError, SettingsError
from fcn_detect.train import load_crops
from fcn_detect.train.crop_set import CropSet
from fcn_detect.train.room import room
from fcn_detect.train.splitting import group_names, split_by_groups

CROP_HW = (16, 8)


def write(path, value=128, size=(8, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path)


def crop_set(names, classes):
    n = len(names)
    return CropSet(np.zeros((n, *CROP_HW, 3), np.uint8), np.array(classes, np.int64), list(names))


def test_class_folders_under_train_and_val_are_the_two_parts(tmp_path):
    for part, count in (("train", 3), ("validation", 2)):
        for label in ("cat", "other"):
            for i in range(count):
                write(tmp_path / part / label / f"{i}.png", 50 + i, size=(30, 20))
    write(tmp_path / "test" / "cat" / "0.png")
    folders = load_crops(tmp_path, CROP_HW)
    assert (folders.labels, folders.background) == (("cat",), "other")
    assert (len(folders.train), len(folders.validation)) == (6, 4)
    assert folders.train.images.shape == (6, *CROP_HW, 3)
    assert folders.train.classes.tolist() == [0, 0, 0, 1, 1, 1]


def test_the_background_is_the_last_class_and_labels_are_sorted(tmp_path):
    for label in ("zebra", "ant", "background"):
        for i in range(4):
            write(tmp_path / label / f"{i}x.png")
    folders = load_crops(tmp_path, CROP_HW)
    assert folders.labels == ("ant", "zebra")
    names = [folders.train.names[i] for i in np.flatnonzero(folders.train.classes == 2)]
    assert names
    assert all("background" in name for name in names)


def test_a_missing_background_is_an_error_that_says_what_to_do(tmp_path):
    write(tmp_path / "cat" / "a.png")
    with pytest.raises(DataError, match="--negatives"):
        load_crops(tmp_path, CROP_HW)


def test_a_bad_file_is_recorded_and_the_rest_is_read(tmp_path):
    for label in ("cat", "background"):
        for i in range(8):
            write(tmp_path / label / f"{i}.png")
    (tmp_path / "cat" / "empty.png").write_bytes(b"")
    folders = load_crops(tmp_path, CROP_HW)
    assert [(s.kind, s.path.endswith("cat/empty.png")) for s in folders.skipped] == [
        ("empty", True)
    ]
    assert len(folders.train) + len(folders.validation) == 16


@pytest.mark.parametrize("missing", ["", "cat"])
def test_a_folder_without_classes_is_an_error(tmp_path, missing):
    with pytest.raises(DataError):
        load_crops(tmp_path / missing, CROP_HW)


def test_names_that_differ_in_a_last_letter_or_number_are_one_group():
    names = [f"p/{i:03d}{letter}.png" for i in range(25) for letter in "ab"]
    names += [f"n/{i:03d}-{k}.png" for i in range(25) for k in range(2)]
    crops = crop_set(names, [0] * 50 + [1] * 50)
    groups, how = group_names(crops, None)
    assert "trailing letter" in how
    assert groups[:2] == ["000", "000"]
    train, validation, _ = split_by_groups(crops, None, seed=0)
    stems = [
        {name.rsplit("/")[1][:3] for name in part.names if name.startswith("p/")}
        for part in (train, validation)
    ]
    assert not stems[0] & stems[1]


def test_names_that_make_few_groups_are_split_one_by_one():
    crops = crop_set([f"frame-{i}.png" for i in range(60)], [0] * 30 + [1] * 30)
    groups, how = group_names(crops, None)
    assert len(set(groups)) == 60
    assert "each crop on its own" in how


def test_a_pattern_makes_the_groups():
    crops = crop_set([f"cam{i % 5}_{i}.png" for i in range(50)], [0] * 25 + [1] * 25)
    train, validation, how = split_by_groups(crops, r"^(cam\d)", seed=3)
    cameras = [{name[:4] for name in part.names} for part in (train, validation)]
    assert not cameras[0] & cameras[1]
    assert "cam" in how
    with pytest.raises(SettingsError, match="regular expression"):
        group_names(crops, "(")


def test_a_split_is_the_same_for_the_same_seed():
    crops = crop_set([f"{i}x.png" for i in range(80)], [0] * 40 + [1] * 40)
    first, again = (split_by_groups(crops, None, seed=5)[1].names for _ in range(2))
    assert first == again


def test_the_crops_that_harvest_cut_from_one_image_stay_together():
    names = [
        f"{label}/cam%2F{i}.jpg.crop-{k}.png" for label in "pb" for i in range(6) for k in "12"
    ]
    crops = crop_set(names, [0] * 12 + [1] * 12)
    train, validation, how = split_by_groups(crops, None, seed=0)
    images = [{name[2:].split(".crop")[0] for name in part.names} for part in (train, validation)]
    assert not images[0] & images[1]
    assert all(set(part.classes) == {0, 1} for part in (train, validation))
    assert len(images[1]) == 1
    assert "by the image that they were cut from" in how


def test_several_folders_are_one_set_each_split_in_its_own_way(tmp_path):
    for part, count in (("train", 5), ("val", 2)):
        for label in ("cat", "background"):
            for i in range(count):
                write(tmp_path / "old" / part / label / f"{i}.png")
    for i in range(20):
        write(tmp_path / "new" / "background" / f"frame{i}x.jpg.crop-1.png")
    folders = load_crops(tmp_path / "new", CROP_HW, more=[tmp_path / "old"])
    assert (folders.labels, folders.background) == (("cat",), "background")
    assert len(folders.train) + len(folders.validation) == 34
    assert (folders.train.classes == 0).sum() == 5
    assert "3 of 20 crops held out" in folders.split
    assert "by folder: train/ and val/" in folders.split


def test_with_a_models_labels_a_class_may_be_missing_and_none_may_be_unknown(tmp_path):
    for label in ("cat", "background"):
        for i in range(8):
            write(tmp_path / label / f"{i}.png")
    labels = ("dog", "cat")
    folders = load_crops(tmp_path, CROP_HW, labels=labels)
    assert folders.labels == labels
    assert set(folders.train.classes) == {1, 2}
    with pytest.raises(DataError, match="'cat' is none of the model's"):
        load_crops(tmp_path, CROP_HW, labels=("dog",))
    (tmp_path / "cat").rename(tmp_path / "background2")
    with pytest.raises(DataError, match="background2"):
        load_crops(tmp_path, CROP_HW, labels=labels)


def lies_in_a_file(array):
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


def test_crops_above_the_memory_for_them_lie_in_a_file_and_are_the_same(tmp_path, monkeypatch):
    for part, count in (("a", 5), ("b", 3)):
        for label in ("cat", "background"):
            for i in range(count):
                write(tmp_path / part / label / f"{i}.png", 20 * i + len(label), size=(9, 17))
    (tmp_path / "a" / "cat" / "broken.png").write_bytes(b"none")

    def everything():
        folders = load_crops(tmp_path / "a", CROP_HW, more=[tmp_path / "b"])
        windows = np.full((2, *CROP_HW, 3), 7, np.uint8)
        return folders, folders.train.with_background(windows, "photo", 1)

    (in_memory, more), limit = everything(), 4 * CROP_HW[0] * CROP_HW[1] * 3
    monkeypatch.setattr("fcn_detect.train.room.IN_MEMORY", limit)
    on_disk, more_on_disk = everything()
    for one, other, many in (
        (in_memory.train, on_disk.train, True),
        (in_memory.validation, on_disk.validation, False),
        (more, more_on_disk, True),
    ):
        assert (one.names, one.classes.tolist()) == (other.names, other.classes.tolist())
        np.testing.assert_array_equal(one.images, other.images)
        assert lies_in_a_file(other.images) == many
        assert not lies_in_a_file(one.images)
        index = np.array([1, 0, 1])
        batch = other.images[index]
        np.testing.assert_array_equal(batch, one.images[index])
        assert not lies_in_a_file(batch)
    assert [skip.path for skip in on_disk.skipped] == [skip.path for skip in in_memory.skipped]


def test_a_disk_without_room_for_the_crops_is_named(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("os.posix_fallocate", full)
    monkeypatch.setattr("fcn_detect.train.room.IN_MEMORY", 0)
    with pytest.raises(OSError, match="No space") as caught:
        room(3, CROP_HW)
    assert caught.value.filename == str(tmp_path)
    assert not list(tmp_path.iterdir())
