"""A model file, given to the runtime that shall run it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from fcn_detect.backends import shipped
from fcn_detect.backends.base import Backend
from fcn_detect.backends.export_cache import cached_export
from fcn_detect.backends.probing import checked
from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.headers import EXPORTED_SUFFIXES, read_header
from fcn_detect.results import TOLERANCE, relative_difference

Opener = Callable[[Path, str | None], Backend]


def open_torch(
    path: Path,
    device: str | None,
    stride: int | None,
    threads: int | None = None,
    precision: str = "float32",
) -> Backend:
    """A model file in PyTorch."""
    from fcn_detect.backends.torch_backend import TorchBackend
    from fcn_detect.nets import load_model

    header, classifier = load_model(path)
    return TorchBackend(header, classifier, device, stride, threads, precision)


def open_openvino(
    path: Path, device: str | None, stride: int | None, threads: int | None = None
) -> Backend:
    """An exported file, or a model file by way of the cache, in OpenVINO."""
    from fcn_detect.backends.openvino_backend import OpenvinoBackend

    opener = partial(OpenvinoBackend, threads=threads)
    return _open_exported(path, device, stride, opener, ".xml", "openvino")


def open_onnxruntime(
    path: Path, device: str | None, stride: int | None, threads: int | None = None
) -> Backend:
    """An exported file, or a model file by way of the cache, in ONNX Runtime."""
    from fcn_detect.backends.onnxruntime_backend import OnnxruntimeBackend

    opener = partial(OnnxruntimeBackend, threads=threads)
    return _open_exported(path, device, stride, opener, ".onnx", "onnxruntime")


def _open_exported(
    path: Path, device: str | None, stride: int | None, opener: Opener, suffix: str, library: str
) -> Backend:
    if path.suffix.lower() in EXPORTED_SUFFIXES:
        check_stride(path, stride)
        return checked(opener(path, device), path)

    read_header(path)  # says what is wrong with a file that is no model

    def write(exported: Path) -> None:
        _export(path, exported, stride)
        _check(opener(exported, "cpu"), path, stride)

    with cached_export(path, suffix, stride, library, write) as exported:
        return checked(opener(exported, device), exported)


def check_stride(path: Path, stride: int | None) -> None:
    """Nothing, if an exported file has this stride, or none is asked for.

    Raises:
        SettingsError: it has another.
    """
    own_hw = read_header(path).stride_hw
    if stride is not None and own_hw != (stride, stride):
        raise SettingsError(
            f"--stride {stride}: {path} was exported with a stride of {own_hw[0]}; export the "
            f"model again with `fcn-detect export --stride {stride}`"
        )


def _export(model: Path, exported: Path, stride: int | None) -> None:
    """Writes the exported file; only here is torch needed."""
    try:
        from fcn_detect.nets import load_model
        from fcn_detect.nets.graph_files import convert_model, write_graph
    except ImportError as error:
        if error.name not in ("torch", "safetensors"):
            raise
        raise _missing_export(model, exported.suffix) from None
    write_graph(convert_model(*load_model(model), stride, model.name), exported)


def _check(backend: Backend, model: Path, stride: int | None) -> None:
    """Nothing, if a new export gives on noise what torch gives.

    Raises:
        ModelError: it does not.
    """
    (crop_h, crop_w), (step_h, step_w) = backend.header.crop_hw, backend.header.stride_hw
    shape = (1, crop_h + 2 * step_h + 1, crop_w + 3 * step_w + 1, 3)
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    true, maps = open_torch(model, "cpu", stride).maps(noise), backend.maps(noise)
    far = relative_difference(maps, true)
    if not far <= TOLERANCE:  # no number is no equality
        raise ModelError(
            f"{model}: exported for {backend.name} it differs from PyTorch by {far:.1e}, more "
            f"than {TOLERANCE:g}; use --backend torch"
        )


def _missing_export(model: Path, suffix: str) -> ModelError:
    """What to say of a model file where there is neither torch nor an exported file of it."""
    kind = {".xml": "openvino", ".onnx": "onnx"}[suffix]
    name = model.stem if model.parent == shipped.FOLDER else model
    return ModelError(
        f"{name}: PyTorch is not installed, and the model was not exported here before; give "
        f"-m {model.stem}{suffix}, made where PyTorch is installed by: "
        f"fcn-detect export -m {name} --to {kind} -o {model.stem}{suffix}"
    )
