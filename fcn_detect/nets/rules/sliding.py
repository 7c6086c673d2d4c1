"""Layers that slide a window over a map: convolution, pooling, padding."""

import copy
import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.nets.rules.call import Call
from fcn_detect.nets.sliding import HW, Sliding, output_size
from fcn_detect.nets.value import Bins, Value, by, pair


def convolution(call: Call, value: Value) -> Value:
    """A convolution stays one; where strides became dilation, so does its own."""
    value, module = call.build.as_map(value), call.module
    window = Sliding(module.kernel_size, module.stride, _padding_before(module), module.dilation)
    own, after = call.build.slide(value, window, call.units_hw)
    if (own.stride_hw, own.dilation_hw) != (module.stride, module.dilation):
        value, module = _dilated(call, value, own)
    return call.through(module, value, replace(after, channels=module.out_channels))


def _padding_before(module: nn.Conv2d) -> HW:
    """Units added before a map's first row and column."""
    if module.padding == "valid":
        return (0, 0)
    if module.padding == "same":
        reach = zip(module.dilation, module.kernel_size, strict=True)
        return pair(d * (k - 1) // 2 for d, k in reach)
    return pair(module.padding)


def _dilated(call: Call, value: Value, own: Sliding) -> tuple[Value, nn.Conv2d]:
    """The convolution with this window; what padding "same" adds at one end only comes before."""
    module = copy.deepcopy(call.module)
    if module.padding_mode != "zeros":
        raise ValueError(f"pads by '{module.padding_mode}', which cannot be dilated")
    module.stride, module.dilation, module.padding = own.stride_hw, own.dilation_hw, own.padding_hw
    if call.module.padding != "same":
        return value, module
    reach = zip(call.module.dilation, call.module.kernel_size, value.rate_hw, strict=True)
    below, beyond = (d * (k - 1) % 2 * rate for d, k, rate in reach)
    if below or beyond:
        node = call.build.call(F.pad, value.node, [0, beyond, 0, below])
        value = replace(value, node=node)
    return value, module


def conv2d(
    call: Call,
    value: Value,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """The function, as the layer that it is."""
    outputs, channels, *kernel_hw = weight.shape
    layer = nn.Conv2d(
        channels * groups,
        outputs,
        pair(kernel_hw),
        stride,
        padding,
        dilation,
        groups,
        bias is not None,
    )
    layer = layer.to(weight)
    layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return convolution(replace(call, module=layer), value)


def pooling(call: Call, value: Value) -> Value:
    """A pooling layer, by its settings."""
    if isinstance(call.module, nn.MaxPool2d):
        return max_pool2d(call, value, **_settings(call.module, *_POOLING, *_MAX_POOLING))
    return avg_pool2d(call, value, **_settings(call.module, *_POOLING, *_AVG_POOLING))


_POOLING = ("kernel_size", "stride", "padding", "ceil_mode")
_MAX_POOLING = ("dilation", "return_indices")
_AVG_POOLING = ("count_include_pad", "divisor_override")


def _settings(module: nn.Module, *names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names}


def max_pool2d(
    call: Call,
    value: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Value:
    """The largest of a window."""
    if return_indices:
        raise ValueError("gives places beside values")
    value = call.build.as_map(value)
    window = _window(value, kernel_size, stride, padding, dilation)
    own, after = call.build.slide(value, window, call.units_hw)
    partial = ceil_mode and _partial(call, value, window, own)
    if own.padding_hw != window.padding_hw:  # more than half of a dilated kernel is refused
        value, own = _padded_apart(call, value, own)
    sizes = own.kernel_hw, own.stride_hw, own.padding_hw, own.dilation_hw
    return call.through(nn.MaxPool2d(*sizes, ceil_mode=partial), value, after)


def _padded_apart(call: Call, value: Value, own: Sliding) -> tuple[Value, Sliding]:
    """The map padded with what is less than all numbers, and the window without its padding."""
    (top, left), lowest = own.padding_hw, -math.inf
    node = call.build.call(F.pad, value.node, [left, left, top, top], "constant", lowest)
    return replace(value, node=node), replace(own, padding_hw=(0, 0))


def avg_pool2d(
    call: Call,
    value: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """The mean of a window."""
    value = call.build.as_map(value)
    window = _window(value, kernel_size, stride, padding)
    own, after = call.build.slide(value, window, call.units_hw)
    partial = ceil_mode and _partial(call, value, window, own)
    unlike = partial or (window.padding_hw != (0, 0) and not count_include_pad)
    if not unlike:
        divisor = divisor_override or math.prod(window.kernel_hw)
        return call.build.average(call.name, value, window, divisor)
    if own.dilation_hw != (1, 1):
        raise ValueError("divides by another number at the border, which cannot be dilated")
    sizes = own.kernel_hw, own.stride_hw, own.padding_hw
    layer = nn.AvgPool2d(*sizes, partial, count_include_pad, divisor_override)
    return call.through(layer, value, after)


def _window(
    value: Value, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> Sliding:
    """A pooling's window. One that takes the whole map moves by one unit, whatever its stride."""
    kernel_hw, padding_hw = pair(kernel_size), pair(padding)
    stride_hw = kernel_hw if stride is None or stride == [] else pair(stride)
    if kernel_hw == value.units_hw and not value.closed and padding_hw == (0, 0):
        stride_hw = (1, 1)
    return Sliding(kernel_hw, stride_hw, padding_hw, pair(dilation))


def _partial(call: Call, value: Value, window: Sliding, own: Sliding) -> bool:
    """Whether windows on the crop reach beyond it.

    Raises:
        ValueError: they do, and strides became dilation.
    """
    partial = call.units_hw != output_size(value.units_hw, window)
    if partial and (value.rate_hw != (1, 1) or own.stride_hw != window.stride_hw):
        raise ValueError("has partial windows (ceil_mode), which cannot be dilated")
    return partial


def padding(call: Call, value: Value) -> Value:
    """A padding layer, by its settings."""
    modes = {"Reflection": "reflect", "Replication": "replicate", "Circular": "circular"}
    name = type(call.module).__name__
    mode = next((mode for start, mode in modes.items() if name.startswith(start)), "constant")
    fill = getattr(call.module, "value", 0.0)
    return pad(call, value, call.module.padding, mode, fill)


def pad(
    call: Call, maps: Value, /, pad: Any, mode: str = "constant", value: float | None = None
) -> Value:
    """Rows, columns or channels around a map; a negative number of them takes some away."""
    sides, channels = [*pad, 0, 0][:4], list(pad[4:])
    if call.on_crop.ndim != 4 or any(channels[2:]):
        raise ValueError("is understood around the rows, columns and channels of a map only")
    maps = call.build.as_map(maps)
    if min(sides) < 0:
        cut = F.pad(maps.indices(), [min(n, 0) for n in sides])
        maps = call.build.as_map(maps.rearranged(cut))
    if max(sides) > 0:
        maps = _pad_places(call, maps, [max(n, 0) for n in sides], mode, value)
    if any(channels):
        around = [0, 0, 0, 0, *channels[:2]]
        node = call.build.call(F.pad, maps.node, around, "constant", value)
        maps = replace(maps, node=node, channels=maps.channels + sum(channels))
    return maps


def _pad_places(call: Call, maps: Value, sides: list[int], mode: str, fill: float | None) -> Value:
    """Places left, right, above and below a map, which real pixels take on a larger image."""
    if mode != "constant" and maps.rate_hw != (1, 1):
        raise ValueError(f"pads by '{mode}', which cannot be dilated")
    rate_h, rate_w = maps.rate_hw
    left, right, top, bottom = (
        n * rate for n, rate in zip(sides, (rate_w, rate_w, rate_h, rate_h), strict=True)
    )
    return maps.with_units(
        call.units_hw,
        (maps.places_hw[0] + top + bottom, maps.places_hw[1] + left + right),
        node=call.build.call(F.pad, maps.node, [left, right, top, bottom], mode, fill),
        field=maps.field.then((1, 1), (1, 1), (top, left)),
        exact=False,
    )


def adaptive_avg_pool2d(call: Call, value: Value, output_size: Any = None) -> Value:
    """Bins of the crop's map: folded into a dense layer behind, or windows of even size."""
    del output_size  # the result on a crop tells
    value = call.build.as_map(value)
    units_hw, bins_hw = value.units_hw, call.units_hw
    if bins_hw == units_hw:
        return value
    shares = [_shares(*side, call.build.like) for side in zip(units_hw, bins_hw, strict=True)]
    window = _even_bins(units_hw, bins_hw)
    waiting = replace(value, bins=Bins(shares[0], shares[1], window, call.path, call.name))
    return call.build.settled(waiting) if bins_hw == (1, 1) else waiting


def adaptive_max_pool2d(
    call: Call, value: Value, output_size: Any = None, return_indices: bool = False
) -> Value:
    """Windows of even size."""
    del output_size
    value = call.build.as_map(value)
    window = _even_bins(value.units_hw, call.units_hw)
    if window is None:
        raise ValueError(f"takes {by(value.units_hw)} units to {by(call.units_hw)} uneven bins")
    sizes = window.kernel_hw, window.stride_hw
    return max_pool2d(call, value, *sizes, return_indices=return_indices)


def _bins(units: int, bins: int) -> list[range]:
    """The units of each bin of an adaptive pooling.

    Bin i covers the units [floor(i n / bins), ceil((i + 1) n / bins)), as torch documents it.
    """
    return [range(i * units // bins, -(-(i + 1) * units // bins)) for i in range(bins)]


def _shares(units: int, bins: int, like: Tensor) -> Tensor:
    """`(bins, units)`: what each unit gives to each bin of an adaptive average pooling."""
    shares = torch.zeros(bins, units, dtype=like.dtype, device=like.device)
    for row, covered in zip(shares, _bins(units, bins), strict=True):
        row[covered.start : covered.stop] = 1 / len(covered)
    return shares


def _even_bins(units_hw: HW, bins_hw: HW) -> Sliding | None:
    """An adaptive pooling as an ordinary one; None where its bins are not all alike."""
    sides = [_bins(*side) for side in zip(units_hw, bins_hw, strict=True)]
    kernels = [{len(covered) for covered in side} for side in sides]
    steps = [{b.start - a.start for a, b in pairwise(side)} or {1} for side in sides]
    if any(len(found) > 1 or found == {0} for found in kernels + steps):
        return None
    return Sliding(pair(k.pop() for k in kernels), pair(s.pop() for s in steps))
