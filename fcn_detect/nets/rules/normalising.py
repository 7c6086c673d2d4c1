"""Norms and softmax: per channel, or over the channels of a place."""

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.nets.layers import ChannelsLast, EachWindow
from fcn_detect.nets.rules.call import Call
from fcn_detect.nets.value import Value


def per_channel(call: Call, value: Value) -> Value:
    """A layer with numbers for each channel of a map."""
    return call.through(call.module, call.build.as_map(value))


def batch_norm(call: Call, value: Value) -> Value:
    """With its running statistics it scales and shifts each channel, on vectors as on maps."""
    module = call.module
    if module.running_mean is None or module.running_var is None:
        raise ValueError("keeps no running statistics, so it takes those of the whole frame")
    value = call.build.per_place(value, 0)
    if isinstance(module, nn.BatchNorm1d):
        module = _batch_norm_2d(module)
    return call.through(module, value)


def _batch_norm_2d(module: nn.BatchNorm1d) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(module.num_features, module.eps, module.momentum, module.affine)
    like = module.running_mean
    assert like is not None
    norm.to(like).load_state_dict(module.state_dict())
    return norm.train(module.training)


def batch_norm_function(
    call: Call,
    value: Value,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    """The function, as the layer that it is."""
    if training or running_mean is None or running_var is None:
        raise ValueError("takes the statistics of the whole frame")
    layer = nn.BatchNorm2d(len(running_mean), eps, momentum).to(running_mean)
    scale = torch.ones_like(running_mean) if weight is None else weight
    shift = torch.zeros_like(running_mean) if bias is None else bias
    state = {"running_mean": running_mean, "running_var": running_var}
    layer.load_state_dict(
        state | {"weight": scale, "bias": shift, "num_batches_tracked": torch.tensor(0)}
    )
    return batch_norm(replace(call, module=layer.eval()), value)


def layer_norm(call: Call, value: Value) -> Value:
    """Over the channels of a place it is the same on any map; over places it is not."""
    module = call.module
    if len(module.normalized_shape) > 1 and not value.closed:
        raise ValueError("norms over all places of the window before the window is closed")
    value = value.rearranged(
        value.indices().flatten(len(value.shape) - len(module.normalized_shape))
    )
    return call.through(ChannelsLast(_flat(call, module)), call.build.per_place(value, -1))


def _flat(call: Call, module: nn.LayerNorm) -> nn.Module:
    """The same norm of a vector."""
    sizes = math.prod(module.normalized_shape), module.eps
    flat = nn.LayerNorm(*sizes, module.elementwise_affine, module.bias is not None)
    weights = (None if t is None else t.flatten() for t in (module.weight, module.bias))
    return _filled(call, flat, *weights)


def layer_norm_function(
    call: Call,
    value: Value,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Value:
    """The function, as the layer that it is."""
    layer = nn.LayerNorm(list(normalized_shape), eps, weight is not None, bias is not None)
    return layer_norm(replace(call, module=_filled(call, layer, weight, bias)), value)


def group_norm(call: Call, value: Value) -> Value:
    """Over groups of channels of one vector; over a map's places it sees the whole frame."""
    if not value.closed:
        raise ValueError("norms over all places of the frame")
    return call.through(EachWindow(call.module), call.build.as_map(value))


def group_norm_function(
    call: Call,
    value: Value,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Value:
    """The function, as the layer that it is."""
    layer = nn.GroupNorm(num_groups, value.shape[0], eps, weight is not None)
    return group_norm(replace(call, module=_filled(call, layer, weight, bias)), value)


def _filled(call: Call, layer: nn.Module, weight: Tensor | None, bias: Tensor | None) -> nn.Module:
    """A norm with these weights, which a function was given."""
    tensors = {"weight": weight, "bias": bias}
    layer.to(call.build.like)
    layer.load_state_dict({name: t for name, t in tensors.items() if t is not None})
    return layer


def over_channels(call: Call, value: Value, dim: Any = None, *_: Any, **__: Any) -> Value:
    """Softmax and its kin along the axis of the classes or channels."""
    dim = call.module.dim if call.module is not None else dim
    if dim is None or dim % (len(value.shape) + 1) == 0:
        raise ValueError("needs the axis of the classes, such as dim=1")
    value = call.build.per_place(value, dim % (len(value.shape) + 1) - 1)
    if call.module is not None:
        return call.through(type(call.module)(dim=1), value)
    return replace(value, node=call.build.call(call.emitted, value.node, 1))


def normalize(
    call: Call, value: Value, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None
) -> Value:
    """A place's channels, divided by their norm."""
    del out
    value = call.build.per_place(value, dim % (len(value.shape) + 1) - 1)
    return replace(value, node=call.build.call(F.normalize, value.node, p, 1, eps))
