"""Processes that work for this one, and end when it says so."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, Self

SPAWN = multiprocessing.get_context("spawn")

START_S = 600.0
"""Seconds that a process may take to start; on a busy machine that is a minute and more."""


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
        self._process = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
        with stops_held_back():
            self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._process.kill()
        self._process.join()

    @property
    def exit_code(self) -> int | None:
        """With which it has ended; None where it has not within a second."""
        self._process.join(1)
        return self._process.exitcode
