"""What all commands share: help in groups, `--quiet` and `--verbose`."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from fcn_detect.cli.talk import talk_options

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

GENERAL = "General"


class Command(click.Command):
    """A command whose options stand in groups; see `add_options`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        general = talk_options()
        for option in general:
            _set_heading(option, GENERAL)
        self.params += general
        for param in self.params:
            if isinstance(param, click.Option):
                _name_by_flag(param, str(self.name))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes a section for each group, in the order in which they come."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and not isinstance(param, click.Argument):
                heading = GENERAL if "--help" in param.opts else getattr(param, "heading", None)
                groups.setdefault(heading or "Options", []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _name_by_flag(option: click.Option, command_name: str) -> None:
    """Lets the variable of an option have its flag's name, where its parameter has another."""
    flag = max(option.opts, key=len).lstrip("-").replace("-", "_")
    if option.envvar is None and flag != option.name:
        both = (flag, str(option.name))
        option.envvar = [f"FCN_DETECT_{command_name}_{one}".upper() for one in both]


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], Command]:
    """A decorator like `click.command`, for a `Command`."""
    return click.command(name, cls=Command, **attributes)


def add_options(options: Sequence[Decorator], heading: str | None = None) -> Decorator:
    """Puts a list of options on a command, in their order, under a heading of its help."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
            _set_heading(function.__click_params__[-1], heading)  # type: ignore[attr-defined]
        return function

    return decorate


def _set_heading(param: click.Parameter, heading: str | None) -> None:
    param.heading = heading  # type: ignore[attr-defined]
