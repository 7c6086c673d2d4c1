"""Writes the converted graph: its nodes, their layers, and the geometry of the maps they give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from fcn_detect.errors import ConversionError
from fcn_detect.nets.layers import Cut, DilatedAvgPool2d
from fcn_detect.nets.sliding import HW, Sliding, output_size
from fcn_detect.nets.value import Value, by, pair


@dataclass
class Builder:
    """The converted graph while it grows.

    Attributes:
        like: a tensor of the classifier's type and device.
        stride_hw: pixels between windows asked for; (0, 0) takes the net's own. A layer's stride
            that would step over wanted windows is left out, and what follows is dilated instead
            ("à trous"; source: Shensa 1992; Giusti et al., ICIP 2013; Chen et al., ICLR 2015).
        graph: of the converted net.
        modules: its layers and tensors, by path.
    """

    like: Tensor
    stride_hw: HW = (0, 0)
    graph: fx.Graph = field(default_factory=fx.Graph)
    modules: dict[str, Any] = field(default_factory=dict)

    def layer(self, path: str, layer: nn.Module, value: Value) -> fx.Node:
        """Calls a layer on a map; it keeps its path unless another one has it."""
        return self.graph.call_module(self._place(path, layer), (value.node,))

    def call(self, function: Any, *args: Any, **kwargs: Any) -> fx.Node:
        """Calls a function.

        Raises:
            ValueError: it is given a tensor that is not in the graph.
        """
        if any(isinstance(leaf, Value | Tensor) for leaf in pytree.tree_leaves((args, kwargs))):
            raise ValueError("takes a tensor where only a number is understood")
        return self.graph.call_function(function, args, kwargs)

    def constant(self, path: str, tensor: Tensor) -> fx.Node:
        """A tensor that belongs to the net."""
        return self.graph.get_attr(self._place(path, tensor))

    def _place(self, path: str, entry: Any) -> str:
        number, free = 1, path
        while self.modules.get(free, entry) is not entry:
            number += 1
            free = f"{path}_{number}"
        self.modules[free] = entry
        return free

    def sweep(self) -> None:
        """Removes what no output is made from."""
        for node in reversed(self.graph.nodes):
            if not node.users and node.op not in ("placeholder", "output"):
                self.graph.erase_node(node)

    def slide(
        self, value: Value, window: Sliding, units_hw: HW | None = None, finest: bool = False
    ) -> tuple[Sliding, Value]:
        """The window in the converted net's own places, and the value after it, without a node.

        With T the pixels between units and S those asked for between windows, places lie
        gcd(T, S) pixels apart: as far as strides may go without stepping over a window.

        Args:
            value: the map before.
            window: slid over it.
            units_hw: what really comes out on a crop: more where windows lie partly behind the
                end of the map (`ceil_mode`, padding "same" of an even kernel).
            finest: the stride is left out, whatever was asked for.
        """
        steps = _times(window.stride_hw, value.rate_hw)
        wanted = pair(s // p for s, p in zip(self.stride_hw, value.field.stride_hw, strict=True))
        strides = (1, 1) if finest else pair(map(math.gcd, steps, wanted))
        own = Sliding(
            window.kernel_hw,
            strides,
            _times(window.padding_hw, value.rate_hw),
            _times(window.dilation_hw, value.rate_hw),
        )
        rate_hw = pair(step // stride for step, stride in zip(steps, strides, strict=True))
        whole_hw = output_size(value.units_hw, window)
        units_hw = units_hw or whole_hw
        partial = _times((units_hw[0] - whole_hw[0], units_hw[1] - whole_hw[1]), rate_hw)
        places_hw = output_size(value.places_hw, own)
        after = value.with_units(
            units_hw,
            (places_hw[0] + partial[0], places_hw[1] + partial[1]),
            rate_hw=rate_hw,
            field=value.field.then(own.kernel_hw, strides, own.padding_hw, own.dilation_hw),
            exact=value.exact and window.padding_hw == (0, 0) == partial,
        )
        return own, after

    def average(
        self, path: str, value: Value, window: Sliding, divisor: int, finest: bool = False
    ) -> Value:
        """The map summed over a window and divided: a pooling, dilated where it must be."""
        own, after = self.slide(value, window, finest=finest)
        sizes = own.kernel_hw, own.stride_hw, own.padding_hw
        override = None if divisor == math.prod(own.kernel_hw) else divisor
        layer: nn.Module = nn.AvgPool2d(*sizes, divisor_override=override)
        if own.dilation_hw != (1, 1):
            layer = DilatedAvgPool2d(value.channels, *sizes, own.dilation_hw, divisor)
            layer.to(self.like)
        return replace(after, node=self.layer(path, layer, value))

    def settled(self, value: Value, finest: bool = False) -> Value:
        """The value with a waiting adaptive pooling carried out, as pooling of even windows.

        Raises:
            ConversionError: its bins are uneven.
        """
        bins = value.bins
        if bins is None:
            return value
        if bins.window is None:
            raise ConversionError(
                bins.path,
                f"adaptive pooling of {by(value.units_hw)} units to {by(bins.hw)} uneven bins "
                "with no dense layer behind it into which it could be folded",
            )
        plain, area = replace(value, bins=None, arrangement=None), math.prod(bins.window.kernel_hw)
        pooled = self.average(bins.name, plain, bins.window, area, finest)
        return replace(pooled, arrangement=value.arrangement)

    def as_map(self, value: Value) -> Value:
        """The value arranged as `(channels, units_h, units_w)`: channels taken, places cut.

        Raises:
            ValueError: it is no such map, in no order of channels and with no even slices.
        """
        value = self.settled(value)
        value = value.shaped((*value.shape, 1, 1)[: max(3, len(value.shape))])
        as_map = self.per_place(self.tight(value), 0)
        if as_map.arrangement is not None:
            raise ValueError(
                f"needs a map, and its places were moved or flattened: they stand as "
                f"{list(value.shape)}"
            )
        return as_map

    def tight(self, value: Value) -> Value:
        """The value on a map of only the channels, rows and columns that it uses."""
        value = self.settled(value)
        if value.arrangement is None:
            return value
        height, width = value.units_hw
        channel, unit = value.arrangement // (height * width), value.arrangement % (height * width)
        channels, channel = _ranks(channel, value.channels)
        rows, columns = _span(unit // width), _span(unit % width)
        row, column = (unit // width - rows.start) // rows.step, unit % width - columns.start
        taken = self._take_places(self.take_channels(value, channels), rows, columns)
        place = row * len(columns) + column // columns.step
        return taken.rearranged(channel * len(rows) * len(columns) + place)

    def per_place(self, value: Value, axis: int) -> Value:
        """The value with the channels of its map as they stand along one axis of its tensor.

        Raises:
            ValueError: the axis does not run over the channels of each place.
        """
        value = self.settled(value)
        order, unit = value.along_channels(axis)
        return _on_places(self.take_channels(value, order), unit, axis)

    def take_channels(self, value: Value, order: Tensor) -> Value:
        """The map with these channels, arranged as such."""
        channels = order.tolist()
        if channels == list(range(value.channels)):
            return replace(value, arrangement=None)
        if channels == list(range(channels[0], channels[-1] + 1)):
            node = self.call(torch.narrow, value.node, 1, channels[0], len(channels))
        else:
            index = self.constant(f"{value.node.name}_order", order.to(self.like.device))
            node = self.call(torch.index_select, value.node, 1, index)
        return replace(value, node=node, channels=len(channels), arrangement=None)

    def _take_places(self, value: Value, rows: range, columns: range) -> Value:
        """A map's units at these rows and columns."""
        units_hw = len(rows), len(columns)
        if units_hw == value.units_hw:
            return value
        starts = _times((rows.start, columns.start), value.rate_hw)
        own, after = self.slide(value, Sliding((1, 1), (rows.step, columns.step)))
        places_hw = pair((n - 1) * r + 1 for n, r in zip(units_hw, after.rate_hw, strict=True))
        ends = pair(
            before - start - (places - 1) * step - 1
            for before, start, places, step in zip(
                value.places_hw, starts, places_hw, own.stride_hw, strict=True
            )
        )
        return value.with_units(
            units_hw,
            places_hw,
            node=self._cut(value, starts, ends, own.stride_hw),
            rate_hw=after.rate_hw,
            field=value.field.then((1, 1), own.stride_hw, _times(starts, (-1, -1))),
        )

    def _cut(self, value: Value, starts: HW, ends: HW, steps: HW) -> fx.Node:
        """The map without its first and last places, every `steps`-th kept."""
        if (starts, ends, steps) == ((0, 0), (0, 0), (1, 1)):
            return value.node
        return self.layer(f"{value.node.name}_cut", Cut(starts, ends, steps), value)

    def cut_to(self, value: Value, places_hw: HW) -> Value:
        """The map with only so many places on one crop, from the first."""
        ends = pair(p - kept for p, kept in zip(value.places_hw, places_hw, strict=True))
        return replace(value, node=self._cut(value, (0, 0), ends, (1, 1)), places_hw=places_hw)

    def aligned(self, values: Sequence[Value]) -> list[Value]:
        """Maps whose places stand for the same pixels, brought to one stride and size.

        Raises:
            ValueError: they have other numbers of units, or lie at other strides.
        """
        sizes = sorted({value.units_hw for value in values}, reverse=True)
        if len(sizes) > 1:
            raise ValueError(
                f"joins maps of {' and '.join(by(size) for size in sizes)} units"
                + (
                    ": what has seen the whole window meets its single places, as in "
                    "squeeze-and-excite, so that it is another function on a larger image"
                    if (1, 1) in sizes
                    else ""
                )
            )
        stride_hw = pair(math.lcm(*(v.field.stride_hw[axis] for v in values)) for axis in (0, 1))
        values = [self._coarser(value, stride_hw) for value in values]
        least_hw = pair(min(v.places_hw[axis] for v in values) for axis in (0, 1))
        return [self.cut_to(value, least_hw) for value in values]

    def _coarser(self, value: Value, stride_hw: HW) -> Value:
        """The map with only the windows of a coarser stride, which closed values allow."""
        steps = pair(s // own for s, own in zip(stride_hw, value.field.stride_hw, strict=True))
        if any(step > 1 and n > 1 for step, n in zip(steps, value.units_hw, strict=True)):
            raise ValueError("joins maps of different strides")
        places_hw = pair((p - 1) // s + 1 for p, s in zip(value.places_hw, steps, strict=True))
        node = self._cut(value, (0, 0), (0, 0), steps)
        field = value.field.then((1, 1), steps)
        return replace(value, node=node, places_hw=places_hw, field=field)


def _on_places(value: Value, unit: Tensor, axis: int) -> Value:
    """The value with all channels of its map along one axis, and these units along the others."""
    first = torch.arange(value.channels) * math.prod(value.units_hw)
    return value.rearranged((first + unit[..., None]).movedim(-1, axis))


def joined(values: Sequence[Value]) -> Value:
    """What several aligned maps tell of one made from them; still without its node."""
    first = values[0]
    for other in values[1:]:
        first = replace(
            first,
            field=first.field.union(other.field),
            exact=first.exact and other.exact,
            window=first.window or other.window,
        )
    return first


def _times(a: HW, b: HW) -> HW:
    return a[0] * b[0], a[1] * b[1]


def _ranks(numbers: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Which of `count` numbers are there, and for each one its rank among those."""
    there = torch.zeros(count, dtype=torch.bool)
    there[numbers] = True
    return there.nonzero().flatten(), (there.cumsum(0) - 1)[numbers]


def _span(places: Tensor) -> range:
    """The rows, or columns, from the first used one to the last, in the largest even steps."""
    used = _ranks(places, int(places.max()) + 1)[0].tolist()
    step = math.gcd(*(place - used[0] for place in used)) or 1
    return range(used[0], used[-1] + 1, step)
