"""Room for crops: memory, or for many, a file of which memory holds what there is room for."""

import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fcn_detect.files import naming

IN_MEMORY: Final = 4_000_000_000  # bytes of a set of crops; more of them go to a file
BLOCK: Final = 1024  # crops copied at once


def room(count: int, crop_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Room for crops, `(count, crop_h, crop_w, 3)`, to be filled.

    Above `IN_MEMORY` bytes it is a file in the folder for temporary files (`TMPDIR`), mapped: the
    system keeps as much of it in memory as there is to spare. It has no name, and is gone with the
    process, however that ends.

    Raises:
        OSError: the disk is full; names the folder.
    """
    shape = (count, *crop_hw, 3)
    size = math.prod(shape)
    if size <= IN_MEMORY:
        return np.empty(shape, np.uint8)
    folder = Path(tempfile.gettempdir())
    with naming(folder), tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size)  # a mapped file finds a full disk by a crash
        return np.asarray(np.memmap(file, np.uint8, "r+", shape=shape))


def stacked(parts: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Several sets of crops, at least one, one behind the other."""
    height, width = parts[0].shape[1:3]
    whole = room(sum(map(len, parts)), (height, width))
    start = 0
    for part in parts:
        whole[start : start + len(part)] = part
        start += len(part)
    return whole


def taken(crops: NDArray[np.uint8], index: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Those crops of an index array, in its order."""
    height, width = crops.shape[1:3]
    whole = room(len(index), (height, width))
    for start in range(0, len(index), BLOCK):
        whole[start : start + BLOCK] = crops[index[start : start + BLOCK]]
    return whole
