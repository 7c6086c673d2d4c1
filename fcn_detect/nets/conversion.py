"""A crop classifier becomes a fully convolutional net: dense layers become convolutions.

A dense layer on a flattened feature map of `(channels, units_h, units_w)` is a convolution
whose kernel is that whole map; every dense layer after it is a 1×1 convolution. On an image
larger than the crop the same weights then give one output for every window.

The classifier is traced into a graph of operations; a new graph is written from it, operation
by operation, by the rules of `fcn_detect.nets.rules`.

Source: Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation",
CVPR 2015, section 3.1; Sermanet et al., "OverFeat", ICLR 2014, section 3.5.
"""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_arg
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from fcn_detect.errors import ConversionError, first_line
from fcn_detect.nets.builder import Builder, joined
from fcn_detect.nets.rules import (
    FUNCTIONS,
    IN_PLACE,
    LAYERS,
    SAME_FOR_ALL_CROPS,
    SEE_THE_WHOLE_FRAME,
    Call,
    Rule,
)
from fcn_detect.nets.sliding import HW
from fcn_detect.nets.tracing import layer_path, trace
from fcn_detect.nets.value import Value, by


class FullyConvolutional(nn.Module):
    """A converted classifier: images `(n, 3, h, w)` to logits `(n, classes, rows, cols)`.

    Cell `(row, col)` is the score of the window whose top-left pixel is
    `(row * stride_h, col * stride_w)`; `rows = (h - crop_h) // stride_h + 1`, and columns
    likewise: all windows wholly inside the image. A classifier with several heads gives what
    it gave, a tuple or a dict, with a map in the place of each vector.

    Attributes:
        net: the converted graph.
        crop_hw: height and width of a window.
        stride_hw: pixels between cells.
        exact: True when every cell equals the classifier on its window, to float rounding:
            the net pads nowhere.
        units_hw: size of a window's feature map, just before the layer that closes the window.
        receptive_field: of one place of that feature map.
    """

    def __init__(self, net: fx.GraphModule, crop_hw: HW, last: Value) -> None:
        super().__init__()
        window = last.window or last
        self.net = net
        # a chain without padding rounds down as it goes, and where it sees all of the crop it ends
        # with whole windows by itself
        sees_all = last.exact and last.field.size_hw == crop_hw
        self._cuts = not sees_all or _branches(net.graph)
        self.crop_hw = crop_hw
        self.stride_hw = last.field.stride_hw
        self.exact = last.exact
        self.units_hw = window.units_hw
        self.receptive_field = window.field

    def forward(self, images: Tensor) -> Any:
        """Logits of every window, in one pass.

        Where branches could differ by them, pixels below and beyond the last whole window are
        cut, by a negative padding: unlike a slice, it lets `torch.export` keep height and width
        open.
        """
        if not self._cuts:
            return self.net(images)
        below = (images.shape[2] - self.crop_hw[0]) % self.stride_hw[0]
        beyond = (images.shape[3] - self.crop_hw[1]) % self.stride_hw[1]
        return self.net(F.pad(images, (0, -beyond, 0, -below)))


def to_fully_convolutional(
    classifier: nn.Module, crop_hw: HW, stride: int | None = None
) -> FullyConvolutional:
    """The classifier as a net that scores every window of an image in one pass.

    The classifier itself is left untouched; the result has a copy of its weights, is in eval
    mode, on the classifier's device, and keeps the names of its layers.

    Args:
        classifier: crops `(n, 3, crop_h, crop_w)` to logits `(n, classes)`, or to several such.
        crop_hw: height and width of its crops.
        stride: pixels between windows; None means the net's own, and a divisor of it is reached
            without training again: strides are left out, and the layers behind them dilated.

    Raises:
        ConversionError: a layer has no exact convolutional form, or none of that stride.
    """
    device = next(classifier.parameters(), torch.zeros(())).device
    traced = trace(copy.deepcopy(classifier).cpu().eval(), crop_hw)
    fcn = _Conversion(traced, crop_hw, (0, 0)).run()
    if stride is None or fcn.stride_hw == (stride, stride):
        return fcn.to(device)
    if stride < 1 or any(own % stride for own in fcn.stride_hw):
        raise ConversionError(
            "",
            f"the net's stride is {by(fcn.stride_hw)}; a stride of {stride} is not possible, "
            "only one that divides it",
        )
    return _Conversion(traced, crop_hw, (stride, stride)).run().to(device)


class _Conversion:
    """Walks the classifier's graph from input to output and writes the converted one."""

    def __init__(self, traced: fx.GraphModule, crop_hw: HW, stride_hw: HW) -> None:
        like = next(traced.parameters(), torch.zeros(()))
        self.traced = traced
        self.crop_hw = crop_hw
        self.build = Builder(like.detach(), stride_hw)
        self.results: dict[fx.Node, Any] = {}

    @torch.no_grad()
    def run(self) -> FullyConvolutional:
        """The converted net."""
        *nodes, output = self.traced.graph.nodes
        _refuse_attention(nodes, self.traced)
        for node in nodes:
            self.results[node] = self._result(node)
        heads, structure = pytree.tree_flatten(map_arg(output.args[0], self.results.get))
        closed = self.build.aligned([self._closed(head, output) for head in heads])
        values = [self.build.cut_to(value, (1, 1)) for value in closed]
        self.build.graph.output(pytree.tree_unflatten([v.node for v in values], structure))
        self.build.sweep()
        net = fx.GraphModule(self.build.modules, self.build.graph)
        return FullyConvolutional(net, self.crop_hw, joined(values)).eval()

    def _result(self, node: fx.Node) -> Any:
        """A value made from the pixels, or else what the node gives on any crop."""
        if node.op == "placeholder" and not self.results:
            channels = node.meta["on_crop"].shape[1]
            image = self.build.graph.placeholder(node.name)
            return Value(image, channels, self.crop_hw, self.crop_hw)
        inputs = pytree.tree_leaves([self.results[source] for source in node.all_input_nodes])
        outputs = pytree.tree_leaves(node.meta["on_crop"])
        if not _any(Value, inputs):
            return node.meta["on_crop"]
        if _any(Tensor, outputs):
            return self._convert(node)
        name = _name(node)
        if name not in SAME_FOR_ALL_CROPS:
            raise ConversionError(
                layer_path(node), f"{name} turns pixels into Python's own numbers"
            )
        return node.meta["on_crop"]

    def _convert(self, node: fx.Node) -> Any:
        """What an operation's rule makes of it."""
        module = self.traced.get_submodule(str(node.target)) if node.op == "call_module" else None
        name, rule = _rule(node, module)
        call = self._call(node, module)
        kwargs = dict(map_arg(node.kwargs, self.results.get))
        first = [kwargs.pop(key) for key in ("input", "tensors") if key in kwargs]
        try:
            result = rule(call, *first, *map_arg(node.args, self.results.get), **kwargs)
            return pytree.tree_map(self._as_on_crop, result, call.on_crop)
        except ConversionError:
            raise
        except (ValueError, TypeError, RuntimeError, IndexError, AttributeError) as error:
            raise ConversionError(call.path, f"{name} {first_line(error)}") from error

    def _call(self, node: fx.Node, module: nn.Module | None) -> Call:
        path = layer_path(node)
        inside = module is None and path != node.name
        name = f"{path}.{node.name}" if inside else path
        function, emitted = _called(node, module)
        return Call(path, name, function, emitted, module, node.meta["on_crop"], self.build)

    def _as_on_crop(self, value: Any, on_crop: Any) -> Any:
        """A value in the shape of the classifier's tensor, where its rule left another."""
        if not isinstance(value, Value):
            return value
        if on_crop.dtype != self.build.like.dtype:
            raise ValueError(f"turns numbers into {on_crop.dtype}, which the weights are not")
        return value.shaped(tuple(on_crop.shape[1:]))

    def _closed(self, head: Any, output: fx.Node) -> Value:
        """An output of the classifier as a map of its numbers, one vector a window."""
        sources = {id(self.results[node]): node for node in output.all_input_nodes}
        if not isinstance(head, Value):
            raise ConversionError("", "the classifier must return tensors made from its crops")
        path = layer_path(sources[id(head)]) if id(head) in sources else ""
        value = self.build.settled(head)
        if not value.closed:
            raise ConversionError(
                path, "the net ends without a dense or pooling layer that closes the window"
            )
        return self.build.take_channels(value, value.indices().flatten())


def _branches(graph: fx.Graph) -> bool:
    """Whether anything is made of more than one thing, or an output is not alone."""
    return any(len(node.all_input_nodes) > 1 for node in graph.nodes)


def _rule(node: fx.Node, module: nn.Module | None) -> tuple[str, Rule]:
    """The name of an operation, for messages, and its rule in the tables."""
    if module is not None:
        name = type(module).__name__
        rules = [LAYERS[cls] for cls in type(module).__mro__ if cls in LAYERS]
    else:
        name = _name(node)
        owner = getattr(node.target, "__module__", None) or "torch"
        known = owner.split(".")[0] in ("torch", "torchvision", "_operator", "builtins")
        rules = (
            [FUNCTIONS[_out_of_place(name)]] if known and _out_of_place(name) in FUNCTIONS else []
        )
    if not rules:
        reason = SEE_THE_WHOLE_FRAME.get(name, "has no known convolutional form")
        raise ConversionError(layer_path(node), f"{name} {reason}")
    return name, rules[0]


def _name(node: fx.Node) -> str:
    return str(getattr(node.target, "__name__", node.target))


def _out_of_place(name: str) -> str:
    return IN_PLACE.get(name, name.removesuffix("_"))


def _called(node: fx.Node, module: nn.Module | None) -> tuple[Any, Any]:
    """What the classifier calls, and torch's function of that name, which changes no input."""
    if module is not None:
        return module, module
    name = _name(node)
    emitted = _out_of_place(name)
    places = (torch, nn.functional)
    found = next((getattr(p, emitted) for p in places if hasattr(p, emitted)), None)
    if node.op == "call_function":
        return node.target, node.target if name == emitted else found
    return _method(name), found


def _method(name: str) -> Any:
    def call(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        return getattr(tensor, name)(*args, **kwargs)

    call.__name__ = name
    return call


def _refuse_attention(nodes: list[fx.Node], traced: fx.GraphModule) -> None:
    """Names the attention itself, before the tokens that are made ready for it."""
    for node in nodes:
        if node.op == "call_module":
            name = type(traced.get_submodule(str(node.target))).__name__
            if name in ("MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder"):
                raise ConversionError(str(node.target), f"{name} {SEE_THE_WHOLE_FRAME[name]}")


def _any(kind: type, leaves: list[Any]) -> bool:
    return any(isinstance(leaf, kind) for leaf in leaves)
