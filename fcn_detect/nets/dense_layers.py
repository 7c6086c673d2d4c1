"""Dense layers as convolutions, and convolutions as dense layers: the same sums, both ways.

A dense layer multiplies a vector by a matrix. Flattening writes a feature map into such a vector
row by row, channel after channel: place `(y, x)` of channel `c` on a map of `(channels, h, w)`
becomes feature `(c * h + y) * w + x`. So every row of the matrix can be folded back into the
shape of the map, and is then a filter with one tap for each place and channel. Where that filter
covers the whole map there is one place to put it, and what it gives there is what the dense
layer gives. The convolution, though, also takes larger maps, and answers once for each place.

All functions return a new layer with a copy of the weights, of the same dtype and on the same
device; the layer that they were given is left alone.

Source: Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation",
CVPR 2015, section 3.1; for 1×1, Lin, Chen and Yan, "Network in Network", ICLR 2014, section 3.1.
"""

import torch
from torch import Tensor, nn

HW = tuple[int, int]


def dense_to_convolution(dense: nn.Linear, units_hw: HW) -> nn.Conv2d:
    """A convolution that equals a dense layer on a flattened `(channels, *units_hw)` map.

    Its kernel is the whole map, and its weights are the dense layer's, reshaped from
    `(outputs, channels * h * w)` to `(outputs, channels, h, w)`: flattening is row-major. On such
    a map it gives `(n, outputs, 1, 1)`; on a larger one, the dense layer's answer for every
    window of that size, `(n, outputs, rows, cols)`.

    Raises:
        ValueError: the dense layer's inputs are not a whole number of such maps.
    """
    places = units_hw[0] * units_hw[1]
    channels, left_over = divmod(dense.in_features, places)
    if left_over or not channels:
        raise ValueError(
            f"{dense.in_features} inputs are not a whole number of channels "
            f"of {units_hw[0]}x{units_hw[1]} places"
        )
    weight = dense.weight.detach().view(dense.out_features, channels, *units_hw)
    return _convolution(weight, dense.bias)


def dense_to_pointwise(dense: nn.Linear) -> nn.Conv2d:
    """A 1×1 convolution that equals a dense layer whose inputs are stacked as channels.

    A vector of `inputs` features is a map of `(inputs, 1, 1)`; there this convolution is the
    dense layer. On a map of `(inputs, h, w)` it is the dense layer at each place by itself: it
    maps that place's `inputs` channels to `outputs`, and places do not mix. This is what a dense
    layer on the last axis of a channel-last map does, and what every dense layer after the first
    becomes when a classifier turns fully convolutional.
    """
    return dense_to_convolution(dense, (1, 1))


def pointwise_to_dense(pointwise: nn.Conv2d) -> nn.Linear:
    """A dense layer that does at each place what a 1×1 convolution does on a map.

    It takes `(..., inputs)`: vectors, or maps with their channels last, `(n, h, w, inputs)`.

    Raises:
        ValueError: the kernel is not 1×1, or places are added by padding or skipped by a stride.
    """
    if _pair(pointwise.stride) != (1, 1):
        raise ValueError(f"a stride of {pointwise.stride} skips places; a dense layer takes each")
    return convolution_to_dense(pointwise, (1, 1))


def convolution_to_dense(convolution: nn.Conv2d, input_hw: HW) -> nn.Linear:
    """A dense layer that equals a convolution whose kernel is its whole input.

    The filters `(outputs, channels, h, w)` are flattened to the rows of a matrix
    `(outputs, channels * h * w)`, which takes flattened maps, `maps.flatten(1)`. A filter of a
    grouped convolution sees only its group's channels: the other entries of its row are zero.

    Args:
        convolution: its kernel has as many taps as its input has places.
        input_hw: size of its input. The stride does not matter, as there is only one place.

    Raises:
        ValueError: the kernel is smaller or larger than the input, or the input is padded.
    """
    kernel_hw, dilation_hw = _pair(convolution.kernel_size), _pair(convolution.dilation)
    if kernel_hw != input_hw:
        raise ValueError(f"a kernel of {kernel_hw} is not the whole of an input of {input_hw}")
    if any(k > 1 and d > 1 for k, d in zip(kernel_hw, dilation_hw, strict=True)):
        raise ValueError(f"a dilation of {dilation_hw} spreads the kernel beyond its input")
    if _is_padded(convolution):
        raise ValueError(f"a padding of {convolution.padding!r} makes more than one place")
    groups = convolution.weight.detach().flatten(1).chunk(convolution.groups)
    return _dense(torch.block_diag(*groups), convolution.bias)  # type: ignore[no-untyped-call]


def _is_padded(convolution: nn.Conv2d) -> bool:
    if isinstance(convolution.padding, str):
        return convolution.padding == "same" and _pair(convolution.kernel_size) != (1, 1)
    return _pair(convolution.padding) != (0, 0)


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    outputs, channels, kernel_h, kernel_w = weight.shape
    layer = nn.Conv2d(channels, outputs, (kernel_h, kernel_w), bias=bias is not None, device="meta")
    _fill(layer, weight, bias)
    return layer


def _dense(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    outputs, inputs = weight.shape
    layer = nn.Linear(inputs, outputs, bias=bias is not None, device="meta")
    _fill(layer, weight, bias)
    return layer


def _fill(layer: nn.Conv2d | nn.Linear, weight: Tensor, bias: Tensor | None) -> None:
    """Gives a layer without storage, and so without random weights, copies of these."""
    layer.weight = nn.Parameter(weight.clone())
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone())


def _pair(sides: tuple[int, ...] | str) -> HW:
    y, x = (int(side) for side in sides)
    return y, x
