"""Batch normalisation folded into the convolution before it: fewer passes over memory."""

import copy

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fcn_detect.nets.conversion import FullyConvolutional


def fold_batch_norms(fcn: FullyConvolutional) -> FullyConvolutional:
    """An equal net without its batch norms, as a copy; equal to float rounding."""
    folded = copy.deepcopy(fcn)
    graph = folded.net.graph
    for node in list(graph.nodes):
        norm = _module(folded.net, node)
        source = node.args[0] if node.args else None
        if not isinstance(norm, nn.BatchNorm2d) or not isinstance(source, fx.Node):
            continue
        convolution = _module(folded.net, source)
        calls = sum(n.target == source.target for n in graph.nodes)
        if isinstance(convolution, nn.Conv2d) and len(source.users) == calls == 1:
            folded.net.set_submodule(str(source.target), fuse_conv_bn_eval(convolution, norm))
            node.replace_all_uses_with(source)
            graph.erase_node(node)
    folded.net.recompile()
    folded.net.delete_all_unused_submodules()
    return folded


def _module(net: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return net.get_submodule(str(node.target)) if node.op == "call_module" else None
