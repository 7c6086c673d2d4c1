"""The directive `commands`: what `fcn-detect COMMAND --help` prints, a section for each command."""

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fcn_detect.cli.main import cli

WIDTH = 88


def markdown() -> str:
    """A heading and the help text for each command, in the order of `fcn-detect --help`."""
    with click.Context(cli, info_name="fcn-detect") as group:
        names = cli.list_commands(group)
        return "\n".join(f"## {name}\n\n```text\n{_help(group, name)}\n```\n" for name in names)


def _help(group: click.Context, name: str) -> str:
    command = cli.get_command(group, name)
    context = click.Context(command, group, name, terminal_width=WIDTH, max_content_width=WIDTH)
    return click.unstyle(command.get_help(context)).strip()


class CommandsDirective(SphinxDirective):
    """Takes no arguments."""

    def run(self) -> list[nodes.Node]:
        """A section for each command."""
        return self.parse_text_to_nodes(markdown(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Makes the directive known."""
    app.add_directive("commands", CommandsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
