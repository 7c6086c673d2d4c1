"""Ctrl-C and SIGTERM for commands that run until they are stopped."""

import signal
from types import TracebackType
from typing import Any

from fcn_detect.cli import exit_codes

CODES = {signal.SIGINT: exit_codes.INTERRUPTED, signal.SIGTERM: exit_codes.TERMINATED}


class Stop:
    """Asked again and again whether to end; use it as a context manager.

    The first signal asks the command to finish what it is at; a second one ends it at once. With
    `heeded` False the first one does.

    Attributes:
        exit_code: that the signal stands for; 0 where none has come.
    """

    def __init__(self, heeded: bool = True) -> None:
        self.exit_code, self._heeded = 0, heeded
        self._handlers: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        """Whether to end."""
        return self.exit_code != 0

    def __enter__(self) -> "Stop":
        numbers = CODES if self._heeded else ()
        self._handlers = {number: signal.signal(number, self._ask) for number in numbers}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _ask(self, number: int, _frame: object) -> None:
        self.exit_code = CODES[signal.Signals(number)]
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
