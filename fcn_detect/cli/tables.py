"""Tables on standard output: names and numbers as they are, nothing taken for markup."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from fcn_detect.cli.talk import is_quiet, printable

# Where no terminal sets a width, as in a file or a pipe.
WIDTH_WITHOUT_TERMINAL = 160


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[str] = ()
) -> None:
    """Prints rows of cells; columns named in `left` are text, all others are numbers.

    Nothing is printed with `--quiet`.
    """
    if is_quiet():
        return
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        text = heading in left
        table.add_column(
            heading,
            justify="left" if text else "right",
            overflow="fold",
            no_wrap=not text,
        )
    for row in rows:
        table.add_row(*map(printable, row))
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    Console(file=sys.stdout, markup=False, highlight=False, width=width).print(table)
