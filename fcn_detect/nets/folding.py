"""Normalisations folded into the convolution beside them: fewer passes over memory."""

import copy

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fcn_detect.nets.conversion import FullyConvolutional
from fcn_detect.nets.normalize import Normalize


def fold_normalisations(fcn: FullyConvolutional) -> FullyConvolutional:
    """An equal net with all its normalisations folded, as a copy; equal to float rounding."""
    return fold_first_normalisation(fold_batch_norms(fcn))


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


def fold_first_normalisation(fcn: FullyConvolutional) -> FullyConvolutional:
    """An equal net whose first convolution takes pixels as they are, as a copy.

    Only where that convolution does not pad: a zero stands for the mean colour beside it.
    """
    folded = copy.deepcopy(fcn)
    graph = folded.net.graph
    for node in list(graph.nodes):
        normalize = _module(folded.net, node)
        if not isinstance(normalize, Normalize) or len(node.users) != 1:
            continue
        (user,) = node.users
        convolution = _module(folded.net, user)
        calls = sum(n.target == user.target for n in graph.nodes)
        if not isinstance(convolution, nn.Conv2d) or not _takes_all(convolution) or calls != 1:
            continue
        folded.net.set_submodule(str(user.target), _on_pixels(convolution, normalize))
        node.replace_all_uses_with(node.args[0])
        graph.erase_node(node)
    folded.net.recompile()
    folded.net.delete_all_unused_submodules()
    return folded


def _takes_all(convolution: nn.Conv2d) -> bool:
    """Whether every place that it sees is one of its input, each with all channels."""
    return convolution.padding in ((0, 0), "valid") and convolution.groups == 1


@torch.no_grad()
def _on_pixels(convolution: nn.Conv2d, normalize: Normalize) -> nn.Conv2d:
    """The convolution behind a normalisation, for what comes before it; computed in double."""
    made = copy.deepcopy(convolution)
    weight = convolution.weight.double() / normalize.std.double()
    shift = (weight * normalize.mean.double()).sum((1, 2, 3))
    bias = torch.zeros_like(shift) if convolution.bias is None else convolution.bias.double()
    made.weight = nn.Parameter(weight.to(convolution.weight.dtype))
    made.bias = nn.Parameter((bias - shift).to(convolution.weight.dtype))
    return made


def _module(net: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return net.get_submodule(str(node.target)) if node.op == "call_module" else None
