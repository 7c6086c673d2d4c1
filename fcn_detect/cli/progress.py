"""Progress bars on standard error; lines now and then where nobody watches; none with `--quiet`."""

import sys
import time
from contextlib import suppress
from types import TracebackType

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from fcn_detect.cli.talk import is_quiet

SECONDS_BETWEEN_LINES = 15.0


class _Console(Console):
    """One whose reader may go away without an end to the work."""

    def on_broken_pipe(self) -> None:
        """Says nothing any more."""
        self.quiet = True


class ProgressDisplay:
    """A `fcn_detect.results.Progress` for the terminal; use it as a context manager."""

    def __init__(self) -> None:
        self._quiet = is_quiet()
        self._console = _Console(file=sys.stderr, quiet=self._quiet)
        self._watched = self._console.is_terminal
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            disable=self._quiet or not self._watched,
        )
        self._tasks: dict[str, TaskID] = {}
        self._line_due: dict[str, float] = {}

    def __enter__(self) -> "ProgressDisplay":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, task: str, done: int, total: int, note: str = "") -> None:
        """Shows that `done` of `total` units of a task are done."""
        if self._quiet:
            return
        if not self._watched:
            self._print_line(task, done, total, note)
            return
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total, note=note)
        self._bars.update(self._tasks[task], completed=done, total=total, note=note)

    def say(self, line: str) -> None:
        """Prints a line above the bars."""
        with suppress(OSError, ValueError):  # who has closed it does not stop the work
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _print_line(self, task: str, done: int, total: int, note: str) -> None:
        now = time.monotonic()
        due = self._line_due.setdefault(task, now + SECONDS_BETWEEN_LINES)
        if now >= due or (done >= total and due > 0):
            self._line_due[task] = now + SECONDS_BETWEEN_LINES if done < total else -1.0
            with suppress(OSError, ValueError):
                click.echo(f"{task}: {done}/{total} {note}".rstrip(), err=True)
