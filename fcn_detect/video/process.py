"""A process that decodes, and the pipe to it."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.processes import ChildProcess
from fcn_detect.video.messages import Coming


class DecodingProcess(ChildProcess):
    """Runs a function of `fcn_detect.video.decoding`; use it as a context manager."""

    def pixels(self, coming: Coming) -> NDArray[np.uint8]:
        """The bytes of a frame that was announced, RGB uint8 `(h, w, 3)`.

        Raises:
            EOFError: the process has died.
            OSError: likewise.
        """
        pixels = np.empty(coming.shape, np.uint8)
        self.connection.recv_bytes_into(pixels.reshape(-1).data)
        return pixels
