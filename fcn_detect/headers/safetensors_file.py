"""The texts at the head of a .safetensors file.

Source: the format's description in the safetensors package: 8 bytes with the length of a JSON
object, little-endian, then that object, whose `__metadata__` maps names to texts.
"""

import json
import os
from pathlib import Path

from fcn_detect.bounded import allowed, open_regular, too_large
from fcn_detect.errors import ModelError, one_line

MAX_BYTES = 16_000_000


def read_safetensors_metadata(path: Path) -> dict[str, str]:
    """The file's texts by name.

    Raises:
        ModelError: it is no readable file of this kind.
        FileNotFoundError: there is none.
    """
    try:
        with open_regular(path) as file:
            length = int.from_bytes(file.read(8), "little")
            if length > (limit := allowed(MAX_BYTES)):
                if length > os.fstat(file.fileno()).st_size:
                    raise ValueError("it does not begin as such a file does")
                raise ValueError(f"its header has {length:,} bytes, {too_large(limit)}")
            text = file.read(length)
        if len(text) < length:
            raise ValueError("it ends within its header")
        metadata = json.loads(text).get("__metadata__", {})
        return {str(key): str(value) for key, value in metadata.items()}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path}: not a readable .safetensors file: {one_line(error)}") from None
