"""Crops told apart into those to train on and those to validate on."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import SettingsError
from fcn_detect.train.crop_set import CropSet

VALIDATION_SHARE = 0.15

# What `fcn-detect harvest` calls the crops of one image.
HARVESTED = re.compile(r"(.+)\.crop-\d+")


def split_by_groups(
    crops: CropSet, group_by: str | None, seed: int
) -> tuple[CropSet, CropSet, str]:
    """Training and validation crops that share no group, and how groups were made."""
    groups, how = group_names(crops, group_by)
    rng = np.random.default_rng(seed)
    held: set[str] = set()  # a group held out in one class is held out in all
    for cls in np.unique(crops.classes):
        sizes = Counter(groups[i] for i in np.flatnonzero(crops.classes == cls))
        wanted = VALIDATION_SHARE * sum(sizes.values())
        for group in rng.permutation(sorted(sizes)):
            if sum(sizes[g] for g in held) >= wanted:
                break
            held.add(str(group))
    in_validation = np.array([g in held for g in groups], bool)
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
    harvested = [match[1] for stem in stems if (match := HARVESTED.fullmatch(stem))]
    if len(harvested) == len(stems) and _least_groups(harvested, crops.classes) > 1:
        return harvested, "in groups by the image that they were cut from"
    groups = [re.sub(r"(?<=.)([a-zA-Z]|-\d+)$", "", stem) for stem in stems]
    if _are_even(groups, crops.classes):
        return groups, "in groups by name without a trailing letter or -N"
    return [str(i) for i in range(len(stems))], "each crop on its own (names form no groups)"


def _matched(pattern: re.Pattern[str], stem: str) -> str:
    found = pattern.search(stem)
    return stem if found is None else found[1 if pattern.groups else 0] or ""


def _least_groups(groups: list[str], classes: NDArray[np.int64]) -> int:
    """Number of groups in the class that has fewest; 0 without classes."""
    present = np.unique(classes)
    return min((len({groups[i] for i in np.flatnonzero(classes == c)}) for c in present), default=0)


def _are_even(groups: list[str], classes: NDArray[np.int64]) -> bool:
    """At least 20 groups in every class, and none above 5 % of it."""
    for cls in np.unique(classes):
        sizes = Counter(groups[i] for i in np.flatnonzero(classes == cls))
        if len(sizes) < 20 or max(sizes.values()) > 0.05 * sum(sizes.values()):
            return False
    return True
