"""A converted net as an ONNX graph, by `torch.onnx`."""

import warnings
from pathlib import Path
from typing import Any

import torch

from fcn_detect.errors import MissingExtraError
from fcn_detect.files import write_atomically
from fcn_detect.nets.conversion import FullyConvolutional

INPUT_NAME, OUTPUT_NAME = "images", "maps"


def onnx_graph(fcn: FullyConvolutional) -> Any:
    """The net as an `onnx.ModelProto`: `images` float32 `(n, 3, h, w)` to `maps`, any n, h, w.

    The exporter must not see a map of one cell only: it would take its size for a constant. The
    graph itself runs on images of one window too.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise MissingExtraError("onnx or onnxscript", "onnx") from None
    (crop_h, crop_w), (stride_h, stride_w) = fcn.crop_hw, fcn.stride_hw
    images = torch.zeros(2, 3, crop_h + 5 * stride_h, crop_w + 7 * stride_w)
    sides = {
        0: torch.export.Dim("n"),
        2: torch.export.Dim("h", min=crop_h + stride_h),
        3: torch.export.Dim("w", min=crop_w + stride_w),
    }
    with warnings.catch_warnings():  # of the exporter about itself
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            fcn,
            (images,),
            dynamo=True,
            dynamic_shapes=(sides,),
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def save_onnx_graph(graph: Any, path: Path, metadata: dict[str, str]) -> None:
    """Writes the graph with texts by name, beside and renamed into place."""
    del graph.metadata_props[:]
    for key, value in metadata.items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = key, value
    write_atomically(path, graph.SerializeToString())
