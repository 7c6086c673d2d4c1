"""Processes that work for this one, and end when it says so."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

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
