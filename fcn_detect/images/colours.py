"""What pixels of other kinds mean as RGB colours.

| pixels | become |
|---|---|
| grey, 1 bit, palette, YCbCr | RGB |
| with transparency | laid on white; a warning when some pixel is not opaque |
| CMYK | Pillow's plain conversion, and a warning: other programs show other colours |
| 16-bit grey or RGB | 8 bit; white is 4095 if no value is larger, or 65535; a warning says which |
| float, LAB, others | refused: they state no range or no colours |
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.errors import ImageError

_PLAIN_MODES = {"1", "L", "P", "RGB", "RGBX", "YCbCr"}
_TRANSPARENT_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_DEEP_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}


def to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture with mode RGB, and warnings of what was assumed.

    Raises:
        ImageError: `unsupported_pixels` when the pixels have no defined meaning as colours.
    """
    if image.mode in _DEEP_MODES:
        return _deep_to_rgb(image)
    if image.mode == "CMYK":
        return image.convert("RGB"), ["CMYK colours were converted without a colour profile"]
    if image.mode not in _PLAIN_MODES | _TRANSPARENT_MODES:
        raise ImageError(
            "unsupported_pixels",
            f"pixels of mode {image.mode} ({_meaning(image.mode)}) have no defined colours; "
            "save the picture as 8-bit RGB or grey",
        )
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB"), []


def _on_white(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture laid on a white background."""
    layer = image.convert("LA").convert("RGBA") if image.mode == "La" else image.convert("RGBA")
    least_alpha, _ = layer.getchannel("A").getextrema()
    if least_alpha == 255:
        return layer.convert("RGB"), []
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB"), [
        "transparent pixels were laid on a white background"
    ]


def _deep_to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Grey of 12 or 16 bits, scaled to 8."""
    values = np.asarray(image)
    least, most = int(values.min()), int(values.max())
    if least < 0 or most > 65535:
        raise ImageError(
            "unsupported_pixels",
            f"grey values of mode {image.mode} reach from {least} to {most}, outside 16 bits; "
            "save the picture with 8 or 16 bits",
        )
    grey, note = _scaled(values, "grey")
    return Image.fromarray(grey).convert("RGB"), [note]


def deep_colours_to_rgb(values: NDArray[np.uint16]) -> tuple[Image.Image, list[str]]:
    """Colours of 12 or 16 bits, red, green and blue, and perhaps alpha, `(h, w, 3 or 4)`."""
    colours, note = _scaled(values[..., :3], "colour")
    picture = Image.fromarray(colours)
    if values.shape[2] == 3:
        return picture, [note]
    picture.putalpha(Image.fromarray((values[..., 3] >> 8).astype(np.uint8)))
    rgb, notes = _on_white(picture)
    return rgb, [note, *notes]


def _scaled(values: NDArray[Any], what: str) -> tuple[NDArray[np.uint8], str]:
    """Values of 12 or 16 bits in 8, and what was made of them."""
    bits = 12 if int(values.max()) < 4096 else 16
    white = 2**bits - 1
    scaled = ((values.astype(np.uint32) * 255 + white // 2) // white).astype(np.uint8)
    return scaled, f"{bits}-bit {what} was scaled to 8 bits: 0 is black, {white} is white"


def _meaning(mode: str) -> str:
    return {"F": "32-bit float", "LAB": "CIE L*a*b*"}.get(mode, "not a colour picture")
