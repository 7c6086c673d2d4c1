"""OpenVINO: the fastest runtime on most processors."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends.base import Pixels, telling_memory
from fcn_detect.errors import MissingExtraError, ModelError, SettingsError, one_line
from fcn_detect.headers import read_header
from fcn_detect.processes import available_cores

# What a pass must write over: where memory runs out, OpenVINO returns as if all were well, and an
# output of its own would still hold the scores of the image before.
UNWRITTEN = np.float32(np.finfo(np.float32).min)
# float32 wherever it runs: processors with bfloat16 would round to it otherwise
SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}


class OpenvinoBackend:
    """Runs an exported net, `.xml` or `.onnx`, on images of any size.

    One graph of open sizes serves them all: compiled for a fixed size it is no faster
    (docs/benchmarks.md). Pixels go in as they are; the graph turns them into floats.

    Attributes:
        header: of the model.
        place: the device, by OpenVINO's name in lower case.
        threads: of one pass on the processor; 0 on other devices.

    Raises:
        MissingExtraError: openvino is not installed.
        ModelError: the file is damaged, or none of this program.
        SettingsError: OpenVINO sees no such device.
    """

    name = "openvino"

    def __init__(self, path: Path, device: str | None = None, threads: int | None = None) -> None:
        self.header, self.place = read_header(path), (device or "cpu").lower()
        self._compiled = _compile(path, device, threads)
        known = self.place == "cpu"
        own = threads or int(self._compiled.get_property("INFERENCE_NUM_THREADS"))
        self.threads = own if known else 0
        self._own = threading.local()

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        """Logits, then offsets, of every window.

        RGB `(n, h, w, 3)` to float32 `(n, header.channels, rows, cols)`.

        Raises:
            MemoryError: memory ran out.
        """
        from openvino import Tensor

        request, maps = self._request(), np.full(self._shape(images), UNWRITTEN)
        request.set_output_tensor(Tensor(maps, shared_memory=True))
        with telling_memory(RuntimeError):
            request.infer([np.ascontiguousarray(images)])
        if (maps == UNWRITTEN).any():
            raise MemoryError("openvino wrote no scores")
        return maps

    def _shape(self, images: Pixels) -> tuple[int, ...]:
        (crop_h, crop_w), (stride_h, stride_w) = self.header.crop_hw, self.header.stride_hw
        count, height, width, _ = images.shape
        rows, cols = (height - crop_h) // stride_h + 1, (width - crop_w) // stride_w + 1
        return count, self.header.channels, rows, cols

    def _request(self) -> Any:
        """One a thread, since a request holds the memory of one pass."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        return self._own.request


def _compile(path: Path, device: str | None, threads: int | None) -> Any:
    try:
        import openvino
    except ImportError:
        raise MissingExtraError("openvino", "openvino") from None
    core = openvino.Core()
    try:
        graph = _taking_pixels(core.read_model(path))
    except RuntimeError as error:
        raise ModelError(f"{path}: openvino cannot read it: {_reason(error)}") from None
    try:
        return core.compile_model(graph, (device or "CPU").upper(), {**SETTINGS, **_limit(threads)})
    except RuntimeError as error:
        seen = ", ".join(core.available_devices)
        raise SettingsError(
            f"device '{device}' cannot be used: openvino sees {seen}: {_reason(error)}"
        ) from None


def _limit(threads: int | None) -> dict[str, int]:
    """What lets one pass have so many threads, and as many passes be at once as cores allow."""
    if threads is None:
        return {}
    streams = max(1, available_cores() // threads)
    return {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams * threads}


def _taking_pixels(graph: Any) -> Any:
    """The graph behind a conversion from uint8 `(n, h, w, 3)` to float32 `(n, 3, h, w)`."""
    from openvino import Layout, PartialShape, Type
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(graph)
    images = steps.input()
    images.tensor().set_element_type(Type.u8).set_layout(Layout("NHWC"))
    images.tensor().set_shape(PartialShape([-1, -1, -1, 3]))
    images.model().set_layout(Layout("NCHW"))
    return steps.build()


def _reason(error: Exception) -> str:
    """The reason, without the places in OpenVINO's own code that lead to it."""
    lines = [line for line in str(error).splitlines() if line and "Exception from" not in line]
    return one_line(lines[0] if lines else error)
