"""The small and the larger picture of one image, and its heat map."""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.detect import Detector, Search, heat_map
from fcn_detect.errors import ImageError
from fcn_detect.images import (
    DEFAULT_MAX_PIXELS,
    Octaves,
    Place,
    StreamingRules,
    halvings,
    huge_header,
    local_file,
    read_image,
    resize_part,
    resize_to,
    store_image,
    taken_at,
)

Pixels = NDArray[np.uint8]

THUMBNAIL_SIDE = 400
HEAT_SIDE = 640
_QUALITY = 82
_LARGEST = StreamingRules(1 << 62, max_expansion=math.inf, allow_truncated=True)


@dataclass(frozen=True)
class Drawn:
    """What became of one image's pictures.

    Attributes:
        picture: whether they were written.
        taken: when the photo was taken, as its camera wrote it.
        note: why there is no picture; empty where there is one.
    """

    picture: bool
    taken: str | None = None
    note: str = ""


def draw_pictures(
    where: Place,
    thumbnail: Path,
    picture: Path,
    side: int,
    expected_hw: tuple[int, int] | None = None,
) -> Drawn:
    """Writes JPEGs of an image, with sides of at most 400 px and `side`; never enlarges.

    An image of another size than was searched is another picture, and not drawn.

    Raises:
        OSError: they cannot be written.
    """
    try:
        with local_file(where) as image:
            (pixels, image_hw), taken = _shrunk(image, side), taken_at(image)
    except ImageError as error:
        return Drawn(False, None, f"{error.kind}: {error}")
    if expected_hw is not None and image_hw != expected_hw:
        sizes = [f"{width}x{height}" for height, width in (image_hw, expected_hw)]
        return Drawn(False, None, f"another picture: it has {sizes[0]} px, and had {sizes[1]}")
    _save(pixels, picture)
    _save(resize_to(pixels, _fitting(pixels.shape[:2], THUMBNAIL_SIDE)[0]), thumbnail)
    return Drawn(True, taken)


def draw_heat(detector: Detector, image: Place, path: Path) -> bool:
    """Writes where the detector sees objects, as a PNG to lay over; False where it cannot.

    Its colours tell the score, 0 is transparent, and sides are at most 640 px.
    """
    result, search = detector.result(image, heat=True)
    if search is None or result.width is None or result.height is None:
        return False
    size_hw, scale = _fitting((result.height, result.width), HEAT_SIDE)
    if isinstance(search, Search):
        heat = heat_map(search.score_maps, detector.header.calibration, size_hw, 1 / scale)
    elif search.heat is not None:
        wide = (size_hw[1], size_hw[0])
        shrunk = cv2.resize(search.heat.pixels, wide, interpolation=cv2.INTER_AREA)
        heat = shrunk.astype(np.float32) / np.float32(255)
    else:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_heat(heat))
    return True


def encode_heat(heat: NDArray[np.float32]) -> bytes:
    """A PNG of a heat map, `(h, w)` in [0, 1]: hotter places are brighter and hide more."""
    picture = Image.fromarray((heat * 255).round().astype(np.uint8))
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    colours = cv2.cvtColor(cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    picture.putpalette(colours.tobytes())
    opacity = bytes(min(255, round(2.5 * level)) for level in range(256))
    stream = io.BytesIO()
    picture.save(stream, "PNG", transparency=opacity)
    return stream.getvalue()


def _shrunk(image: Path, side: int) -> tuple[Pixels, tuple[int, int]]:
    """An image, RGB, with sides of at most `side`, and its own height and width."""
    header = huge_header(image, 0)
    if header is not None and header.pixels > DEFAULT_MAX_PIXELS:
        return _fit(store_image(image, header, _LARGEST), side)
    times = 0 if header is None else halvings(min(1.0, side / max(header.size_hw)))
    return _fit(read_image(image, allow_truncated=True, halvings=times).halves(), side)


def _fit(octaves: Octaves, side: int) -> tuple[Pixels, tuple[int, int]]:
    size_hw, scale = _fitting(octaves.image_hw, side)
    pixels = resize_part(octaves, size_hw, scale, range(size_hw[0]), range(size_hw[1]))
    return pixels, octaves.image_hw


def _fitting(image_hw: tuple[int, int], side: int) -> tuple[tuple[int, int], float]:
    """Height and width of a picture that fits, and its scale, at most 1."""
    scale = min(1.0, side / max(image_hw))
    return (max(1, int(image_hw[0] * scale + 1e-6)), max(1, int(image_hw[1] * scale + 1e-6))), scale


def _save(pixels: Pixels, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "JPEG", quality=_QUALITY)
