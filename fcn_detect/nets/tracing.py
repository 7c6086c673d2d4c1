"""From a module to a graph of its operations, with the shape of every value on a crop."""

from typing import Any

import torch
from torch import Tensor, fx, nn

from fcn_detect.errors import ConversionError
from fcn_detect.nets.normalize import Normalize


class _Tracer(fx.Tracer):
    """Keeps torch's own layers and `Normalize` whole; looks into all others."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Normalize) or super().is_leaf_module(m, module_qualified_name)


def trace(classifier: nn.Module, crop_hw: tuple[int, int]) -> fx.GraphModule:
    """The classifier as a graph; each node's `meta["shape"]` is its shape on a batch of one crop.

    torch.fx is used, not torch.export: it keeps the layers, their names and their parameters,
    so that the converted net reads like the original and a refusal can name a layer.

    Raises:
        ConversionError: the module's Python code depends on values, or it rejects the crop.
    """
    try:
        graph = _Tracer().trace(classifier)
    except Exception as error:  # whatever the user's own forward raises on a symbolic input
        raise ConversionError("", f"the module cannot be traced: {_line(error)}") from error
    traced = fx.GraphModule(classifier, graph)
    try:
        _Shapes(traced).run(_example(classifier, crop_hw))
    except Exception as error:  # whatever a layer or the user's own code raises
        raise ConversionError(
            "", f"the classifier rejects a crop of {crop_hw[1]}x{crop_hw[0]}: {_line(error)}"
        ) from error
    return traced


class _Shapes(fx.Interpreter):
    """Runs the graph once and notes the shape of each tensor."""

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        n.meta["shape"] = tuple(value.shape) if isinstance(value, Tensor) else None
        return value


def _example(classifier: nn.Module, crop_hw: tuple[int, int]) -> Tensor:
    """One black crop of the classifier's own type, device and channels."""
    like = next(classifier.parameters(), torch.zeros(()))
    first = next((m for m in classifier.modules() if isinstance(m, nn.Conv2d)), None)
    channels = first.in_channels if first is not None else 3
    return torch.zeros(1, channels, *crop_hw, dtype=like.dtype, device=like.device)


def _line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
