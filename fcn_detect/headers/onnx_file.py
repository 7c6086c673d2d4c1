"""The texts in the `metadata_props` of an ONNX file.

An ONNX file is one protocol-buffer message, a row of fields: a number with the field's tag and
kind, then its content. Only field 14 is read; the graph, field 7, is stepped over.

Source: onnx/onnx.proto, messages ModelProto and StringStringEntryProto; protobuf's "Encoding".
"""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from fcn_detect.bounded import allowed, open_regular, too_large
from fcn_detect.errors import ModelError

METADATA_FIELD = 14
MAX_BYTES = 16_000_000
KEY_FIELD, VALUE_FIELD = 1, 2
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED_SIZES = {FIXED64: 8, FIXED32: 4}


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """The file's texts by name.

    Raises:
        ModelError: it is no readable file of this kind.
        FileNotFoundError: there is none.
    """
    try:
        with open_regular(path) as file:
            entries = [_entry(content) for content in _fields(file, METADATA_FIELD)]
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not a readable ONNX file: {error}") from None
    return dict(entries)


def _entry(message: bytes) -> tuple[str, str]:
    """The key and the value of one StringStringEntryProto."""
    key, value = (
        b"".join(_fields(BytesIO(message), number)).decode() for number in (KEY_FIELD, VALUE_FIELD)
    )
    return key, value


def _fields(file: IO[bytes], wanted: int) -> Iterator[bytes]:
    """The contents of the fields of one number, of those that hold bytes."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    while file.tell() < end:
        tag = _varint(file)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            _varint(file)
            continue
        if number == 0 or kind not in (BYTES, *FIXED_SIZES):
            raise ValueError(f"field {number} of kind {kind} at byte {file.tell()}")
        size = FIXED_SIZES.get(kind) or _varint(file)
        if file.tell() + size > end:
            raise ValueError(f"it ends within field {number}")
        if number == wanted and kind == BYTES:
            if size > (limit := allowed(MAX_BYTES)):
                raise too_large(limit)
            yield file.read(size)
        else:
            file.seek(size, os.SEEK_CUR)


def _varint(file: IO[bytes]) -> int:
    """A number of 7 bits a byte, the lowest first; the highest bit says that more follow."""
    value, shift = 0, 0
    while True:
        byte = file.read(1)
        if not byte or shift > 63:
            raise ValueError("it ends within a number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
