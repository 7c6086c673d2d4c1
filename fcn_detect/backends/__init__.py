"""Whatever runs the converted net: one file a runtime, one protocol, one table."""

import logging
from pathlib import Path

from fcn_detect.backends.base import (
    Backend,
    CropClassifier,
    FrameNetwork,
    Pixels,
    WaitForMaps,
    frame_network,
)
from fcn_detect.backends.choosing import MODEL_SUFFIX, Runtime, candidates, check_suffix
from fcn_detect.backends.mirrored import MirroredBackend, check_mirrored
from fcn_detect.backends.opening import open_onnxruntime, open_openvino, open_torch
from fcn_detect.backends.shipped import find_model
from fcn_detect.errors import (
    ConversionError,
    MissingExtraError,
    ModelError,
    SettingsError,
    did_you_mean,
)
from fcn_detect.headers import read_header

__all__ = [
    "BACKENDS",
    "Backend",
    "CropClassifier",
    "FrameNetwork",
    "MirroredBackend",
    "Pixels",
    "Runtime",
    "WaitForMaps",
    "check_mirrored",
    "find_model",
    "frame_network",
    "open_backend",
]

log = logging.getLogger(__name__)

BACKENDS = {
    "torch": Runtime(open_torch, "torch", (MODEL_SUFFIX,)),
    "onnxruntime": Runtime(open_onnxruntime, "onnxruntime", (MODEL_SUFFIX, ".onnx"), at_once=True),
    "openvino": Runtime(open_openvino, "openvino", (MODEL_SUFFIX, ".onnx", ".xml"), at_once=True),
}


def open_backend(
    model: str | Path,
    backend: str = "auto",
    device: str | None = None,
    stride: int | None = None,
    threads: int | None = None,
    precision: str = "float32",
) -> Backend:
    """A backend that runs a model.

    Args:
        model: a model file's path, an exported file's, or the name of a shipped model.
        backend: a key of `BACKENDS`, or `auto`: the fastest that is installed and runs the file.
        device: as the runtime names it; None means its best.
        stride: pixels between windows; None means the model's own, or the exported file's.
        threads: of one pass on a processor; None means as many as the runtime sees fit.
        precision: `float32`, or `bfloat16`, in which PyTorch alone computes.

    Raises:
        SettingsError: there is no such backend or device, it runs no such files or not in this
            precision, or the exported file has another stride.
        ConversionError: the net allows no such stride.
        ModelError: there is no such model, its file is damaged, or without torch it must be
            exported first.
        MissingExtraError: the backend's library is not installed.
    """
    if backend not in ("auto", *BACKENDS):
        raise SettingsError(
            f"no backend is called '{backend}'; there are auto, {', '.join(BACKENDS)}"
            f"{did_you_mean(backend, BACKENDS)}"
        )
    path = find_model(model)
    if stride is None:
        stride = read_header(path).tuned_stride
    if precision != "float32":
        check_suffix(path, "torch", BACKENDS)
        if backend not in ("auto", "torch"):
            raise SettingsError(
                f"--backend {backend} computes in float32; for {precision} use --backend torch"
            )
        return open_torch(path, device, stride, threads, precision)
    if backend == "auto":
        return _open_first(path, device, stride, threads)
    check_suffix(path, backend, BACKENDS)
    return BACKENDS[backend].open(path, device, stride, threads)


def _open_first(path: Path, device: str | None, stride: int | None, threads: int | None) -> Backend:
    """The first candidate that opens the file; none does: what the first one said."""
    reasons: dict[str, Exception] = {}
    for name in candidates(path, device, BACKENDS):
        try:
            opened = BACKENDS[name].open(path, device, stride, threads)
        except (ConversionError, MissingExtraError, ModelError, SettingsError) as error:
            reasons[name] = error
            continue
        for other, reason in reasons.items():
            log.warning("%s is not used: %s", other, reason)
        return opened
    raise next(iter(reasons.values()))
