"""Two runs of the same images, walked through together."""

from collections.abc import Iterator

from fcn_detect.results import ImageResult


class SideBySide:
    """The records of one run, each with that of the same image in another run.

    Iterates over pairs; the second is None where the other run has no such image. Both streams
    are sorted by image, and only two records are held.

    Attributes:
        only_second: images, so far, that only the other run has.
    """

    def __init__(self, first: Iterator[ImageResult], second: Iterator[ImageResult] | None) -> None:
        self._first, self._second = first, iter(()) if second is None else second
        self.only_second = 0

    def __iter__(self) -> Iterator[tuple[ImageResult, ImageResult | None]]:
        waiting = next(self._second, None)
        for result in self._first:
            while waiting is not None and waiting.image < result.image:
                self.only_second += 1
                waiting = next(self._second, None)
            if waiting is not None and waiting.image == result.image:
                yield result, waiting
                waiting = next(self._second, None)
            else:
                yield result, None
        self.only_second += (waiting is not None) + sum(1 for _ in self._second)
