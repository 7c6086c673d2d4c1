"""A clip, frame by frame: what `Detector.result` is for photos."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.detect.detector import Detector, failure_of
from fcn_detect.detect.search import Search
from fcn_detect.detect.streaming import TiledSearch
from fcn_detect.errors import ImageError
from fcn_detect.images import Place, container, local_file
from fcn_detect.results import ImageResult
from fcn_detect.video import ClipReader, frame_name

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SearchedFrame:
    """A frame that was searched.

    Attributes:
        result: its record.
        search: None where it failed.
        pixels: RGB uint8, `(h, w, 3)`.
    """

    result: ImageResult
    search: Search | TiledSearch | None
    pixels: NDArray[np.uint8]


class ClipSearch:
    """Searches a clip's frames, every `detect.frame_stride`-th; use it as a context manager.

    Attributes:
        name: what records call the clip; its frames are below.
        failure: the clip's own record, once it is known that it cannot be opened, is damaged or
            ends early; None where there is nothing to say.
        expected: frames that will be searched, as the container says; 0 where it does not.
        rate: frames searched per second of the clip; 0 where it is not known.
    """

    def __init__(self, detector: Detector, place: Place, *, heat: bool = False) -> None:
        """Opens a clip.

        Args:
            detector: what searches.
            place: of the clip.
            heat: whether frames searched in tiles keep a heat map.
        """
        self.name = place.as_posix()
        self.failure: ImageResult | None = None
        self.expected, self.rate = 0, 0.0
        self._detector, self._heat = detector, heat
        self._reader: ClipReader | None = None
        self._stack = ExitStack()
        try:
            self._open(place)
        except ImageError as error:
            self._fail(error)

    def __enter__(self) -> "ClipSearch":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[SearchedFrame]:
        """The frames, as far as there are any; `failure` is set afterwards."""
        if self._reader is None:
            return
        try:
            for frame in self._reader.frames():
                name = f"{self.name}/{frame_name(frame.video.number)}"
                result, search = self._detector.frame_result(frame, name, heat=self._heat)
                yield SearchedFrame(result, search, frame.pixels)
        except ImageError as error:
            self._fail(error)

    def _open(self, place: Place) -> None:
        settings = self._detector.settings
        path = self._stack.enter_context(local_file(place))
        stride = settings.frame_stride
        counts = container(path) == "AVI"
        reader = ClipReader(path, stride, settings.max_pixels, counts)
        self._reader = self._stack.enter_context(reader)
        self.expected, self.rate = -(-reader.announced // stride), reader.rate / stride

    def _fail(self, error: ImageError) -> None:
        log.info("%s: %s: %s", self.name, error.kind, error)
        if error.kind != "truncated" or not self._detector.settings.allow_truncated:
            self.failure = ImageResult(self.name, None, None, None, failure_of(error))
