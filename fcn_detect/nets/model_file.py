"""The model file: weights as safetensors, and a JSON header that describes them."""

from pathlib import Path

import safetensors
import safetensors.torch
from torch import nn

from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.files import write_atomically
from fcn_detect.headers import EXPORTED_SUFFIXES, HEADER_KEY, read_header
from fcn_detect.nets.zoo import build_net
from fcn_detect.results import ModelHeader


def save_model(path: Path, header: ModelHeader, classifier: nn.Module) -> None:
    """Writes the classifier's weights and its header to one file, beside and renamed into place."""
    weights = {name: t.detach().cpu().contiguous() for name, t in classifier.state_dict().items()}
    data = safetensors.torch.save(weights, {HEADER_KEY: header.model_dump_json()})
    write_atomically(path, data)


def load_model(path: Path) -> tuple[ModelHeader, nn.Module]:
    """The header of a model file and its classifier, in eval mode.

    Raises:
        ModelError: the file is missing or damaged, its weights do not fit its header or are no
            finite numbers, or it was exported and holds no classifier.
    """
    if path.suffix.lower() in EXPORTED_SUFFIXES:
        raise ModelError(
            f"{path}: an exported network, which holds no crop classifier; give the .safetensors "
            "file that it was made from"
        )
    header = read_header(path)
    try:
        weights = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        reason = _first_line(error)
        raise ModelError(f"{path}: not a readable .safetensors file: {reason}") from None
    if broken := [name for name, values in weights.items() if not values.isfinite().all()]:
        raise ModelError(
            f"{path}: the weights '{broken[0]}' hold NaN or infinite values; train again"
        )
    try:
        classifier = build_net(header.net, header.crop_hw, header.channels)
        classifier.load_state_dict(weights)
    except (SettingsError, RuntimeError) as error:
        raise ModelError(
            f"{path}: the weights do not fit a '{header.net}' net: {_first_line(error)}"
        ) from None
    return header, classifier.eval()


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
