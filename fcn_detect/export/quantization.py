"""8-bit integers in place of floats, by NNCF: weights and activations, from frames alone."""

import contextlib
import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import MissingExtraError
from fcn_detect.export.frames import LevelOfFrame


@dataclass(frozen=True)
class Recipe:
    """One way to quantise.

    Attributes:
        name: as users read it.
        ends_in_float: whether the first and the last layer stay as they are.
        fast_bias: whether biases are corrected layer by layer from single passes, or each after
            all layers before it.
    """

    name: str
    ends_in_float: bool = True
    fast_bias: bool = True


def quantize(graph: Any, levels: Sequence[LevelOfFrame], recipe: Recipe) -> Any:
    """A graph that computes with 8-bit integers, made from a float one, which stays as it is.

    Args:
        graph: an `onnx.ModelProto` or an `openvino.Model`.
        levels: what ranges are taken from.
        recipe: how.

    Raises:
        MissingExtraError: nncf is not installed.
    """
    try:
        import nncf
    except ImportError:
        raise MissingExtraError("nncf", "openvino") from None
    logging.getLogger("nncf").setLevel(logging.ERROR)
    dataset = nncf.Dataset(levels, lambda level: _input(graph, level))
    scope = nncf.IgnoredScope(names=_ends(graph)) if recipe.ends_in_float else None
    # its bars are talk, not data; its libraries warn about each other
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nncf.quantize(
            graph,
            dataset,
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(levels),
            fast_bias_correction=recipe.fast_bias,
            ignored_scope=scope,
        )


def _input(graph: Any, level: LevelOfFrame) -> Any:
    """One pass's input as the graph takes it, float32 `(1, 3, h, w)`.

    Two pixels are the darkest and the brightest there are: 8 bits for that range are the pixels'
    own, so that nothing is rounded there.
    """
    planes: NDArray[np.float32] = level.pixels().transpose(2, 0, 1)[None].astype(np.float32)
    planes[..., 0, 0], planes[..., -1, -1] = 0, 255
    return {graph.graph.input[0].name: planes} if _is_onnx(graph) else planes


def _ends(graph: Any) -> list[str]:
    """Names of the first and the last convolution."""
    if _is_onnx(graph):
        names = [node.name for node in graph.graph.node if node.op_type == "Conv"]
    else:
        kinds = ("Convolution", "GroupConvolution")
        operations = graph.get_ordered_ops()
        names = [op.get_friendly_name() for op in operations if op.get_type_name() in kinds]
    return [names[0], names[-1]]


def _is_onnx(graph: Any) -> bool:
    return hasattr(graph, "graph")
