"""Processes that work for this one, and end when it says so."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, Self

SPAWN = multiprocessing.get_context("spawn")

START_S = 600.0
"""Seconds that a process may take to start; on a busy machine that is a minute and more."""


def available_cores() -> int:
    """How many cores this process may use: all of the machine's, or those it is bound to."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def stops_held_back() -> Iterator[None]:
    """Holds Ctrl-C and SIGTERM back; processes begun meanwhile never see them.

    A terminal, a service manager or a cluster sends them to all processes of a run. It is this one
    that decides what is still finished; the workers end when it closes their connections.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # else it lets them in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class ChildProcess:
    """A process that runs a function and is killed when it is no longer wanted.

    Use it as a context manager. The function's first argument is its end of the pipe.

    Attributes:
        connection: our end.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        self.connection, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_run, args=(target, theirs, *arguments), daemon=True)
        with stops_held_back():
            self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it, whatever it is at."""
        self.connection.close()
        self._process.kill()
        self._process.join()

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return int(self._process.pid or 0)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """With which it has ended; None where it has not within a second."""
        self._process.join(1)
        return self._process.exitcode


def _run(target: Callable[..., None], *arguments: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    target(*arguments)
