"""A stream's newest frame, whatever happens to the stream."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fcn_detect.processes import SPAWN, START_S
from fcn_detect.results import VideoFrame
from fcn_detect.video.decoding import send_newest
from fcn_detect.video.frame import Frame
from fcn_detect.video.messages import Coming
from fcn_detect.video.process import DecodingProcess
from fcn_detect.video.source import StreamSource

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Patience:
    """How long a stream is waited for.

    Attributes:
        stall_s: seconds without a frame after which it is opened anew; a file that may grow is
            waited for without an end.
        first_pause_s: seconds before it is opened anew; twice as many each time until a frame
            comes.
        longest_pause_s: at most so many.
    """

    stall_s: float = 30.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0


class StreamReader:
    """Gives the newest frame each time, and opens the stream anew when it ends or stalls.

    Attributes:
        given: frames that were given.
        reconnects: how often the stream was opened anew.
    """

    def __init__(
        self,
        source: StreamSource,
        stopped: Callable[[], bool],
        patience: Patience,
        waiting: Callable[[], None],
        first: int = 0,
    ) -> None:
        """A reader that opens nothing yet.

        Args:
            source: what to read.
            stopped: whether to end.
            patience: with it.
            waiting: called again and again while there is no frame.
            first: number of the first frame.
        """
        self._source, self._stopped, self._patience = source, stopped, patience
        self._waiting, self._first = waiting, first
        self._arrived = SPAWN.RawValue("q", 0)
        self.given = self.reconnects = 0

    @property
    def arrived(self) -> int:
        """Frames that were decoded, given or not."""
        return int(self._arrived.value)

    def frames(self) -> Iterator[Frame]:
        """The newest frame, each time that one is asked for; ends when it is stopped."""
        pause = self._patience.first_pause_s
        while not self._stopped():
            before = self.given
            with DecodingProcess(send_newest, self._source, self._arrived) as process:
                yield from self._frames_of(process)
            if self._stopped():
                return
            if self.given > before:
                pause = self._patience.first_pause_s
            log.warning("%s: opened anew in %g s", self._source.shown, pause)
            self._sleep(pause)
            pause = min(2 * pause, self._patience.longest_pause_s)
            self.reconnects += 1

    def _frames_of(self, process: DecodingProcess) -> Iterator[Frame]:
        """Frames until the stream ends, stalls or is stopped."""
        try:
            if not self._wait(process, START_S):
                return
            process.connection.recv()
        except (EOFError, OSError):
            log.warning("%s: the decoding process died", self._source.shown)
            return
        while (frame := self._next(process)) is not None:
            self.given += 1
            yield frame

    def _next(self, process: DecodingProcess) -> Frame | None:
        try:
            process.connection.send(None)
            patient = self._source.kind == "file"
            if not self._wait(process, math.inf if patient else self._patience.stall_s):
                return None
            message = process.connection.recv()
            if not isinstance(message, Coming):
                said = "; ".join(["it ended", *message.complaints])
                log.warning("%s: %s", self._source.shown, said)
                return None
            pixels = process.pixels(message)
        except (EOFError, OSError):
            log.warning("%s: the decoding process died", self._source.shown)
            return None
        video = VideoFrame(self._first + message.number, message.time_s, message.arrived_s)
        return Frame(pixels, video, tuple(f"the decoder says: {c}" for c in message.complaints))

    def _wait(self, process: DecodingProcess, seconds: float) -> bool:
        """Whether a message has come in so many seconds, before it was stopped."""
        end = time.monotonic() + seconds
        while not process.connection.poll(SECONDS_BETWEEN_LOOKS):
            self._waiting()
            if self._stopped():
                return False
            if time.monotonic() > end:
                log.warning("%s: nothing came for %g s", self._source.shown, seconds)
                return False
        return True

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._stopped():
            self._waiting()
            time.sleep(min(SECONDS_BETWEEN_LOOKS, seconds))
