"""A converted net as an OpenVINO graph, by OpenVINO's own converter."""

import errno
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch

from fcn_detect.errors import ConversionError, MissingExtraError
from fcn_detect.nets.conversion import FullyConvolutional


def openvino_graph(fcn: FullyConvolutional) -> Any:
    """The net as an `openvino.Model`: float32 `(n, 3, h, w)` to maps, any n, h, w.

    The net is traced, not exported by `torch.export`: that would take ten times as long, and
    OpenVINO knows no form of the remainder by which an image is cut to whole strides.

    Raises:
        MissingExtraError: openvino is not installed.
        ConversionError: openvino lacks an operation of the net.
    """
    try:
        import openvino
    except ImportError:
        raise MissingExtraError("openvino", "openvino") from None
    (crop_h, crop_w), (stride_h, stride_w) = fcn.crop_hw, fcn.stride_hw
    images = torch.zeros(2, 3, crop_h + 5 * stride_h + 1, crop_w + 7 * stride_w + 1)
    with warnings.catch_warnings(), torch.no_grad():  # tracing is said to be out of date
        warnings.simplefilter("ignore")
        try:
            return openvino.convert_model(
                fcn, example_input=images, input=openvino.PartialShape([-1, 3, -1, -1])
            )
        except RuntimeError as error:
            layers = [line[3:] for line in str(error).splitlines() if line.startswith("-- ")]
            reason = (layers or str(error).splitlines())[0]
            raise ConversionError("", f"openvino cannot take the net over: {reason}") from None


def save_openvino_graph(graph: Any, path: Path, metadata: dict[str, str]) -> None:
    """Writes `path` and the weights beside it, `.bin`; with texts by name.

    Both are written beside and renamed into place, the weights first.

    Raises:
        OSError: they cannot be written.
    """
    import openvino

    for key, value in metadata.items():
        graph.set_rt_info(value, [key])
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".", suffix=".tmp") as folder:
        beside = Path(folder) / "net.xml"
        try:
            openvino.save_model(graph, beside, compress_to_fp16=False)
        except RuntimeError as error:  # it does not say why
            reason = "openvino could not write it; is there room on the disk?"
            raise OSError(errno.EIO, reason, str(path)) from error
        for suffix in (".bin", ".xml"):
            beside.with_suffix(suffix).replace(path.with_suffix(suffix))
