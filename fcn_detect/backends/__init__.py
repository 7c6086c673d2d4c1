"""Whatever runs the converted net: one file a runtime, one protocol, one table."""

from collections.abc import Callable
from pathlib import Path

from fcn_detect.backends.base import Backend, CropClassifier, Pixels
from fcn_detect.backends.shipped import find_model
from fcn_detect.errors import SettingsError

__all__ = ["BACKENDS", "Backend", "CropClassifier", "Pixels", "find_model", "open_backend"]


def _open_torch(path: Path, device: str | None, stride: int | None) -> Backend:
    from fcn_detect.backends.torch_backend import TorchBackend
    from fcn_detect.nets import load_model

    return TorchBackend(*load_model(path), device=device, stride=stride)


# Each opens a model file on a device, with a stride; the runtime is imported only then.
BACKENDS: dict[str, Callable[[Path, str | None, int | None], Backend]] = {"torch": _open_torch}


def open_backend(
    model: str | Path,
    backend: str = "auto",
    device: str | None = None,
    stride: int | None = None,
) -> Backend:
    """A backend that runs a model.

    Args:
        model: a model file's path, or the name of a shipped model.
        backend: a key of `BACKENDS`, or `auto`.
        device: as the runtime names it; None means its best.
        stride: pixels between windows; None means the net's own.

    Raises:
        SettingsError: there is no such backend or device.
        ConversionError: the net allows no such stride.
        ModelError: there is no such model, or its file is damaged.
    """
    if backend not in ("auto", *BACKENDS):
        raise SettingsError(
            f"no backend is called '{backend}'; there are auto, {', '.join(BACKENDS)}"
        )
    return BACKENDS["torch" if backend == "auto" else backend](find_model(model), device, stride)
