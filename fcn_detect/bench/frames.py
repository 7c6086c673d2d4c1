"""The photos that are measured on: the user's, or rendered ones."""

import shutil
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from fcn_detect.detect import Detector
from fcn_detect.errors import ImageError
from fcn_detect.images import PreparedImage, find_images, prepare

RENDERED_HW, RENDERED = (576, 768), 4


def bench_frames(images: Sequence[str], folder: Path) -> list[Path]:
    """The photos that were named; without any, scenes rendered into the folder.

    Raises:
        DataError: a photo does not exist.
    """
    if images:
        return list(find_images(images))
    from fcn_detect.scenes import write_scenes

    write_scenes(folder, np.random.default_rng(0), [RENDERED_HW] * RENDERED)
    return sorted(folder.glob("scene_*.jpg"))


def prepare_frames(
    frames: Sequence[Path], detector: Detector, most_kept: int
) -> list[PreparedImage]:
    """The first photos as the network gets them; the others are only tried.

    Raises:
        ImageError: a photo cannot be searched; it is named.
    """
    kept: list[PreparedImage] = []
    for frame in frames:
        try:
            prepared = prepare(frame, detector.preparation)
            detector.levels(prepared.image_hw)
        except ImageError as error:
            raise ImageError(error.kind, f"{frame}: {error}") from None
        kept += [prepared] if len(kept) < most_kept else []
    return kept


def copy_frames(frames: Sequence[Path], folder: Path, count: int) -> list[Path]:
    """`count` copies of the photos, in turn, in the folder."""
    folder.mkdir(parents=True)
    copies = []
    for i, frame in enumerate(islice(cycle(frames), count)):
        copies.append(folder / f"{i:06d}{frame.suffix}")
        shutil.copyfile(frame, copies[-1])
    return copies
