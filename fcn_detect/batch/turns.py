"""Work that is done again and again beside the search, and may not hold it up."""

import time
from collections.abc import Callable

# Most of the time that listing may take, and writing too.
SHARE_OF_TIME = 0.05


class Turn:
    """Something that is done now and then, and takes a small share of the time."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, 0.0

    def take(self, work: Callable[[], None]) -> None:
        """Does the work, if it is time to."""
        start = time.monotonic()
        if start < self._next:
            return
        work()
        end = time.monotonic()
        self._next = end + max(self._seconds, (end - start) / SHARE_OF_TIME)
