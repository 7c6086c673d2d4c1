"""How each kind of layer turns when its classifier becomes fully convolutional.

A rule takes a `Layer` and returns the value that leaves it, with the module to put in the
layer's place: None keeps it, `nn.Identity()` drops it. A rule raises ValueError when the layer
has no exact form; the message follows the layer's name.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from fcn_detect.geometry import ReceptiveField
from fcn_detect.nets.normalize import Normalize

HW = tuple[int, int]


@dataclass(frozen=True)
class Value:
    """What is known of one value of the classifier, on a crop.

    Attributes:
        units_hw: its spatial size on a crop.
        head_units_hw: spatial size just before the window was closed.
        field: receptive field of one unit, up to the head.
        flat: it was flattened, and its spatial places wait for a dense layer.
        closed: all of the window has been seen; what follows acts on each window alone.
        exact: no padding so far.
    """

    units_hw: HW
    head_units_hw: HW
    field: ReceptiveField = field(default_factory=ReceptiveField)
    flat: bool = False
    closed: bool = False
    exact: bool = True

    def close(self) -> "Value":
        """The value after a layer that saw all of the window."""
        head = self.head_units_hw if self.closed else self.units_hw
        return replace(self, units_hw=(1, 1), head_units_hw=head, flat=True, closed=True)


@dataclass(frozen=True)
class Layer:
    """One operation of the classifier.

    Attributes:
        module: the layer's module; None when it is a function or a method.
        output_shape: of its output on a batch of one crop.
        value: what enters it.
    """

    module: Any
    output_shape: tuple[int, ...]
    value: Value


Rule = Callable[[Layer], tuple[Value, nn.Module | None]]


def dense_to_convolution(dense: nn.Linear, units_hw: HW) -> nn.Conv2d:
    """A convolution that equals a dense layer on a flattened `(channels, *units_hw)` map.

    Its kernel is the whole map, and its weights are the dense layer's, reshaped from
    `(outputs, channels * h * w)` to `(outputs, channels, h, w)`: flattening is row-major.
    """
    places = units_hw[0] * units_hw[1]
    channels = dense.in_features // places
    like = dense.weight
    convolution = nn.Conv2d(
        channels,
        dense.out_features,
        units_hw,
        bias=dense.bias is not None,
        device=like.device,
        dtype=like.dtype,
    )
    with torch.no_grad():
        convolution.weight.copy_(like.view(dense.out_features, channels, *units_hw))
        if dense.bias is not None and convolution.bias is not None:
            convolution.bias.copy_(dense.bias)
    return convolution


def _keep(layer: Layer) -> tuple[Value, None]:
    """Elementwise: the same on a map as on a vector."""
    return layer.value, None


def _per_channel(layer: Layer) -> tuple[Value, None]:
    """The same numbers for a whole channel: on maps, or on windows already closed."""
    if layer.value.flat and layer.value.units_hw != (1, 1):
        raise ValueError("after a flatten of several places has no form on a map")
    return layer.value, None


def _batch_norm_2d(layer: Layer) -> tuple[Value, None]:
    _check_running_statistics(layer.module)
    return _per_channel(layer)


def _check_running_statistics(module: Any) -> None:
    if module.running_mean is None or module.running_var is None:
        raise ValueError("keeps no running statistics, so it takes those of the whole frame")


def _convolution(layer: Layer) -> tuple[Value, None]:
    module = layer.module
    padding_hw = _padding_before(module)
    return _slide(layer, module.kernel_size, module.stride, padding_hw, module.dilation), None


def _padding_before(module: nn.Conv2d) -> HW:
    """Pixels added before a map's first row and column."""
    if module.padding == "valid":
        return (0, 0)
    if module.padding == "same":
        y, x = (d * (k - 1) // 2 for d, k in zip(module.dilation, module.kernel_size, strict=True))
        return (y, x)
    return _pair(module.padding)


def _pooling(layer: Layer) -> tuple[Value, None]:
    module = layer.module
    stride = module.kernel_size if module.stride is None else module.stride
    padding_hw = _pair(getattr(module, "padding", 0))
    dilation = getattr(module, "dilation", 1)
    return _slide(layer, module.kernel_size, stride, padding_hw, dilation), None


def _slide(layer: Layer, kernel: Any, stride: Any, padding_hw: HW, dilation: Any) -> Value:
    """The value after a window slid over it; not exact where that window leaves the crop."""
    value = layer.value
    if value.flat and value.units_hw != (1, 1):
        raise ValueError("comes after a flatten")
    kernel_hw, stride_hw, dilation_hw = _pair(kernel), _pair(stride), _pair(dilation)
    if value.closed and stride_hw != (1, 1):
        raise ValueError(f"has a stride of {stride_hw} after the window was closed")
    units_hw = _pair(layer.output_shape[2:])
    inside = padding_hw == (0, 0) and all(
        (units - 1) * s + d * (k - 1) + 1 <= side
        for units, s, d, k, side in zip(
            units_hw, stride_hw, dilation_hw, kernel_hw, value.units_hw, strict=True
        )
    )
    if value.closed:
        return replace(value, exact=value.exact and inside)
    return replace(
        value,
        units_hw=units_hw,
        head_units_hw=units_hw,
        field=value.field.then(kernel_hw, stride_hw, padding_hw, dilation_hw),
        exact=value.exact and inside,
    )


def _adaptive_pooling(layer: Layer) -> tuple[Value, nn.Module]:
    """Pooling over the whole frame becomes pooling over each window."""
    value = _per_channel(layer)[0]
    target = layer.output_shape[2:]
    if target == value.units_hw:
        return value, nn.Identity()
    if target != (1, 1):
        raise ValueError(f"to {target} is not supported on a map of {value.units_hw}")
    average = isinstance(layer.module, nn.AdaptiveAvgPool2d)
    pool = nn.AvgPool2d if average else nn.MaxPool2d
    return replace(value.close(), flat=value.flat), pool(value.units_hw, stride=1)


def _flatten(layer: Layer) -> tuple[Value, nn.Module]:
    if len(layer.output_shape) != 2 or layer.output_shape[0] != 1:
        raise ValueError("must turn (n, c, h, w) into (n, features)")
    return replace(layer.value, flat=True), nn.Identity()


def _dense(layer: Layer) -> tuple[Value, nn.Module]:
    if not layer.value.flat:
        raise ValueError("acts on the last axis of a map, not on a flattened one")
    return layer.value.close(), dense_to_convolution(layer.module, layer.value.units_hw)


def _batch_norm_1d(layer: Layer) -> tuple[Value, nn.Module]:
    value, module = _per_channel(layer)[0], layer.module
    _check_running_statistics(module)
    norm = nn.BatchNorm2d(
        module.num_features,
        module.eps,
        module.momentum,
        module.affine,
        module.track_running_stats,
    )
    norm.load_state_dict(module.state_dict())
    like = next(iter([*module.parameters(), *module.buffers()]))
    return value, norm.to(like.device, like.dtype).train(module.training)


def _over_classes(layer: Layer) -> tuple[Value, nn.Module]:
    """Softmax over the classes of a window."""
    value = _per_channel(layer)[0]
    if not value.flat or layer.module.dim not in (1, -1):
        raise ValueError("must come after the dense layers and act on the classes")
    return value, type(layer.module)(dim=1)


def _pair(value: Any) -> HW:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


ELEMENTWISE: tuple[type[nn.Module], ...] = (
    nn.Identity, nn.Dropout, nn.AlphaDropout, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU,
    nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.Sigmoid, nn.LogSigmoid, nn.Tanh,
    nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softsign,
)  # fmt: skip

MODULE_RULES: dict[type[nn.Module], Rule] = {
    **dict.fromkeys(ELEMENTWISE, _keep),
    Normalize: _per_channel,
    nn.PReLU: _per_channel,
    nn.BatchNorm2d: _batch_norm_2d,
    nn.Dropout2d: _per_channel,
    nn.Conv2d: _convolution,
    nn.MaxPool2d: _pooling,
    nn.AvgPool2d: _pooling,
    nn.AdaptiveAvgPool2d: _adaptive_pooling,
    nn.AdaptiveMaxPool2d: _adaptive_pooling,
    nn.Flatten: _flatten,
    nn.Linear: _dense,
    nn.BatchNorm1d: _batch_norm_1d,
    nn.Softmax: _over_classes,
    nn.LogSoftmax: _over_classes,
}

FUNCTION_RULES: dict[Any, Rule] = {
    torch.flatten: _flatten,
    torch.relu: _keep,
    F.relu: _keep,
    torch.sigmoid: _keep,
    torch.tanh: _keep,
    operator.neg: _keep,
}

METHOD_RULES: dict[Any, Rule] = {"flatten": _flatten, "relu": _keep, "sigmoid": _keep}
