"""The model file: weights as safetensors, and a JSON header that describes them.

A digest of both tells a flipped bit, which would else give other boxes without a word.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from fcn_detect.errors import ModelError, SettingsError, one_line
from fcn_detect.files import write_atomically
from fcn_detect.headers import EXPORTED_SUFFIXES, HEADER_KEY, METADATA_READERS, read_header
from fcn_detect.nets.normalize import normalisation_of
from fcn_detect.nets.zoo import build_net
from fcn_detect.results import ModelHeader

DIGEST_KEY = "fcn_detect_sha256"


def save_model(path: Path, header: ModelHeader, classifier: nn.Module) -> None:
    """Writes the classifier's weights and its header to one file, beside and renamed into place.

    The header in the file says how the classifier normalises pixels.
    """
    header = header.model_copy(update={"normalisation": normalisation_of(classifier)})
    weights = {name: t.detach().cpu().contiguous() for name, t in classifier.state_dict().items()}
    text = header.model_dump_json()
    texts = {HEADER_KEY: text, DIGEST_KEY: _digest(text, weights)}
    write_atomically(path, _in_order(safetensors.torch.save(weights, texts)))


def load_model(path: Path) -> tuple[ModelHeader, nn.Module]:
    """The header of a model file and its classifier, in eval mode.

    Raises:
        ModelError: the file is missing or damaged, it is not what its digest says (files of old
            have none), its weights do not fit its header or are no finite numbers, or it was
            exported and holds no classifier.
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
        raise ModelError(f"{path}: not a readable .safetensors file: {one_line(error)}") from None
    if broken := [name for name, values in weights.items() if not values.isfinite().all()]:
        raise ModelError(
            f"{path}: the weights '{broken[0]}' hold NaN or infinite values; train again"
        )
    texts = METADATA_READERS[".safetensors"](path)
    if texts.get(DIGEST_KEY, (found := _digest(texts[HEADER_KEY], weights))) != found:
        raise ModelError(f"{path}: damaged: it is not what its digest says; copy it again")
    try:
        shapes = {name: values.to("meta") for name, values in weights.items()}
        with torch.device("meta"):  # no memory yet: a hostile header may ask for any
            build_net(header.net, header.crop_hw, header.channels).load_state_dict(shapes)
        classifier = build_net(header.net, header.crop_hw, header.channels)
        classifier.load_state_dict(weights)
    except (SettingsError, RuntimeError) as error:
        raise ModelError(
            f"{path}: the weights do not fit a '{header.net}' net: {one_line(error)}"
        ) from None
    return header, classifier.eval()


def _in_order(data: bytes) -> bytes:
    """The same file with its texts sorted, which come in any order, so that files compare."""
    end = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:end])
    head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[end:]


def _digest(header: str, weights: Mapping[str, Tensor]) -> str:
    """SHA-256, hexadecimal, of a header and of weights by name."""
    digest = hashlib.sha256(header.encode())
    for name, values in sorted(weights.items()):
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
