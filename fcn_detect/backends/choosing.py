"""Which runtimes a model file can run on, and in which order `auto` tries them."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fcn_detect.backends.base import Backend
from fcn_detect.errors import SettingsError
from fcn_detect.headers import EXPORTED_SUFFIXES

MODEL_SUFFIX = ".safetensors"
# What a driver for CUDA leaves on Linux, in WSL, and for AMD's GPUs, which torch calls CUDA too.
GPU_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")


# What brings each runtime.
EXTRAS = {
    "torch": "torch torchvision safetensors",
    "onnxruntime": "'fcn-detect[onnx]'",
    "openvino": "'fcn-detect[openvino]'",
}


@dataclass(frozen=True)
class Runtime:
    """One row of `BACKENDS`.

    Attributes:
        open: opens a file on a device, with a stride, on so many threads; the library is
            imported only then.
        library: that it takes.
        suffixes: of the files that it runs.
        at_once: whether threads that call one backend on a processor have their passes at once.
    """

    open: Callable[[Path, str | None, int | None, int | None], Backend]
    library: str
    suffixes: tuple[str, ...]
    at_once: bool = False

    @property
    def installed(self) -> bool:
        """Whether its library is there; it is not imported."""
        return find_spec(self.library) is not None


def check_suffix(path: Path, name: str, runtimes: Mapping[str, Runtime]) -> None:
    """Nothing, if a runtime runs such files.

    Raises:
        SettingsError: it does not.
    """
    suffix = suffix_of(path)
    if suffix in runtimes[name].suffixes:
        return
    able = [other for other, runtime in runtimes.items() if suffix in runtime.suffixes]
    runs = " and ".join(runtimes[name].suffixes)
    raise SettingsError(
        f"--backend {name}: it runs {runs} files, and {path} is none; use --backend "
        f"{' or '.join(able)}"
    )


def candidates(path: Path, device: str | None, runtimes: Mapping[str, Runtime]) -> list[str]:
    """The runtimes that `auto` tries, the fastest first.

    On a GPU that is PyTorch, on a processor OpenVINO (docs/benchmarks.md). A device that is named
    is named as PyTorch or, for an exported file, ONNX Runtime does.

    Raises:
        SettingsError: none is installed that runs such files.
    """
    order = ["openvino", "onnxruntime", "torch"]
    on_gpu = device.lower() != "cpu" if device else suffix_of(path) == MODEL_SUFFIX and has_gpu()
    if on_gpu:
        order = ["torch"] if suffix_of(path) == MODEL_SUFFIX else ["onnxruntime", "openvino"]
    able = [name for name in order if suffix_of(path) in runtimes[name].suffixes]
    installed = [name for name in able if runtimes[name].installed]
    if not installed:
        wanted = " or ".join(EXTRAS[name] for name in able)
        raise SettingsError(
            f"{path}: nothing that runs such files is installed; pip install {wanted}"
        )
    return installed


def has_gpu() -> bool:
    """Whether PyTorch sees a GPU; it is imported only where there may be one."""
    there = any(Path(name).exists() for name in GPU_FILES) or shutil.which("nvidia-smi")
    if not there or find_spec("torch") is None:
        return False
    from fcn_detect.backends.torch_backend import pick_device

    return pick_device(None).type == "cuda"


def suffix_of(path: Path) -> str:
    """The kind of a file; a name of any other ending is taken for a model file."""
    suffix = path.suffix.lower()
    return suffix if suffix in EXPORTED_SUFFIXES else MODEL_SUFFIX
