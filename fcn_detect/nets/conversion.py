"""A crop classifier becomes a fully convolutional net: dense layers become convolutions.

A dense layer on a flattened feature map of `(channels, units_h, units_w)` is a convolution
whose kernel is that whole map; every dense layer after it is a 1×1 convolution. On an image
larger than the crop the same weights then give one output for every window.

Source: Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation",
CVPR 2015, section 3.1; Sermanet et al., "OverFeat", ICLR 2014, section 3.5.
"""

import copy

from torch import Tensor, fx, nn

from fcn_detect.errors import ConversionError
from fcn_detect.nets.rules import FUNCTION_RULES, METHOD_RULES, MODULE_RULES, Layer, Value
from fcn_detect.nets.tracing import trace

HW = tuple[int, int]


class FullyConvolutional(nn.Module):
    """A converted classifier: images `(n, 3, h, w)` to logits `(n, classes, rows, cols)`.

    Cell `(row, col)` is the score of the window whose top-left pixel is
    `(row * stride_h, col * stride_w)`; `rows = (h - crop_h) // stride_h + 1`, and columns
    likewise: all windows wholly inside the image.

    Attributes:
        net: the converted graph.
        crop_hw: height and width of a window.
        stride_hw: pixels between cells.
        exact: True when every cell equals the classifier on its window, to float rounding:
            the net pads nowhere.
        units_hw: size of a window's feature map, just before the first dense layer.
        receptive_field: of one unit of that feature map.
    """

    def __init__(self, net: fx.GraphModule, crop_hw: HW, value: Value) -> None:
        super().__init__()
        self.net = net
        self.crop_hw = crop_hw
        self.stride_hw = value.field.stride_hw
        self.exact = value.exact
        self.units_hw = value.head_units_hw
        self.receptive_field = value.field

    def forward(self, images: Tensor) -> Tensor:
        """Logits of every window, in one pass."""
        logits: Tensor = self.net(images)
        rows = (images.shape[2] - self.crop_hw[0]) // self.stride_hw[0] + 1
        cols = (images.shape[3] - self.crop_hw[1]) // self.stride_hw[1] + 1
        return logits[:, :, :rows, :cols]


def to_fully_convolutional(
    classifier: nn.Module, crop_hw: HW, stride: int | None = None
) -> FullyConvolutional:
    """The classifier as a net that scores every window of an image in one pass.

    The classifier itself is left untouched; the result has a copy of its weights, is in eval
    mode, and keeps the names of its layers.

    Args:
        classifier: crops `(n, 3, crop_h, crop_w)` to logits `(n, classes)`.
        crop_hw: height and width of its crops.
        stride: pixels between windows; None means the net's own.

    Raises:
        ConversionError: a layer has no exact convolutional form, or the stride is not the net's.
    """
    traced = trace(copy.deepcopy(classifier).eval(), crop_hw)
    value = _rewrite(traced, crop_hw)
    if stride is not None and value.field.stride_hw != (stride, stride):
        raise ConversionError(
            "", f"the net's stride is {value.field.stride_hw}; a stride of {stride} is not possible"
        )
    return FullyConvolutional(traced, crop_hw, value).eval()


def _rewrite(traced: fx.GraphModule, crop_hw: HW) -> Value:
    """Replaces layers in place, from input to output; returns what the output is."""
    values: dict[fx.Node, Value] = {}
    for node in list(traced.graph.nodes):
        if node.op == "placeholder":
            values[node] = Value(units_hw=crop_hw, head_units_hw=crop_hw)
        elif node.op == "output":
            last = _output(node, values)
        else:
            values[node] = _apply_rule(traced, node, values)
    _drop_identities(traced)
    return last


def _drop_identities(traced: fx.GraphModule) -> None:
    """Removes the layers that do nothing any more, such as flattens."""
    for node in list(traced.graph.nodes):
        if node.op == "call_module" and type(traced.get_submodule(node.target)) is nn.Identity:
            node.replace_all_uses_with(node.args[0])
            traced.graph.erase_node(node)
    traced.recompile()
    traced.delete_all_unused_submodules()


def _apply_rule(traced: fx.GraphModule, node: fx.Node, values: dict[fx.Node, Value]) -> Value:
    """What a node's value becomes; the node or its module is rewritten where needed."""
    source = node.args[0] if node.args else None
    if not isinstance(source, fx.Node) or source not in values:
        raise ConversionError(_path(node), "its input is not the image or a value made from it")
    if len(node.all_input_nodes) > 1:
        raise ConversionError(_path(node), "it joins several branches, which is not supported")
    if node.op == "call_module":
        module = traced.get_submodule(str(node.target))
        rule = MODULE_RULES.get(type(module))
        name = type(module).__name__
    else:
        module = None
        rule = (FUNCTION_RULES if node.op == "call_function" else METHOD_RULES).get(node.target)
        name = getattr(node.target, "__name__", str(node.target))
    if rule is None:
        raise ConversionError(_path(node), f"{name} has no known convolutional form")
    if node.meta["shape"] is None:
        raise ConversionError(_path(node), f"{name} returns something other than one tensor")
    try:
        value, new_module = rule(Layer(module, node.meta["shape"], values[source]))
    except ValueError as error:
        raise ConversionError(_path(node), f"{name} {error}") from None
    _replace(traced, node, new_module)
    return value


def _replace(traced: fx.GraphModule, node: fx.Node, module: nn.Module | None) -> None:
    """Puts a new module in a node's place; None leaves the node as it is."""
    if module is None:
        return
    target = str(node.target) if node.op == "call_module" else node.name
    if sum(n.target == target for n in traced.graph.nodes) > 1:
        target = node.name
    traced.add_submodule(target, module)
    node.target, node.op, node.args, node.kwargs = target, "call_module", node.args[:1], {}


def _output(node: fx.Node, values: dict[fx.Node, Value]) -> Value:
    source = node.args[0]
    if not isinstance(source, fx.Node):
        raise ConversionError("", "the classifier must return one tensor of logits")
    value = values[source]
    if not value.flat or value.units_hw != (1, 1):
        raise ConversionError(
            _path(source), "the net ends without a dense or pooling layer that closes the window"
        )
    return value


def _path(node: fx.Node) -> str:
    """The dotted path of the layer that a node belongs to, or the node's own name."""
    if node.op == "call_module":
        return str(node.target)
    stack = node.meta.get("nn_module_stack")
    owner = next(reversed(stack.values()))[0] if stack else ""
    return f"{owner}.{node.name}".lstrip(".")
