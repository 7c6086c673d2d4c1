"""A pool of decoding processes that are replaced when they die or hang."""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.images.worker import (
    Decoded,
    DecodeTask,
    decode_forever,
    discard_pixels,
    take_pixels,
)
from fcn_detect.results import Failure

# Tasks that wait at each worker, so that none idles while the network runs.
TASKS_AHEAD = 2
# How often the parent looks for workers that hang, while it waits.
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """One file's pixels, RGB uint8 `(h, w, 3)`, or its failure."""

    path: Path
    pixels: NDArray[np.uint8] | None
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    connection: Any
    tasks: deque[DecodeTask] = field(default_factory=deque)
    started: float = 0.0  # when the first of its tasks began


class DecoderPool:
    """Decodes files in processes; use it as a context manager.

    A worker that dies is replaced, and its file fails as `crashed`; one that takes longer than
    `timeout_s` is killed, and its file fails as `timeout`. Files that waited behind are given to
    the new worker.

    Attributes:
        workers: number of processes.
        timeout_s: seconds that one file may take.
        allow_truncated: whether files that end early are decoded as far as they go.
    """

    def __init__(self, workers: int, timeout_s: float, allow_truncated: bool = False) -> None:
        self.workers, self.timeout_s, self.allow_truncated = workers, timeout_s, allow_truncated
        self._context = multiprocessing.get_context("spawn")
        self._pool: list[_Worker] = []
        self._serial = 0

    def __enter__(self) -> "DecoderPool":
        self._pool = [self._start() for _ in range(self.workers)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._pool:
            _stop(worker)
            for task in worker.tasks:
                discard_pixels(task)

    def decode(self, paths: Iterable[Path]) -> Iterator[DecodedImage]:
        """Every file's pixels or failure, in the order in which they are done."""
        waiting = iter(paths)
        self._fill(waiting)
        while any(worker.tasks for worker in self._pool):
            busy = {w.connection: w for w in self._pool if w.tasks}
            ready = wait(list(busy), SECONDS_BETWEEN_LOOKS)
            for connection in ready:
                yield self._receive(busy[connection], waiting)
            for worker in [w for w in self._pool if w.tasks and not w.connection.poll()]:
                if time.monotonic() - worker.started > self.timeout_s:
                    message = f"decoding took more than {self.timeout_s:g} s"
                    yield self._replace(worker, Failure("timeout", message), waiting)

    def _fill(self, waiting: Iterator[Path]) -> None:
        for _ in range(TASKS_AHEAD):
            for worker in self._pool:
                self._give(worker, waiting)

    def _give(self, worker: _Worker, waiting: Iterator[Path]) -> None:
        path = next(waiting, None)
        if path is None:
            return
        self._serial += 1
        segment = f"fcn_detect_{os.getpid()}_{self._serial}"
        self._send(worker, DecodeTask(str(path), segment, self.allow_truncated))

    def _send(self, worker: _Worker, task: DecodeTask) -> None:
        if not worker.tasks:
            worker.started = time.monotonic()
        worker.tasks.append(task)
        with suppress(OSError):  # it died; receiving from it says so
            worker.connection.send(task)

    def _receive(self, worker: _Worker, waiting: Iterator[Path]) -> DecodedImage:
        try:
            decoded: Decoded = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join(1)
            message = f"the decoding process died (exit code {worker.process.exitcode})"
            return self._replace(worker, Failure("crashed", message), waiting)
        task = worker.tasks.popleft()
        worker.started = time.monotonic()
        self._give(worker, waiting)
        path = Path(task.path)
        if decoded.failure is not None:
            return DecodedImage(path, None, (), Failure(*decoded.failure))
        return DecodedImage(path, take_pixels(task, decoded), decoded.warnings)

    def _replace(self, worker: _Worker, failure: Failure, waiting: Iterator[Path]) -> DecodedImage:
        """Puts a new worker in a place; the file that the old one worked on has failed."""
        _stop(worker)
        task, *behind = worker.tasks
        for lost in worker.tasks:
            discard_pixels(lost)
        fresh = self._start()
        self._pool[self._pool.index(worker)] = fresh
        for again in behind:
            self._send(fresh, again)
        self._give(fresh, waiting)
        return DecodedImage(Path(task.path), None, (), failure)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=decode_forever, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _stop(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.kill()
    worker.process.join()
