"""Narrow maps before tall convolutions, widened with channels that nothing comes of.

OpenVINO 2026.4 gives wrong sums in 8-bit integers on processors with AMX where a kernel is one
place wide and its height times its channels is a multiple of 64, with fewer than 32 channels
(`scripts/bench/int8_kernels.py`). That is what the dense layer of a net for slim windows becomes.
"""

import copy

import torch
from torch import fx, nn

from fcn_detect.nets.conversion import FullyConvolutional

SAFE_CHANNELS = 32
_BETWEEN = (nn.ReLU, nn.MaxPool2d)  # channel by channel, and alike for all


def widen_for_int8(fcn: FullyConvolutional) -> FullyConvolutional:
    """An equal net without such convolutions, as a copy; those that it cannot widen are left."""
    widened = copy.deepcopy(fcn)
    net = widened.net
    for node in net.graph.nodes:
        tall = _convolution(net, node)
        if tall is None or not _is_risky(tall):
            continue
        source = _source(net, node)
        narrow = None if source is None else _convolution(net, source)
        if source is not None and narrow is not None and narrow.groups == 1:
            more = SAFE_CHANNELS - tall.in_channels
            net.set_submodule(str(source.target), _padded(narrow, (more, 0)))
            net.set_submodule(str(node.target), _padded(tall, (0, more)))
    return widened


def _is_risky(tall: nn.Conv2d) -> bool:
    height, width = tall.kernel_size
    return (
        tall.groups == width == 1
        and height > 1
        and tall.in_channels < SAFE_CHANNELS
        and height * tall.in_channels % 64 == 0
    )


def _source(net: fx.GraphModule, node: fx.Node) -> fx.Node | None:
    """The module whose channels a convolution takes as they are; None where others do, too."""
    while True:
        source = node.args[0]
        if not isinstance(source, fx.Node) or len(source.users) != 1:
            return None
        if source.op != "call_module" or not isinstance(_module(net, source), _BETWEEN):
            return source
        node = source


def _convolution(net: fx.GraphModule, node: fx.Node) -> nn.Conv2d | None:
    """The convolution that a node calls, if that is its only call."""
    calls = sum(n.op == "call_module" and n.target == node.target for n in net.graph.nodes)
    module = _module(net, node) if node.op == "call_module" and calls == 1 else None
    return module if isinstance(module, nn.Conv2d) else None


def _module(net: fx.GraphModule, node: fx.Node) -> nn.Module:
    return net.get_submodule(str(node.target))


@torch.no_grad()
def _padded(convolution: nn.Conv2d, more: tuple[int, int]) -> nn.Conv2d:
    """The convolution with more outputs and inputs, whose weights are all zero."""
    outputs, inputs = more
    made = copy.deepcopy(convolution)
    made.out_channels, made.in_channels = made.out_channels + outputs, made.in_channels + inputs
    weight = nn.functional.pad(convolution.weight, (0, 0, 0, 0, 0, inputs, 0, outputs))
    made.weight = nn.Parameter(weight)
    if convolution.bias is not None:
        made.bias = nn.Parameter(nn.functional.pad(convolution.bias, (0, outputs)))
    return made
