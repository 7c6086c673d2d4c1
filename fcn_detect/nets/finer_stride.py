"""A finer stride by running a coarse net on shifted images: what à trous is checked against.

A net of stride 8 scores every eighth window. The windows between them are scored by the same net
on the same image shifted by 1 to 7 pixels; put side by side, the maps are those of stride 1.
That is slow, since the shifts share no work, and plain, since the net is left as it is.
`to_fully_convolutional(..., stride=...)` gives the same map in one pass: strides are left out, and
the layers behind them dilated.

Source: Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation",
CVPR 2015, section 3.2 ("shift-and-stitch is filter rarefaction"); Sermanet et al., "OverFeat",
ICLR 2014, section 3.3; Giusti, Cireşan, Masci, Gambardella and Schmidhuber, "Fast Image Scanning
with Deep Max-Pooling Convolutional Neural Networks", ICIP 2013 (fragments).
"""

import torch
from torch import Tensor

from fcn_detect.nets.conversion import FullyConvolutional


@torch.no_grad()
def shift_and_stitch(fcn: FullyConvolutional, images: Tensor, stride: int) -> Tensor:
    """Logits of the windows that lie `stride` pixels apart, from shifted images.

    Cell `(row, col)` of the map with the shift `(y, x)` is the window whose top-left pixel is
    `(row * stride_h + y, col * stride_w + x)`; so the maps of all shifts, interleaved, hold each
    window of the finer stride once.

    Args:
        fcn: a net of one head.
        images: `(n, 3, h, w)`, at least as large as a crop.
        stride: pixels between windows, a divisor of the net's own strides.

    Returns:
        `(n, classes, rows, cols)` with `rows = (h - crop_h) // stride + 1`, and columns likewise:
        what `to_fully_convolutional(..., stride=stride)` gives of an unpadded net.

    Raises:
        ValueError: the stride does not divide the net's own.
    """
    if stride < 1 or any(own % stride for own in fcn.stride_hw):
        raise ValueError(f"a stride of {stride} does not divide the net's own, {fcn.stride_hw}")
    sides = zip(images.shape[2:], fcn.crop_hw, strict=True)
    rows, cols = ((side - crop) // stride + 1 for side, crop in sides)
    finer: Tensor | None = None
    steps_h, steps_w = (own // stride for own in fcn.stride_hw)
    for y in range(min(steps_h, rows)):
        for x in range(min(steps_w, cols)):
            logits = fcn(images[:, :, y * stride :, x * stride :])
            if finer is None:
                finer = logits.new_empty(*logits.shape[:2], rows, cols)
            finer[:, :, y::steps_h, x::steps_w] = logits
    assert finer is not None
    return finer
