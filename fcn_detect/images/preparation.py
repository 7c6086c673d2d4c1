"""From a file to what a network gets: read, resized and packed, in any process."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import Level, PyramidPlan, is_too_large, plan_passes, plan_pyramid
from fcn_detect.images.addresses import Place, local_file
from fcn_detect.images.decoding import LoadedImage
from fcn_detect.images.large import huge_header
from fcn_detect.images.painting import paint_passes
from fcn_detect.images.reading import DEFAULT_MAX_PIXELS, MAX_FILE_BYTES, read_image

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Preparation:
    """How images are prepared, whatever the image.

    Attributes:
        allow_truncated: whether files that end early are taken as far as they go.
        halvings: how often a decoder may halve a picture.
        plan: of the pyramid that is packed; None: images are only read.
        pass_pixels: most pixels of one forward pass.
        stream_pixels: files of more pixels are left alone, and pyramids with a larger level are
            not packed: they are searched in tiles where the network is.
        max_pixels: width times height above which nothing is decoded.
        max_file_bytes: size of a file above which it is not read.
    """

    allow_truncated: bool = False
    halvings: int = 0
    plan: PyramidPlan | None = None
    pass_pixels: int = 0
    stream_pixels: int = DEFAULT_MAX_PIXELS
    max_pixels: int = DEFAULT_MAX_PIXELS
    max_file_bytes: int = MAX_FILE_BYTES


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """An image on its way to a network.

    Attributes:
        image_hw: height and width of the picture as a viewer shows it.
        warnings: of the reader.
        canvases: RGB uint8 `(h, w, 3)`, one for each pass of the plan over its pyramid; None
            where it was not packed.
        image: the picture itself, where it was not packed; None where it was left alone.
    """

    image_hw: tuple[int, int]
    warnings: tuple[str, ...]
    canvases: list[Pixels] | None
    image: LoadedImage | None

    @property
    def form(self) -> tuple[object, ...]:
        """What images have in common that a network can take together."""
        if self.image is None:
            return (self.image_hw, self.canvases is None)
        return (self.image_hw, self.image.pixels.shape, self.image.halved)


def prepare(where: Place, preparation: Preparation) -> PreparedImage:
    """A file, read and packed; only read where its pyramid has no level or too large a one.

    A huge file is left alone, and one with a huge level only looked at.

    Raises:
        ImageError: the file cannot be read.
    """
    with local_file(where) as path:
        huge = huge_header(path, preparation.stream_pixels)
        if huge is not None:
            return PreparedImage(huge.size_hw, (), None, None)
        image = read_image(
            path,
            allow_truncated=preparation.allow_truncated,
            max_pixels=preparation.max_pixels,
            max_file_bytes=preparation.max_file_bytes,
            halvings=preparation.halvings,
        )
    bare = PreparedImage(image.image_hw, image.warnings, None, None)
    if preparation.plan is None:
        return replace(bare, image=image)
    levels = plan_pyramid(image.image_hw, preparation.plan)
    if any(height * width > preparation.stream_pixels for height, width in _sizes(levels)):
        return bare
    canvases = _pack(image, levels, preparation.plan.stride_hw, preparation.pass_pixels)
    return replace(bare, image=image) if canvases is None else replace(bare, canvases=canvases)


def _pack(
    image: LoadedImage, levels: list[Level], stride_hw: tuple[int, int], most_pixels: int
) -> list[Pixels] | None:
    """The canvas of each pass; None where there is none, or one would be too large."""
    passes = plan_passes(_sizes(levels), stride_hw, most_pixels)
    if not passes or any(is_too_large(one, most_pixels) for one in passes):
        return None
    return paint_passes(image.halves(), levels, passes)


def _sizes(levels: list[Level]) -> tuple[tuple[int, int], ...]:
    return tuple(level.size_hw for level in levels)
