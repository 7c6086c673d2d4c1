"""Dense layers become convolutions: over the whole window, or 1×1 at every place."""

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from fcn_detect.nets.dense_layers import dense_to_convolution, dense_to_pointwise
from fcn_detect.nets.rules.call import Call
from fcn_detect.nets.sliding import Sliding
from fcn_detect.nets.value import Value


def dense(call: Call, value: Value) -> Value:
    """A dense layer on a window's vector, or on the channels of every place."""
    if len(value.shape) == 1 and (value.bins or not value.closed):
        return _over_window(call, value)
    return _over_channels(call, call.build.settled(value))


def linear(call: Call, value: Value, weight: Tensor, bias: Tensor | None = None) -> Value:
    """The function, as the layer that it is."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None).to(weight)
    layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return dense(replace(call, module=layer), value)


def matmul(call: Call, value: Any, weight: Any) -> Value:
    """A product with a matrix of weights, as the dense layer that it is."""
    if not isinstance(weight, Tensor) or weight.ndim != 2:
        raise ValueError("multiplies what the places of a window give, as attention does")
    return linear(call, value, weight.T)


def _over_window(call: Call, value: Value) -> Value:
    """The window is closed by a convolution whose kernel is the window's whole map.

    In whatever order the map was flattened, each weight finds its element. An adaptive average
    pooling before it stays a pooling, without its stride, where its bins are even; else it is
    folded in: kernel[.., y, x] = sum over bins of weight * share(bin, y, x).
    """
    rate_hw = value.rate_hw
    if not value.bins or value.bins.window:
        value = call.build.tight(call.build.settled(value, finest=True))
    bins = value.bins
    hw = bins.hw if bins else value.units_hw
    kernel = _columns(call.module, value.indices(), value.channels * math.prod(hw)).weight
    kernel = kernel.view(-1, value.channels, *hw)
    if bins:
        shares = bins.weights_h, bins.weights_w
        kernel = torch.einsum("ocij,ih,jw->ochw", kernel, *shares)
    flat = _with_weight(call.module, kernel.flatten(1))
    window = Sliding(value.units_hw)
    own, after = call.build.slide(replace(value, bins=None), window, finest=True)
    layer = dense_to_convolution(flat, value.units_hw)
    layer.dilation = own.dilation_hw
    after = replace(after, channels=layer.out_channels, rate_hw=rate_hw)
    return call.through(layer, value, after).rearranged(torch.arange(layer.out_channels))


def _over_channels(call: Call, value: Value) -> Value:
    """A 1×1 convolution; the layer's outputs take the place of the channels."""
    value = call.build.tight(value)
    order, unit = value.along_channels(-1)
    layer = dense_to_pointwise(_columns(call.module, order, value.channels))
    after = replace(value, channels=layer.out_channels, arrangement=None)
    outputs = torch.arange(layer.out_channels) * math.prod(value.units_hw)
    return call.through(layer, value, after).rearranged(outputs + unit[..., None])


def _columns(layer: nn.Linear, places: Tensor, inputs: int) -> nn.Linear:
    """The dense layer on `inputs` numbers, of which it saw only those at `places`."""
    weight = layer.weight.new_zeros(layer.out_features, inputs)
    return _with_weight(layer, weight.index_add(1, places.to(weight.device), layer.weight.detach()))


def _with_weight(layer: nn.Linear, weight: Tensor) -> nn.Linear:
    other = nn.Linear(weight.shape[1], weight.shape[0], layer.bias is not None).to(weight)
    with torch.no_grad():
        other.weight.copy_(weight)
        if layer.bias is not None:
            other.bias.copy_(layer.bias)
    return other
