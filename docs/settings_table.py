"""The directive `settings`: a table of the settings file, from its class and docstring."""

import re
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fcn_detect.config import settings

HEADINGS = "| key | default | what it is |\n|---|---|---|\n"


def describe(table: type[BaseModel]) -> dict[str, str]:
    """What the class's docstring says of each attribute, on one line."""
    listed = (table.__doc__ or "").partition("Attributes:\n")[2]
    entries = re.split(r"^ {8}(?=\w+: )", listed, flags=re.MULTILINE)[1:]
    parts = (entry.partition(": ") for entry in entries)
    return {name: " ".join(text.split()) for name, _, text in parts}


def markdown(table: type[BaseModel]) -> str:
    """A row for each key of a table: its name, its default as TOML has it, what it is."""
    meanings, defaults = describe(table), table().model_dump(mode="json")
    rows = [f"| `{key}` | {_toml(defaults[key])} | {meanings[key]} |" for key in defaults]
    return HEADINGS + "\n".join(rows)


def _toml(value: Any) -> str:
    if value is None:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else repr(value)}`".replace("'", '"')


class SettingsDirective(SphinxDirective):
    """Its one argument names a class of `fcn_detect.config.settings`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table."""
        return self.parse_text_to_nodes(markdown(getattr(settings, self.arguments[0])))


def setup(app: Sphinx) -> dict[str, bool]:
    """Makes the directive known."""
    app.add_directive("settings", SettingsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
