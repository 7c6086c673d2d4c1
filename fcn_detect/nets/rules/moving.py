"""Operations that only move numbers: view, flatten, permute, chunk, slices, concatenation.

They change where the classifier's tensor lies on its map and leave the map alone, so there is
nothing to compute until a layer needs the numbers in its own order.
"""

from typing import Any

import torch
from torch.utils import _pytree as pytree

from fcn_detect.nets.builder import joined
from fcn_detect.nets.rules.call import Call
from fcn_detect.nets.value import Value, moved


def move(call: Call, value: Value, *args: Any, **kwargs: Any) -> Any:
    """The operation, applied to the arrangement; chunks become several values of one map."""
    arrangements = moved(lambda batch: call.function(batch, *args, **kwargs), value.indices())
    return pytree.tree_map(value.rearranged, arrangements)


def take(call: Call, value: Any, index: Any) -> Any:
    """One of several values, or a part of one."""
    return move(call, value, index) if isinstance(value, Value) else _known(value[index])


def attribute(call: Call, value: Any, name: str) -> Any:
    """A transposed value (`.mT`), or one of the two that a maximum gives."""
    if isinstance(value, Value):
        return move(call, value, name)
    return _known(value[("values", "indices").index(name)])


def _known(value: Any) -> Any:
    if value is None:
        raise ValueError("takes where the largest number lies, not the number")
    return value


def concatenate(call: Call, values: Any, dim: int = 0, *, axis: int | None = None) -> Value:
    """Maps laid on each other, channel behind channel."""
    if any(not isinstance(value, Value) for value in values):
        raise ValueError("joins what the pixels give with what they do not, such as a class token")
    build = call.build
    tight = [build.tight(value) for value in values]
    alike = len({value.units_hw for value in tight}) == 1
    values = build.aligned(tight if alike else [build.settled(value) for value in values])
    places = values[0].units_hw[0] * values[0].units_hw[1]
    arrangements, channels = [], 0
    for value in values:
        arrangements.append(value.indices() + channels * places)
        channels += value.channels
    node = build.call(torch.cat, [value.node for value in values], 1)
    whole = joined(values)
    whole = whole.with_units(whole.units_hw, whole.places_hw, node=node, channels=channels)
    dim = dim if axis is None else axis
    return whole.rearranged(
        moved(lambda *batches: call.function(list(batches), dim), *arrangements)
    )


def nothing(call: Call, value: Value, *_: Any, **__: Any) -> Value:
    """What does nothing in evaluation: dropout, identity, a copy, a cast to the same type."""
    del call
    return value


def dropout(call: Call, value: Value, *args: Any, **kwargs: Any) -> Value:
    """The function does nothing where it is told that this is no training."""
    del call
    flags = [arg for arg in args if isinstance(arg, bool)]
    if kwargs.get("training", kwargs.get("train", [*flags, True][0])):
        raise ValueError("drops numbers in evaluation too: it needs training=self.training")
    return value
