"""How much commands say, and where: data and tables to standard output, talk to standard error."""

import logging
import os
import re
from contextlib import suppress

import click

_QUIET = "fcn_detect.quiet"

# All control characters but the tab and the line's end: file names may hold a terminal's commands.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def tell(line: str = "") -> None:
    """Prints a line for people on standard output; nothing with `--quiet`."""
    if not is_quiet():
        click.echo(printable(line))


def note(line: str) -> None:
    """Prints a line for people on standard error; nothing with `--quiet`."""
    if not is_quiet():
        _say(printable(line))


def warn(line: str) -> None:
    """Prints a line that nobody may miss on standard error."""
    _say(printable(line))


def print_error(line: str) -> None:
    """Prints what went wrong on standard error, in colour where that is wanted."""
    color = False if os.environ.get("NO_COLOR") else None
    _say(click.style("error: ", fg="red", bold=True) + printable(line), color)


def _say(line: str, color: bool | None = None) -> None:
    """Prints on standard error; who has closed it does not stop the work."""
    with suppress(OSError, ValueError):
        click.echo(line, err=True, color=color)


def printable(text: str) -> str:
    r"""The text with control characters written as `\x1b`."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def is_quiet() -> bool:
    """Whether nothing but errors, warnings and JSON is to be printed."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and bool(ctx.meta.get(_QUIET))


def talk_options() -> list[click.Option]:
    """`--quiet` and `--verbose`, which no command sees: they act at once."""
    quiet = click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=_be_quiet,
        help="Print errors, warnings and JSON alone.",
    )
    verbose = click.Option(
        ["-v", "--verbose"],
        is_flag=True,
        expose_value=False,
        callback=_be_verbose,
        help="Also log what is done, on standard error.",
    )
    return [quiet, verbose]


class _Echo(logging.Handler):
    """Prints above progress bars, since it looks for standard error each time."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(printable(self.format(record)), err=True)


def _be_quiet(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    ctx.meta[_QUIET] = value


def _be_verbose(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value:
        return
    handler = _Echo()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("fcn_detect")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False

    def restore() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate

    ctx.call_on_close(restore)
