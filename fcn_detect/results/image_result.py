"""One image's outcome: detections or a failure, never both, never neither."""

from dataclasses import dataclass

from fcn_detect.results.detections import Detections

FAILURE_KINDS = {
    "empty": "the file has no bytes",
    "not_an_image": "the file's content is not an image",
    "truncated": "the file ends before the picture does",
    "corrupt": "the decoder found damaged data",
    "unreadable": "the file cannot be opened",
    "unsupported_pixels": "the pixels have no defined meaning as colours",
    "needs_plugin": "an optional decoder is not installed",
    "too_small": "no window fits at the largest enlargement allowed",
    "too_large": "the picture has more pixels than are allowed",
    "timeout": "the image took longer than allowed",
    "out_of_memory": "memory ran out while this image was worked on",
    "crashed": "the process that worked on this image died",
}


@dataclass(frozen=True)
class Failure:
    """Why an image has no detections.

    Raises:
        ValueError: `kind` is not a key of `FAILURE_KINDS`.
    """

    kind: str
    message: str

    def __post_init__(self) -> None:
        if self.kind not in FAILURE_KINDS:
            raise ValueError(f"failure kind '{self.kind}' is not one of {sorted(FAILURE_KINDS)}")

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


@dataclass(frozen=True)
class VideoFrame:
    """Which frame of a video an image is.

    Attributes:
        number: from 0 on, in the order in which frames are shown; lost ones count.
        time_s: seconds since the video began, as its container says.
        arrived_s: seconds since 1970 at which a stream gave it; None: it is of a clip.

    Raises:
        ValueError: the number is below 0.
    """

    number: int
    time_s: float
    arrived_s: float | None = None

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError(f"frames are numbered from 0 on, not from {self.number}")


@dataclass(frozen=True)
class ImageResult:
    """One image's outcome.

    Attributes:
        image: the path by which the user knows the image, with forward slashes.
        width: pixels, as a viewer shows the image; None when it could not be read.
        height: likewise.
        detections: what was found; None when the image failed.
        failure: why the image failed; None when it did not.
        warnings: what the user should know although the image was searched.
        video: the frame of a video that it is; None: it is a photo, or a whole clip that failed.

    Raises:
        ValueError: both or neither of `detections` and `failure` are given.
    """

    image: str
    width: int | None
    height: int | None
    detections: Detections | None
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    video: VideoFrame | None = None

    def __post_init__(self) -> None:
        if (self.detections is None) == (self.failure is None):
            raise ValueError(f"{self.image}: a result has detections or a failure, one of the two")

    @property
    def found(self) -> Detections:
        """What was found; nothing when the image failed."""
        return self.detections or Detections.empty()
