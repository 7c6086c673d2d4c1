"""Convolution as a matrix product: patches are rows, filters are columns.

A convolution takes the inner product of every filter with every patch of a map. With a patch in
each row of one matrix, and a filter in each column of another, all of them together are one
product: what a dense layer computes, for every place with the same weights.

    maps (n, channels, h, w)  ->  patches (n, places, channels * taps)      copied
    weight (outputs, channels, kernel_h, kernel_w)  ->  filters (channels * taps, outputs)
    patches @ filters  ->  (n, places, outputs)  ->  (n, outputs, rows, cols)

The patches are made in two ways. `extract_patches` copies by slices: one tap of the kernel, at
all places at once, is a strided slice of the map. `patch_index` works out once where each element
of each patch comes from, and `gather_patches` then needs one look-up. Patches overlap, so the copy
takes several times the memory of the map: `patch_expansion`.

Source: Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks for Document
Processing", IWFHR 2006, section 3.1 (unrolling); Ma and Lu, "An Equivalence of Fully Connected
Layer and Convolutional Layer", arXiv 1712.01252, algorithm 1 and equations 5 to 8 (which count
from 1 and leave the stride out; here places count from 0).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.nets.sliding import HW, Sliding, output_size


def extract_patches(maps: Tensor, sliding: Sliding) -> Tensor:
    """Every patch of maps `(n, channels, h, w)`: `(n, places, channels * kernel_h * kernel_w)`.

    Places run row by row; an element's column is `(channel * kernel_h + y) * kernel_w + x`, the
    order of a flattened filter.

    Raises:
        ValueError: the kernel is larger than the padded map.
    """
    pad_y, pad_x = sliding.padding_hw
    padded = F.pad(maps, (pad_x, pad_x, pad_y, pad_y))
    ys, xs = (
        _tap_slices(places, sliding, axis)
        for axis, places in enumerate(output_size((maps.shape[2], maps.shape[3]), sliding))
    )
    taps = torch.stack([padded[:, :, y, x] for y in ys for x in xs], dim=2)
    return taps.flatten(3).flatten(1, 2).transpose(1, 2)  # from (n, channels, taps, rows, cols)


def _tap_slices(places: int, sliding: Sliding, axis: int) -> list[slice]:
    """What each tap sees of the padded map's rows (or columns), over all places."""
    stride, dilation = sliding.stride_hw[axis], sliding.dilation_hw[axis]
    starts = range(0, sliding.kernel_hw[axis] * dilation, dilation)
    return [slice(start, start + (places - 1) * stride + 1, stride) for start in starts]


def patch_index(channels: int, input_hw: HW, sliding: Sliding) -> Tensor:
    """Where each element of each patch comes from: int64 `(places, channels * taps)`.

    The numbers index a map flattened to `(channels * h * w)`. Taps that fall on the padding have
    the number after its last: `gather_patches` puts a zero there. One index serves all maps of a
    size.

    Raises:
        ValueError: the kernel is larger than the padded map.
    """
    h, w = input_hw
    y, x = (
        _tap_positions(places, sliding, axis)
        for axis, places in enumerate(output_size(input_hw, sliding))
    )
    y, x = y[:, None, None, :, None], x[None, :, None, None, :]
    channel = torch.arange(channels)[:, None, None]
    inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
    index = torch.where(inside, (channel * h + y) * w + x, channels * h * w)
    return index.flatten(2).flatten(0, 1)  # from (rows, cols, channels, kernel_h, kernel_w)


def _tap_positions(places: int, sliding: Sliding, axis: int) -> Tensor:
    """Rows (or columns) of the map under each tap, `(places, kernel)`; outside is padding."""
    start = torch.arange(places) * sliding.stride_hw[axis] - sliding.padding_hw[axis]
    return start[:, None] + torch.arange(sliding.kernel_hw[axis]) * sliding.dilation_hw[axis]


def gather_patches(maps: Tensor, index: Tensor) -> Tensor:
    """The patches of `extract_patches`, by one look-up with the index of `patch_index`."""
    return F.pad(maps.flatten(1), (0, 1))[:, index.to(maps.device)]


def filter_matrix(weight: Tensor, groups: int = 1) -> Tensor:
    """A convolution's weight as a matrix for each group, with a filter in each column.

    From `(outputs, channels / groups, kernel_h, kernel_w)` to
    `(groups, channels / groups * kernel_h * kernel_w, outputs / groups)`.
    """
    return weight.reshape(groups, weight.shape[0] // groups, -1).transpose(1, 2)


def multiply_patches(patches: Tensor, filters: Tensor) -> Tensor:
    """Patches `(n, places, channels * taps)` times filter matrices: `(n, outputs, places)`.

    Channels stand together in a patch, so each group's part of it is a run of columns.
    """
    n, places, _ = patches.shape
    parts = patches.reshape(n, places, *filters.shape[:2]).transpose(1, 2)
    return (parts @ filters).transpose(2, 3).flatten(1, 2)


def convolve_by_product(convolution: nn.Conv2d, maps: Tensor) -> Tensor:
    """What a convolution gives, by patches and one matrix product a group.

    Args:
        convolution: of any kernel, stride, padding and padding mode, dilation and groups.
        maps: `(n, channels, h, w)`.

    Raises:
        ValueError: the kernel is larger than the padded map.
    """
    padded = _pad(convolution, maps)
    sliding = Sliding(
        _pair(convolution.kernel_size),
        _pair(convolution.stride),
        dilation_hw=_pair(convolution.dilation),
    )
    filters = filter_matrix(convolution.weight, convolution.groups)
    outputs = multiply_patches(extract_patches(padded, sliding), filters)
    if convolution.bias is not None:
        outputs = outputs + convolution.bias[:, None]
    rows, cols = output_size((padded.shape[2], padded.shape[3]), sliding)
    return outputs.reshape(*outputs.shape[:2], rows, cols)


def _pad(convolution: nn.Conv2d, maps: Tensor) -> Tensor:
    """Pads as the convolution would; `same` puts the odd one after the last row and column."""
    if convolution.padding == "same":
        reach = [
            d * (k - 1) for d, k in zip(convolution.dilation, convolution.kernel_size, strict=True)
        ]
        (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in reach)
    elif convolution.padding == "valid":
        return maps
    else:
        top = bottom = int(convolution.padding[0])
        left = right = int(convolution.padding[1])
    mode = "constant" if convolution.padding_mode == "zeros" else convolution.padding_mode
    return F.pad(maps, (left, right, top, bottom), mode)


def patch_expansion(input_hw: HW, sliding: Sliding) -> float:
    """Elements of the patches for each element of the map: what extraction costs in memory.

    `places * taps / (h * w)`, which for maps much larger than the kernel comes to about
    `kernel_h * kernel_w / (stride_h * stride_w)`: 9 for 3×3 at stride 1, 1 where patches only
    touch. Channels and groups do not matter.
    """
    rows, cols = output_size(input_hw, sliding)
    taps = sliding.kernel_hw[0] * sliding.kernel_hw[1]
    return rows * cols * taps / (input_hw[0] * input_hw[1])


def _pair(sides: tuple[int, ...]) -> HW:
    y, x = sides
    return y, x
