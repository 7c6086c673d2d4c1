"""The model file: weights as safetensors, and a JSON header that describes them."""

import json
from pathlib import Path

import pydantic
import safetensors
import safetensors.torch
from torch import nn

from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.files import write_atomically
from fcn_detect.nets.zoo import build_net
from fcn_detect.results import ModelHeader

HEADER_KEY = "fcn_detect"


def save_model(path: Path, header: ModelHeader, classifier: nn.Module) -> None:
    """Writes the classifier's weights and its header to one file, beside and renamed into place."""
    weights = {name: t.detach().cpu().contiguous() for name, t in classifier.state_dict().items()}
    data = safetensors.torch.save(weights, {HEADER_KEY: header.model_dump_json()})
    write_atomically(path, data)


def read_header(path: Path) -> ModelHeader:
    """The header of a model file.

    Raises:
        ModelError: the file is missing, damaged, or no model of this program.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such model file") from None
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path}: not a readable .safetensors file: {error}") from None
    if HEADER_KEY not in metadata:
        raise ModelError(
            f"{path}: these weights carry no fcn_detect header; models are written by "
            "`fcn-detect train`"
        )
    try:
        return ModelHeader.model_validate_json(metadata[HEADER_KEY])
    except (pydantic.ValidationError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: damaged header: {_first_line(error)}") from None


def load_model(path: Path) -> tuple[ModelHeader, nn.Module]:
    """The header of a model file and its classifier, in eval mode.

    Raises:
        ModelError: the file is missing or damaged, or its weights do not fit its header.
    """
    header = read_header(path)
    try:
        classifier = build_net(header.net, header.crop_hw, header.channels)
        classifier.load_state_dict(safetensors.torch.load_file(path))
    except (SettingsError, RuntimeError, safetensors.SafetensorError) as error:
        raise ModelError(
            f"{path}: the weights do not fit a '{header.net}' net: {_first_line(error)}"
        ) from None
    return header, classifier.eval()


def _first_line(error: Exception) -> str:
    if isinstance(error, pydantic.ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return " ".join(str(error).split())[:300]
