"""How long work tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called again and again while a task goes on; a new task name begins a new task."""

    def __call__(self, task: str, done: int, total: int, note: str = "") -> None:
        """`done` of `total` units of the task are done; `note` says more, such as a loss."""
        ...


def silent(task: str, done: int, total: int, note: str = "") -> None:
    """A `Progress` that nobody sees."""
