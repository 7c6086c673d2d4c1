"""A pool of processes that read and prepare images, and are replaced when they die or hang."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any

from fcn_detect.images import Place, Preparation, PreparedImage
from fcn_detect.images.worker import (
    Answer,
    PrepareTask,
    discard_orphans,
    discard_pixels,
    prepare_forever,
    segment_name,
    take_prepared,
)
from fcn_detect.processes import START_S, ChildProcess
from fcn_detect.results import Failure

# Tasks that wait at each worker, so that none idles while the network runs.
TASKS_AHEAD = 2
# How often the parent looks for workers that hang, while it waits.
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True, eq=False)
class FileAnswer:
    """One file, prepared for the network, or its failure."""

    path: Place
    prepared: PreparedImage | None = None
    failure: Failure | None = None


@dataclass(eq=False)
class _Worker:
    process: ChildProcess
    tasks: deque[PrepareTask] = field(default_factory=deque)
    started: float = 0.0  # when the first of its tasks began, or itself
    ready: bool = False


class DecoderPool:
    """Reads and prepares files in processes; use it as a context manager.

    A worker that dies is replaced, and its file fails as `crashed`; one that takes longer than
    `timeout_s` is killed, and its file fails as `timeout`; its own start does not count. Files that
    waited behind are given to the new worker.

    Attributes:
        workers: number of processes.
        timeout_s: seconds that one file may take.
        preparation: what becomes of each file.
    """

    def __init__(self, workers: int, timeout_s: float, preparation: Preparation) -> None:
        self.workers, self.timeout_s, self.preparation = workers, timeout_s, preparation
        self._pool: list[_Worker] = []
        self._serial = 0

    def __enter__(self) -> "DecoderPool":
        discard_orphans()
        self._pool = [_started() for _ in range(self.workers)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._pool:
            worker.process.stop()
            for task in worker.tasks:
                discard_pixels(task)

    def prepare(self, paths: Iterable[Place]) -> Iterator[FileAnswer]:
        """Every file, prepared or failed, in the order in which they are done."""
        waiting = iter(paths)
        self._fill(waiting)
        while any(worker.tasks for worker in self._pool):
            busy: dict[Any, _Worker] = {w.process.connection: w for w in self._pool if w.tasks}
            ready = wait(list(busy), SECONDS_BETWEEN_LOOKS)
            for connection in ready:
                if (answer := self._receive(busy[connection], waiting)) is not None:
                    yield answer
            for worker in [w for w in self._pool if w.tasks and not w.process.connection.poll()]:
                limit_s = self.timeout_s if worker.ready else START_S
                if time.monotonic() - worker.started > limit_s:
                    what = "decoding" if worker.ready else "the start of a decoding process"
                    message = f"{what} took more than {limit_s:g} s"
                    yield self._replace(worker, Failure("timeout", message), waiting)

    def _fill(self, waiting: Iterator[Place]) -> None:
        for _ in range(TASKS_AHEAD):
            for worker in self._pool:
                self._give(worker, waiting)

    def _give(self, worker: _Worker, waiting: Iterator[Place]) -> None:
        path = next(waiting, None)
        if path is None:
            return
        if not worker.tasks and not worker.process.is_alive:  # it died with nothing to do
            worker = self._renewed(worker)
        self._serial += 1
        task = PrepareTask(path, segment_name(self._serial), self.preparation)
        self._send(worker, task)

    def _send(self, worker: _Worker, task: PrepareTask) -> None:
        if not worker.tasks:
            worker.started = time.monotonic()
        worker.tasks.append(task)
        with suppress(OSError):  # it died; receiving from it says so
            worker.process.connection.send(task)

    def _receive(self, worker: _Worker, waiting: Iterator[Place]) -> FileAnswer | None:
        """What came of a file; None for the word that a worker is ready."""
        try:
            answer: Answer = worker.process.connection.recv()
        except (EOFError, OSError):
            message = f"the decoding process died (exit code {worker.process.exit_code})"
            return self._replace(worker, Failure("crashed", message), waiting)
        worker.started = time.monotonic()
        if not worker.ready:
            worker.ready = True
            return None
        task = worker.tasks.popleft()
        self._give(worker, waiting)
        if answer.failure is not None:
            return FileAnswer(task.place, failure=Failure(*answer.failure))
        return FileAnswer(task.place, take_prepared(task, answer))

    def _replace(self, worker: _Worker, failure: Failure, waiting: Iterator[Place]) -> FileAnswer:
        """Puts a new worker in a place; the file that the old one worked on has failed."""
        task, *behind = worker.tasks
        for lost in worker.tasks:
            discard_pixels(lost)
        fresh = self._renewed(worker)
        for again in behind:
            self._send(fresh, again)
        self._give(fresh, waiting)
        return FileAnswer(task.place, failure=failure)

    def _renewed(self, worker: _Worker) -> _Worker:
        """A new worker in a place."""
        worker.process.stop()
        fresh = _started()
        self._pool[self._pool.index(worker)] = fresh
        return fresh


def _started() -> _Worker:
    return _Worker(ChildProcess(prepare_forever))
