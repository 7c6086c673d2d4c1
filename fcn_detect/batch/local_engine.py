"""The engine of one machine: processes prepare images, one network searches them.

Processes read, resize and pack; the calling thread, or some beside it, run the network; another
makes boxes of its maps.
"""

import functools
import logging
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock
from typing import TypeVar

from fcn_detect.batch.decoders import DecoderPool, FileAnswer
from fcn_detect.batch.grouping import in_groups
from fcn_detect.batch.huge_files import store_apart
from fcn_detect.batch.job import BatchJob
from fcn_detect.batch.machine import Machine
from fcn_detect.detect import Detector, failure_of
from fcn_detect.errors import ImageError
from fcn_detect.images import Place, PreparedImage
from fcn_detect.processes import available_cores
from fcn_detect.results import Failure, ImageResult

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# Images whose boxes may wait while the network runs on.
IMAGES_BEHIND = 2


class LocalEngine:
    """Searches images on this machine; its processes start with the first search.

    Attributes:
        machine: what its network runs on.
    """

    def __init__(self, job: BatchJob, detector: Detector) -> None:
        self.machine = Machine.of(detector.backend)
        self._job, self._detector = job, detector
        self._stack = ExitStack()
        self._pool: DecoderPool | None = None
        self._thread = self._stack.enter_context(ThreadPoolExecutor(1))
        self._networks: ThreadPoolExecutor | None = None
        if job.networks > 1:
            self._networks = self._stack.enter_context(ThreadPoolExecutor(job.networks))
        self._huge = Lock()

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def search(
        self, names: Iterable[str], count: int | None = None
    ) -> Iterator[tuple[ImageResult, Machine]]:
        """Each image's record, in the order in which they are prepared."""
        pool, on_the_way = self._pool or self._start(count), dict[Place, str]()
        together = self._detector.settings.images_per_pass
        behind = IMAGES_BEHIND + (self._job.networks if self._networks else 0)
        waiting: deque[Future[list[Future[ImageResult]]]] = deque()

        def paths() -> Iterator[Place]:
            for name in names:
                path = self._job.folder / name
                on_the_way[path] = name
                yield path

        for group in in_groups(pool.prepare(paths()), together):
            waiting.append(self._begin([on_the_way.pop(answer.path) for answer in group], group))
            while len(waiting) > behind or (waiting and _is_done(waiting[0])):
                yield from self._records(waiting.popleft())
        for group_records in waiting:
            yield from self._records(group_records)

    def _records(
        self, group: Future[list[Future[ImageResult]]]
    ) -> Iterator[tuple[ImageResult, Machine]]:
        yield from ((record.result(), self.machine) for record in group.result())

    def _start(self, count: int | None) -> DecoderPool:
        workers = self._job.workers or available_cores()
        if count is not None:
            workers = max(1, min(workers, count))
        pool = DecoderPool(workers, self._job.timeout_s, self._detector.preparation)
        self._pool = self._stack.enter_context(pool)
        return pool

    def _begin(
        self, names: list[str], group: list[FileAnswer]
    ) -> Future[list[Future[ImageResult]]]:
        """The search of images of one form, here and now where there is one network."""
        if self._networks is None:
            return _made(self._search(names, group))
        return self._networks.submit(self._search, names, group)

    def _search(self, names: list[str], group: list[FileAnswer]) -> list[Future[ImageResult]]:
        """Runs the network on prepared images of one form; their records will come of the thread.

        Whatever goes wrong becomes a failure: no image may end a run.
        """
        ready = [answer.prepared for answer in group if answer.prepared is not None]
        if not ready:
            return [
                _made(ImageResult(name, None, None, None, answer.failure))
                for name, answer in zip(names, group, strict=True)
            ]
        try:
            if ready[0].canvases is None and self._detector.in_tiles(ready[0].image_hw):
                with self._huge:  # several would fill the disk
                    return [
                        _made(self._search_huge(*one)) for one in zip(names, group, strict=True)
                    ]
            wait = functools.cache(self._detector.start(ready))
        except Exception as error:
            return [_made(_failed(*one, error)) for one in zip(names, ready, strict=True)]

        def find(i: int) -> ImageResult:
            try:
                return self._detector.prepared_result(names[i], ready[i], wait()[i])
            except Exception as error:
                return _failed(names[i], ready[i], error)

        return [self._thread.submit(find, i) for i in range(len(ready))]

    def _search_huge(self, name: str, file: FileAnswer) -> ImageResult:
        store = functools.partial(store_apart, limit_s=self._job.timeout_s)
        return self._detector.result(file.path, name, store=store)[0]


def _made(result: Result) -> Future[Result]:
    future: Future[Result] = Future()
    future.set_result(result)
    return future


def _is_done(group: Future[list[Future[ImageResult]]]) -> bool:
    return group.done() and all(record.done() for record in group.result())


def _failed(name: str, prepared: PreparedImage, error: Exception) -> ImageResult:
    """The record of an image on which the search failed."""
    height, width = prepared.image_hw
    return ImageResult(name, width, height, None, _failure(name, error), prepared.warnings)


def _failure(name: str, error: Exception) -> Failure:
    if isinstance(error, ImageError | MemoryError):
        return failure_of(error)
    log.error("%s: searching failed", name, exc_info=error)
    line = traceback.format_exception_only(error)[-1].strip().replace("\n", " ")
    return Failure("crashed", line[:500])
