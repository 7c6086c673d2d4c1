"""Folders of class folders to arrays of crops, split into training and validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fcn_detect.errors import DataError, ImageError, did_you_mean
from fcn_detect.images import find_images, read_image, resize_to
from fcn_detect.results import BACKGROUND_NAMES
from fcn_detect.train.crop_set import CropSet, Skipped, joined
from fcn_detect.train.room import room
from fcn_detect.train.splitting import split_by_groups

TRAIN_NAMES = ("train",)
VALIDATION_NAMES = ("val", "valid", "validation")


@dataclass(frozen=True, eq=False)
class CropFolders:
    """What a folder of crops holds.

    Attributes:
        labels: class names without the background, sorted.
        background: name of the background class.
        train: crops to train on.
        validation: crops to measure on.
        skipped: files that could not be read.
        split: one line that says how the two were told apart.
    """

    labels: tuple[str, ...]
    background: str
    train: CropSet
    validation: CropSet
    skipped: list[Skipped]
    split: str


def load_crops(
    folder: Path,
    crop_hw: tuple[int, int],
    *,
    more: Sequence[Path] = (),
    labels: Sequence[str] | None = None,
    background: str | None = None,
    needs_background: bool = True,
    group_by: str | None = None,
    seed: int = 0,
) -> CropFolders:
    """Reads class folders, optionally under `train/` and `val/`.

    Args:
        folder: holds a folder for each class, of images of any size.
        crop_hw: height and width that every crop is resized to.
        more: further such folders, each split in its own way.
        labels: classes to expect, some of which may have no crops; None: those that are there.
        background: name of the background class; None: the first known name that is there.
        needs_background: whether a missing background class is an error.
        group_by: regular expression for groups that a split keeps together.
        seed: of the split.

    Raises:
        DataError: a folder does not exist, or together they hold no classes, or too few crops.
    """
    places = [_Places.of(one) for one in (folder, *more)]
    classes = sorted({name for one in places for name in one.classes})
    name = _background_name(places[0].train, classes, background, needs_background)
    found = tuple(c for c in classes if c != name)
    if not found:
        root = places[0].train
        raise DataError(f"{root}: no class folders beside the background; expected {root}/CLASS/*")
    unknown = [c for c in found if labels is not None and c not in labels]
    if unknown:
        raise DataError(
            f"{folder}: class '{unknown[0]}' is none of the model's ({', '.join(labels or ())}); "
            "rename its folder, or train without --init"
        )
    names = (*(labels or found), name)
    skipped: list[Skipped] = []
    splits = [_read_split(one, names, crop_hw, skipped, (group_by, seed)) for one in places]
    train = joined([split[0] for split in splits])
    validation = joined([split[1] for split in splits])
    _check(train, validation, names[:-1], folder, skipped, all_needed=labels is None)
    how = "; ".join(split[2] for split in splits)
    return CropFolders(names[:-1], name, train, validation, skipped, how)


@dataclass(frozen=True)
class _Places:
    """Where the class folders of one folder of crops are.

    Attributes:
        train: folder that holds them.
        validation: folder that holds those to validate on; None: a share of `train` is held out.
        classes: their names.
    """

    train: Path
    validation: Path | None
    classes: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> "_Places":
        """Those of a folder.

        Raises:
            DataError: it does not exist.
        """
        if not folder.is_dir():
            what = "it is a file, not a folder" if folder.exists() else "there is no such folder"
            raise DataError(f"{folder}: {what} of crops")
        root = _subfolder(folder, TRAIN_NAMES) or folder
        names = (p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
        others = (*VALIDATION_NAMES, "test") if root == folder else ()
        classes = tuple(name for name in names if name not in others)
        return cls(root, _subfolder(folder, VALIDATION_NAMES), classes)


def _read_split(
    places: _Places,
    names: tuple[str, ...],
    crop_hw: tuple[int, int],
    skipped: list[Skipped],
    by: tuple[str | None, int],
) -> tuple[CropSet, CropSet, str]:
    """Crops of one folder to train on and to validate on, and one line that says how."""
    train = _read_classes(places.train, names, crop_hw, skipped)
    if places.validation is None:
        return split_by_groups(train, *by)
    validation = _read_classes(places.validation, names, crop_hw, skipped)
    return train, validation, f"by folder: {places.train.name}/ and {places.validation.name}/"


def _read_classes(
    root: Path, labels: tuple[str, ...], crop_hw: tuple[int, int], skipped: list[Skipped]
) -> CropSet:
    files = [(index, path) for index, label in enumerate(labels) for path in _files(root / label)]
    images = room(len(files), crop_hw)
    classes: list[int] = []
    names: list[str] = []
    for index, path in files:
        try:
            images[len(names)] = resize_to(read_image(path).pixels, crop_hw)
        except ImageError as error:
            skipped.append(Skipped(path.as_posix(), error.kind, str(error)))
            continue
        classes.append(index)
        names.append(path.as_posix())
    return CropSet(images[: len(names)], np.array(classes, np.int64), names)


def _files(folder: Path) -> list[Path]:
    """The images of one class.

    An empty folder is judged later, with all classes known; and there may be none, such as of the
    background, where photos without the object are given.
    """
    if not folder.is_dir():
        return []
    try:
        return list(find_images([folder]))
    except DataError:
        return []


def _subfolder(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _background_name(root: Path, classes: list[str], asked: str | None, needed: bool) -> str:
    name = asked or next((n for n in BACKGROUND_NAMES if n in classes), None)
    if needed and not classes:
        raise DataError(
            f"{root}: no class folders; expected pictures of the object in {root}/OBJECT/ and of "
            f"what is none in {root}/{BACKGROUND_NAMES[0]}/"
        )
    if asked is not None and needed and asked not in classes:
        raise DataError(
            f"--background {asked}: no such class folder in {root}; there are {', '.join(classes)}"
            f"{did_you_mean(asked, classes)}"
        )
    if needed and name not in classes:
        raise DataError(
            f"{root}: no background class among {', '.join(classes)}; "
            f"name one of {', '.join(BACKGROUND_NAMES)}, use --background NAME, "
            "or give photos without the object with --negatives DIR"
        )
    return name or BACKGROUND_NAMES[0]


def _check(
    train: CropSet,
    validation: CropSet,
    labels: tuple[str, ...],
    folder: Path,
    skipped: Sequence[Skipped],
    *,
    all_needed: bool,
) -> None:
    """Nothing, if there are crops of every class, or of one at least, in both parts."""
    counts = [
        [int((crops.classes == i).sum()) for crops in (train, validation)]
        for i in range(len(labels))
    ]
    enough = [min(pair) >= 1 for pair in counts]
    if all(enough) or (any(enough) and not all_needed):
        return
    i = enough.index(False)
    left_out = f"; {len(skipped)} files were left out, the first: {skipped[0]}" if skipped else ""
    raise DataError(
        f"{folder}: class '{labels[i]}' has {counts[i][0]} crops to train on and {counts[i][1]} "
        f"to validate on; both need at least one{left_out}"
    )
