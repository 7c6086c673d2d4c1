"""Means, sums and maxima over an axis: over the channels of a place, or places of a window."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from fcn_detect.nets.rules.call import Call
from fcn_detect.nets.rules.elementwise import arithmetic
from fcn_detect.nets.sliding import HW, Sliding
from fcn_detect.nets.value import Value


def reduce(
    call: Call, value: Value, dim: Any = None, keepdim: bool = False, **settings: Any
) -> Value:
    """One axis after another, from the last to the first; all places of a map at once."""
    del keepdim  # the shape on a crop tells
    value, axes = call.build.tight(value), len(value.shape) + 1
    dims = {d % axes for d in ([dim] if isinstance(dim, int) else dim or range(axes))}
    if 0 in dims:
        raise ValueError("mixes the images of a batch")
    if len(value.shape) == 3:
        with suppress(ValueError):  # such as channels last, which is as good
            value = call.build.as_map(value)
        if dims >= {2, 3}:
            value, dims = value.rearranged(value.indices().flatten(1)), dims - {3}
    for axis in sorted(dims, reverse=True):
        value = _along(call, value, axis - 1, settings)
    return value


def spread(
    call: Call,
    value: Value,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    **settings: Any,
) -> Value:
    """Variance or standard deviation along one axis."""
    if not isinstance(dim, int | None) and len(dim) > 1:
        raise ValueError("takes several axes together")
    settings = settings or {"unbiased": unbiased}
    return reduce(call, value, dim, keepdim, **settings)


def largest(call: Call, value: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest number along an axis, with None for where it lies; or of two maps."""
    if isinstance(dim, Value):
        return arithmetic(replace(call, emitted=torch.maximum), value, dim)
    found = reduce(replace(call, emitted=torch.amax), value, dim, keepdim)
    return type(call.on_crop)((found, None))


def _along(call: Call, value: Value, axis: int, settings: dict[str, Any]) -> Value:
    """The value with one axis reduced to a length of one."""
    elements = value.indices().movedim(axis, -1)
    if elements.shape[-1] == 1 and call.emitted in (torch.mean, torch.sum, torch.amax, torch.amin):
        return value
    unit = elements % (value.units_hw[0] * value.units_hw[1])
    if (unit == unit[..., :1]).all():
        value = call.build.per_place(value, axis)
        node = call.build.call(call.emitted, value.node, 1, keepdim=True, **settings)
        reduced = replace(value, node=node, channels=1, arrangement=None)
        return reduced.rearranged(unit[..., :1].movedim(-1, axis))
    return _over_places(call, value, axis, elements)


def _over_places(call: Call, value: Value, axis: int, elements: Tensor) -> Value:
    """The value with an axis of places pooled."""
    unit = elements % (value.units_hw[0] * value.units_hw[1])
    pooled = _pooled(call, value, _kernel(value, elements))
    (height, width), (rows, columns) = pooled.units_hw, value.units_hw
    channel = elements[..., :1] // (rows * columns)
    row = unit[..., :1] // columns if height > 1 else 0
    column = unit[..., :1] % columns if width > 1 else 0
    places = (channel * height + row) * width + column
    return pooled.rearranged(places.movedim(-1, axis))


def _kernel(value: Value, elements: Tensor) -> HW:
    """The units that are taken together: all of a map, of its columns, or of its rows.

    Raises:
        ValueError: others.
    """
    height, width = value.units_hw
    first = elements.min(-1, keepdim=True).values
    offsets = elements.sort(-1).values - first
    row, column = first % (height * width) // width, first % width
    wholes: list[tuple[HW, Tensor, Tensor]] = [
        ((height, width), torch.arange(height * width), first % (height * width)),
        ((height, 1), torch.arange(height) * width, row),
        ((1, width), torch.arange(width), column),
    ]
    for kernel_hw, expected, begins in wholes:
        same = offsets.shape[-1] == len(expected) and (offsets == expected).all()
        if same and (begins == 0).all():
            return kernel_hw
    raise ValueError("takes some places of a window together, and neither all nor a row or column")


def _pooled(call: Call, value: Value, kernel_hw: HW) -> Value:
    plain, window = replace(value, arrangement=None), Sliding(kernel_hw)
    name = call.emitted.__name__
    if name in ("mean", "sum"):
        divisor = kernel_hw[0] * kernel_hw[1] if name == "mean" else 1
        return call.build.average(call.name, plain, window, divisor)
    if name != "amax":
        raise ValueError("takes the places of a window together in a way that no pooling does")
    own, after = call.build.slide(plain, window)
    layer = nn.MaxPool2d(own.kernel_hw, own.stride_hw, 0, own.dilation_hw)
    return call.through(layer, plain, after)
