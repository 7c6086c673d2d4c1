"""ONNX Runtime: runs an exported `.onnx` wherever there is a build of it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends.base import Pixels, telling_memory
from fcn_detect.errors import MissingExtraError, ModelError, SettingsError, one_line
from fcn_detect.headers import read_header
from fcn_detect.processes import available_cores

PROCESSOR, GPU = "CPUExecutionProvider", "CUDAExecutionProvider"
ERRORS_ONLY = 3  # of its log


class OnnxruntimeBackend:
    """Runs an exported `.onnx` on images of any size.

    Attributes:
        header: of the model.
        place: cpu or cuda.
        threads: of one pass on the processor.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelError: the file is damaged, or none of this program.
        SettingsError: there is no such device.
    """

    name = "onnxruntime"

    def __init__(self, path: Path, device: str | None = None, threads: int | None = None) -> None:
        self.header, self.threads = read_header(path), threads or available_cores()
        self._session = _open(path, device, self.threads)
        self.place = "cuda" if GPU in self._session.get_providers() else "cpu"
        self._input = self._session.get_inputs()[0].name

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        """Logits, then offsets, of every window.

        RGB `(n, h, w, 3)` to float32 `(n, header.channels, rows, cols)`.
        """
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
        with telling_memory(Exception):  # its errors share no class of their own
            maps: NDArray[np.float32] = self._session.run(None, {self._input: planes})[0]
        return maps


def _open(path: Path, device: str | None, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("onnxruntime", "onnx") from None
    providers = _providers(device, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # it would keep the memory of every size ever seen
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its errors share no class of their own
        raise ModelError(f"{path}: onnxruntime cannot read it: {one_line(error)}") from None


def _providers(device: str | None, available: list[str]) -> list[Any]:
    """What shall run the net, the first that can: `cpu`, `cuda` or `cuda:1`; None is the best."""
    if device is None:
        device = "cuda" if GPU in available else "cpu"
    kind, _, number = device.lower().partition(":")
    if kind == "cpu" and not number:
        return [PROCESSOR]
    if kind == "cuda" and GPU in available and (number.isdigit() or not number):
        return [(GPU, {"device_id": int(number or 0), "use_tf32": 0}), PROCESSOR]
    raise SettingsError(
        f"device '{device}' cannot be used: this build of onnxruntime knows "
        f"{'cpu and cuda' if GPU in available else 'cpu only'}"
    )
