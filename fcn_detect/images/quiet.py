"""Pillow's Python warnings, turned into values; what it logs is in its errors too."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from fcn_detect.errors import one_line

# without a handler, Python would print the log on standard error
logging.getLogger("PIL").addHandler(logging.NullHandler())

# Python keeps one list of warning filters for all threads
_FILTERS = threading.RLock()


@contextmanager
def caught_warnings() -> Iterator[list[str]]:
    """A list that holds, once the block has ended, what Pillow warned of: one line each, once.

    Warnings for programmers and those about large pictures are dropped. One thread at a time
    can be in the block, so it should not hold the decoding of pixels.
    """
    messages: list[str] = []
    with _FILTERS, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield messages
        finally:
            lines = (one_line(item.message) for item in caught if item.category is UserWarning)
            messages.extend(dict.fromkeys(lines))
