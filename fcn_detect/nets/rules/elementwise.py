"""Operations on each number by itself, and on the numbers of two maps at the same places."""

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from fcn_detect.nets.builder import joined
from fcn_detect.nets.rules.call import Call
from fcn_detect.nets.value import Value


def activation(call: Call, value: Value, *args: Any, inplace: bool = False, **kwargs: Any) -> Value:
    """A function of each number, however the numbers are arranged."""
    del inplace  # the same numbers; what the classifier overwrites may still be needed here
    value = call.build.settled(value)
    if call.module is None:
        args = tuple(arg for arg in args if arg is not True)  # the same, as relu(x, True)
        return replace(value, node=call.build.call(call.emitted, value.node, *args, **kwargs))
    layer = copy.deepcopy(call.module)
    if hasattr(layer, "inplace"):
        layer.inplace = False
    return call.through(layer, value)


def arithmetic(call: Call, *operands: Any, other: Any = None, **kwargs: Any) -> Value:
    """Sums and products: of a map with numbers, with weights, or with another map."""
    operands = operands if other is None else (*operands, other)
    values = [call.build.settled(x) for x in operands if isinstance(x, Value)]
    if len(values) == 2:
        values = _side_by_side(call, *values)
    nodes = iter(values)
    args = [
        next(nodes).node
        if isinstance(x, Value)
        else _weights_of_map(call, values[0], x)
        if isinstance(x, Tensor)
        else x
        for x in operands
    ]
    widest = max(values, key=lambda value: value.channels)
    return replace(
        joined(values),
        node=call.build.call(call.emitted, *args, **kwargs),
        channels=widest.channels,
        arrangement=widest.arrangement,
    )


def _side_by_side(call: Call, a: Value, b: Value) -> list[Value]:
    """Two maps, channel beside channel as the classifier joins them; one channel meets all."""
    if _same(a, b):
        return call.build.aligned([a, b])
    a, b = call.build.aligned([call.build.tight(a), call.build.tight(b)])
    places = a.units_hw[0] * a.units_hw[1]
    ours, theirs = torch.broadcast_tensors(a.indices(), b.indices())  # type: ignore[no-untyped-call]
    if not torch.equal(ours % places, theirs % places):
        raise ValueError("joins maps whose places stand in different orders")
    meetings = ours // places * b.channels + theirs // places
    pairs, pair = meetings.unique(return_inverse=True)
    channels = zip((a, b), (pairs // b.channels, pairs % b.channels), strict=True)
    return [
        v
        if v.channels == 1
        else call.build.take_channels(v, order).rearranged(pair * places + ours % places)
        for v, order in channels
    ]


def _same(a: Value, b: Value) -> bool:
    """Whether two values are arranged in the same way on maps of the same size."""
    if (a.channels, a.units_hw, a.shape) != (b.channels, b.units_hw, b.shape):
        return False
    return a.arrangement is b.arrangement or torch.equal(a.indices(), b.indices())


def _weights_of_map(call: Call, value: Value, weights: Tensor) -> fx.Node:
    """Weights spread over the classifier's tensor, gathered as `(channels, 1, 1)`."""
    on_map = weights.reshape(()) if weights.numel() == 1 else _per_channel(value, weights)
    learned = isinstance(weights, nn.Parameter)
    copied = nn.Parameter(on_map.clone()) if learned else on_map.detach().clone()
    return call.build.constant(f"{call.name}_weights", copied)


def _per_channel(value: Value, weights: Tensor) -> Tensor:
    """Weights `(channels, 1, 1)` of the map; those of channels that are not used are 0.

    Raises:
        ValueError: they are not the same at all places of a channel.
    """
    arrangement = value.indices()
    if weights.ndim > arrangement.ndim and (weights == weights[:1]).all():
        weights = weights[0]
    spread = torch.broadcast_to(weights, arrangement.shape)
    channel = (arrangement // (value.units_hw[0] * value.units_hw[1])).to(spread.device)
    per_channel = spread.new_zeros(value.channels)
    per_channel[channel] = spread
    if (per_channel[channel] != spread).any():
        raise ValueError(
            "adds or multiplies weights that differ from place to place of the window, such as a "
            "position embedding, before the window is closed"
        )
    return per_channel[:, None, None]
