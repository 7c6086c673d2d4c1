"""What the processes that decode say to the one that searches."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Started:
    """The process has started, and opens a stream."""


@dataclass(frozen=True)
class Opened:
    """A clip has been opened.

    Attributes:
        frames: that its container announces; 0 where it does not.
        rate: frames per second, on average; 0 where it is not known.
    """

    frames: int
    rate: float


@dataclass(frozen=True)
class Coming:
    """A frame, whose bytes follow.

    Attributes:
        number: from 0 on.
        time_s: of its container.
        arrived_s: seconds since 1970 at which it was decoded.
        shape: of its pixels.
        complaints: what FFmpeg has said since the frame before.
    """

    number: int
    time_s: float
    arrived_s: float
    shape: tuple[int, int, int]
    complaints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ended:
    """The end of a video; what FFmpeg said last, and what was lost.

    Attributes:
        frames: that were decoded or lost.
        lost: frames of those that could not be decoded.
        complaints: likewise.
    """

    frames: int = 0
    lost: int = 0
    complaints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A video that gives no frame, or no further one: a failure's kind and message."""

    kind: str
    message: str
