"""Folders of class folders to arrays of crops, split into training and validation."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import DataError, ImageError, SettingsError
from fcn_detect.images import find_images, read_image, resize_to

BACKGROUND_NAMES = ("background", "negative", "neg", "other")
TRAIN_NAMES = ("train",)
VALIDATION_NAMES = ("val", "valid", "validation")
VALIDATION_SHARE = 0.15


@dataclass(frozen=True)
class Skipped:
    """A crop file that could not be used."""

    path: str
    kind: str
    message: str


@dataclass(frozen=True, eq=False)
class CropSet:
    """Crops of one split.

    Attributes:
        images: RGB uint8 `(n, crop_h, crop_w, 3)`.
        classes: int64 `(n,)` index into the labels; the background is the last, `len(labels)`.
        names: n paths, for contact sheets and records.
    """

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]
    names: list[str]

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, index: NDArray[np.intp]) -> "CropSet":
        """Those of an index array, in its order."""
        return CropSet(self.images[index], self.classes[index], [self.names[i] for i in index])

    def middle(self, margins_hw: tuple[int, int], window_hw: tuple[int, int]) -> "CropSet":
        """The middle window of each crop, as the net sees it; a view."""
        (top, left), (height, width) = margins_hw, window_hw
        images = self.images[:, top : top + height, left : left + width]
        return CropSet(images, self.classes, self.names)

    def with_background(self, windows: NDArray[np.uint8], name: str, labels: int) -> "CropSet":
        """These crops and background windows `(m, crop_h, crop_w, 3)`, called `name-0`, ..."""
        classes = np.full(len(windows), labels, np.int64)
        return CropSet(
            np.concatenate([self.images, windows]),
            np.concatenate([self.classes, classes]),
            [*self.names, *(f"{name}-{i}" for i in range(len(windows)))],
        )


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
    background: str | None = None,
    needs_background: bool = True,
    group_by: str | None = None,
    seed: int = 0,
) -> CropFolders:
    """Reads class folders, optionally under `train/` and `val/`.

    Args:
        folder: holds a folder for each class, of images of any size.
        crop_hw: height and width that every crop is resized to.
        background: name of the background class; None: the first known name that is there.
        needs_background: whether a missing background class is an error.
        group_by: regular expression for groups that a split keeps together.
        seed: of the split.

    Raises:
        DataError: the folder does not exist, or holds no classes, or too few crops.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder of crops")
    train_folder = _subfolder(folder, TRAIN_NAMES)
    validation_folder = _subfolder(folder, VALIDATION_NAMES)
    root = train_folder or folder
    classes = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    classes = [c for c in classes if root != folder or c not in (*VALIDATION_NAMES, "test")]
    name = _background_name(root, classes, background, needs_background)
    labels = tuple(c for c in classes if c != name)
    if not labels:
        raise DataError(f"{root}: no class folders beside the background; expected {root}/CLASS/*")
    skipped: list[Skipped] = []
    train = _read_classes(root, labels, name, crop_hw, skipped)
    if validation_folder is not None:
        validation = _read_classes(validation_folder, labels, name, crop_hw, skipped)
        split = f"by folder: {root.name}/ and {validation_folder.name}/"
    else:
        train, validation, split = split_by_groups(train, group_by, seed)
    _check(train, validation, labels, folder)
    return CropFolders(labels, name, train, validation, skipped, split)


def split_by_groups(
    crops: CropSet, group_by: str | None, seed: int
) -> tuple[CropSet, CropSet, str]:
    """Training and validation crops that share no group, and how groups were made."""
    groups, how = group_names(crops, group_by)
    rng = np.random.default_rng(seed)
    in_validation = np.zeros(len(crops), bool)
    for cls in np.unique(crops.classes):
        members = np.flatnonzero(crops.classes == cls)
        sizes = Counter(groups[i] for i in members)
        chosen: set[str] = set()
        wanted = VALIDATION_SHARE * len(members)
        for group in rng.permutation(sorted(sizes)):
            if sum(sizes[g] for g in chosen) >= wanted:
                break
            chosen.add(str(group))
        in_validation[[i for i in members if groups[i] in chosen]] = True
    # A group chosen in one class stays together in all classes.
    held = {groups[i] for i in np.flatnonzero(in_validation)}
    in_validation = np.array([g in held for g in groups])
    train, validation = (crops.take(np.flatnonzero(m)) for m in (~in_validation, in_validation))
    share = f"{len(validation)} of {len(crops)} crops held out"
    return train, validation, f"{share}, {how}"


def group_names(crops: CropSet, group_by: str | None) -> tuple[list[str], str]:
    """The group of each crop, and one line that says how it was found."""
    stems = [Path(name).stem for name in crops.names]
    if group_by is not None:
        try:
            pattern = re.compile(group_by)
        except re.error as error:
            raise SettingsError(
                f"--group-by '{group_by}' is no regular expression: {error}"
            ) from None
        return [_matched(pattern, stem) for stem in stems], f"in groups by '{group_by}'"
    groups = [re.sub(r"(?<=.)([a-zA-Z]|-\d+)$", "", stem) for stem in stems]
    if _are_even(groups, crops.classes):
        return groups, "in groups by name without a trailing letter or -N"
    return [str(i) for i in range(len(stems))], "each crop on its own (names form no groups)"


def _matched(pattern: re.Pattern[str], stem: str) -> str:
    found = pattern.search(stem)
    return stem if found is None else found[1 if pattern.groups else 0] or ""


def _are_even(groups: list[str], classes: NDArray[np.int64]) -> bool:
    """At least 20 groups in every class, and none above 5 % of it."""
    for cls in np.unique(classes):
        sizes = Counter(groups[i] for i in np.flatnonzero(classes == cls))
        if len(sizes) < 20 or max(sizes.values()) > 0.05 * sum(sizes.values()):
            return False
    return True


def _read_classes(
    root: Path,
    labels: tuple[str, ...],
    background: str,
    crop_hw: tuple[int, int],
    skipped: list[Skipped],
) -> CropSet:
    images, classes, names = [], [], []
    for index, label in enumerate((*labels, background)):
        if not (root / label).is_dir():
            continue  # no background folder, where photos without the object are given
        for path in _files(root / label):
            try:
                images.append(resize_to(read_image(path).pixels, crop_hw))
            except ImageError as error:
                skipped.append(Skipped(path.as_posix(), error.kind, str(error)))
                continue
            classes.append(index)
            names.append(path.as_posix())
    stacked = np.stack(images) if images else np.zeros((0, *crop_hw, 3), np.uint8)
    return CropSet(stacked, np.array(classes, np.int64), names)


def _files(folder: Path) -> list[Path]:
    """The images of one class; an empty folder is judged later, with all classes known."""
    try:
        return list(find_images([folder]))
    except DataError:
        return []


def _subfolder(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _background_name(root: Path, classes: list[str], asked: str | None, needed: bool) -> str:
    name = asked or next((n for n in BACKGROUND_NAMES if n in classes), None)
    if needed and (name is None or name not in classes):
        raise DataError(
            f"{root}: no background class among {', '.join(classes) or 'no folders'}; "
            f"name one of {', '.join(BACKGROUND_NAMES)}, use --background NAME, "
            "or give photos without the object with --negatives DIR"
        )
    return name or BACKGROUND_NAMES[0]


def _check(train: CropSet, validation: CropSet, labels: tuple[str, ...], folder: Path) -> None:
    for i, label in enumerate(labels):
        counts = [int((crops.classes == i).sum()) for crops in (train, validation)]
        if min(counts) < 1:
            raise DataError(
                f"{folder}: class '{label}' has {counts[0]} crops to train on and {counts[1]} "
                "to validate on; both need at least one"
            )
