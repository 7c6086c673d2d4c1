"""A process that decodes, and the pipe to it."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.processes import stops_held_back
from fcn_detect.video.messages import Coming

SPAWN = multiprocessing.get_context("spawn")


class DecodingProcess:
    """Runs a function of `fcn_detect.video.decoding`; use it as a context manager.

    Attributes:
        connection: to it.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        self.connection, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
        with stops_held_back():
            self._process.start()
        theirs.close()

    def __enter__(self) -> "DecodingProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._process.kill()
        self._process.join()

    @property
    def exit_code(self) -> int | None:
        """With which it has ended; None where it has not within a second."""
        self._process.join(1)
        return self._process.exitcode

    def pixels(self, coming: Coming) -> NDArray[np.uint8]:
        """The bytes of a frame that was announced, RGB uint8 `(h, w, 3)`.

        Raises:
            EOFError: the process has died.
            OSError: likewise.
        """
        pixels = np.empty(coming.shape, np.uint8)
        self.connection.recv_bytes_into(pixels.reshape(-1).data)
        return pixels
