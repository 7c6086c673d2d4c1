"""A device without memory: one error for all that torch says then."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# What cuDNN, cuBLAS, drivers and processors say, in lower case.
SHORTAGE = ("out of memory", "alloc_failed", "not enough memory", "can't allocate memory")


@contextmanager
def memory_errors() -> Iterator[None]:
    """Within it, running out of memory raises `MemoryError`, whatever the device.

    Raises:
        MemoryError: in place of torch's errors of that kind.
    """
    try:
        yield
    except RuntimeError as error:
        text = str(error).strip()
        is_shortage = isinstance(error, torch.OutOfMemoryError)
        if is_shortage or any(words in text.lower() for words in SHORTAGE):
            raise MemoryError(text.partition("\n")[0][:300]) from None
        raise
