"""The header of a model file of any kind, by the ending of its name."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pydantic

from fcn_detect.errors import ModelError, first_misfit
from fcn_detect.headers.exported import EXPORT_KEY, ExportedNet
from fcn_detect.headers.onnx_file import read_onnx_metadata
from fcn_detect.headers.openvino_file import read_openvino_metadata
from fcn_detect.headers.safetensors_file import read_safetensors_metadata
from fcn_detect.results import ModelHeader

HEADER_KEY = "fcn_detect"

# Each reads a file's texts by key; raises ModelError where the file is not of its kind.
METADATA_READERS: dict[str, Callable[[Path], dict[str, str]]] = {
    ".safetensors": read_safetensors_metadata,
    ".onnx": read_onnx_metadata,
    ".xml": read_openvino_metadata,
}
EXPORTED_SUFFIXES = (".onnx", ".xml")

_Model = TypeVar("_Model", bound=pydantic.BaseModel)


def read_header(path: Path) -> ModelHeader:
    """The header of a model file, or of an exported one.

    Raises:
        ModelError: the file is missing, damaged, or no model of this program.
    """
    return _parsed(path, HEADER_KEY, ModelHeader)


def read_export(path: Path) -> ExportedNet:
    """The geometry that an exported file carries; raises as `read_header` does."""
    return _parsed(path, EXPORT_KEY, ExportedNet)


def _parsed(path: Path, key: str, kind: type[_Model]) -> _Model:
    # a file of any other name is taken for weights, as it always was
    read = METADATA_READERS.get(path.suffix.lower(), read_safetensors_metadata)
    try:
        metadata = read(path)
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such model file") from None
    if key not in metadata:
        raise ModelError(f"{path}: {_nothing_of_ours(path)}")
    try:
        return kind.model_validate_json(metadata[key])
    except pydantic.ValidationError as error:
        raise ModelError(f"{path}: damaged header: {first_misfit(error, 'header')}") from None


def _nothing_of_ours(path: Path) -> str:
    if path.suffix.lower() in EXPORTED_SUFFIXES:
        return (
            "this network carries no fcn_detect header; such files are written by "
            "`fcn-detect export`"
        )
    return "these weights carry no fcn_detect header; models are written by `fcn-detect train`"
