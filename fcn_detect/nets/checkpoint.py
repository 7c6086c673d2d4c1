"""Weights that another program has saved: tensors by name, and nothing that could run."""

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from fcn_detect.errors import ModelError, one_line

# Where training programs put the weights inside what they save, and what wrappers put before names.
INNER_NAMES = ("state_dict", "model_state_dict", "model", "net", "weights")
WRAPPERS = ("module.", "_orig_mod.", "model.", "net.")

# What PyTorch's and safetensors' readers let out when a file is damaged.
READER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    safetensors.SafetensorError,
    struct.error,
)

Weights = dict[str, Tensor]


def read_checkpoint(path: Path) -> Weights:
    """The weights in a `.safetensors` file, or in what `torch.save(net.state_dict(), path)` wrote.

    They may lie one level deeper, as training programs save them, and all names may start with the
    name of a wrapper; it is taken off.

    Raises:
        ModelError: the file is missing or damaged, or holds more than tensors: it is never run.
    """
    try:
        found = _load(path)
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such checkpoint") from None
    except pickle.UnpicklingError:
        raise ModelError(
            f"{path}: it holds more than weights, and loading it would run code; save "
            "net.state_dict() with torch.save, or with safetensors"
        ) from None
    except READER_ERRORS as error:
        raise ModelError(
            f"{path}: not a readable checkpoint of torch.save or safetensors: {one_line(error)}"
        ) from None
    return _without_wrappers(_tensors(path, found))


def _load(path: Path) -> Any:
    if path.suffix.lower() == ".safetensors":
        return safetensors.torch.load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _tensors(path: Path, found: Any) -> Weights:
    """The mapping from names to tensors, wherever it lies."""
    inner = [found] if not isinstance(found, Mapping) else [found, *map(found.get, INNER_NAMES)]
    for one in inner:
        if isinstance(one, Mapping) and one and all(isinstance(v, Tensor) for v in one.values()):
            return dict(one)
    holds = ", ".join(map(str, list(found)[:5])) if isinstance(found, Mapping) else type(found)
    raise ModelError(f"{path}: no tensors by name, but {holds}; save net.state_dict()")


def _without_wrappers(weights: Weights) -> Weights:
    for prefix in WRAPPERS:
        if all(name.startswith(prefix) for name in weights):
            return _without_wrappers({n.removeprefix(prefix): w for n, w in weights.items()})
    return weights
