"""Reading a settings file, and saying what is wrong with it."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, Final

import pydantic

from fcn_detect.bounded import read_bounded
from fcn_detect.config.settings import Settings
from fcn_detect.errors import SettingsError

MAX_BYTES: Final = 1_000_000
SHOWN: Final = 200  # characters of a value in a message

Tables = dict[str, dict[str, Any]]
"""Values by the name of the table, then of the setting."""


def read_settings(
    path: Path | None, changes: Tables | None = None, below: Tables | None = None
) -> Settings:
    """The settings of a TOML file, with changes laid over it.

    Args:
        path: the file; None means all defaults.
        changes: by table and key, as from command-line options; None values are left out.
        below: what holds where the file says nothing, in place of the defaults.

    Raises:
        SettingsError: the file is missing or no TOML, a key is unknown (the message names the
            nearest known one), or a value is out of range.
    """
    tables = _read_toml(path) if path is not None else {}
    for table, values in (below or {}).items():
        _lay(tables, table, values, over=False)
    for table, values in (changes or {}).items():
        given = {key: value for key, value in values.items() if value is not None}
        _lay(tables, table, given, over=True)
    return check_settings(tables, "" if path is None else f"{path}: ")


def check_settings(tables: dict[str, Any], where: str = "") -> Settings:
    """The settings of some tables.

    Raises:
        SettingsError: a key is unknown or a value out of range; the message starts with `where`.
    """
    try:
        return Settings.model_validate(tables)
    except pydantic.ValidationError as error:
        raise SettingsError(where + _explain(error)) from None


def _lay(tables: dict[str, Any], table: str, values: dict[str, Any], *, over: bool) -> None:
    """Puts values over, or under, those of a table; one that is no table is left to be refused."""
    there = tables.get(table, {})
    if isinstance(there, dict):
        tables[table] = {**there, **values} if over else {**values, **there}


def data_path(path: str) -> Path:
    """The path; `data/...` is looked for under `FCN_DETECT_DATA` where that is set."""
    root = os.environ.get("FCN_DETECT_DATA")
    parts = Path(path).parts
    if root and parts[:1] == ("data",):
        return Path(root, *parts[1:])
    return Path(path)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_bounded(path, MAX_BYTES).decode("utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such settings file") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # TOML, UTF-8, endless digits or brackets
        raise SettingsError(f"{path}: not a TOML file: {error}") from None


def _explain(error: pydantic.ValidationError) -> str:
    """One line: which key is wrong, what it holds, what it may hold."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = _known_keys(first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0.0)
        return f"unknown key {where!r}; did you mean '{near[0]}'? (known: {', '.join(known)})"
    reason = first["msg"].removeprefix("Value error, ")[:SHOWN]
    if isinstance(first["input"], dict):  # two of its keys do not go together
        return f"[{where}]: {reason}"
    return f"'{where}' is {_shown(first['input'])}: {reason}"


def _shown(value: object) -> str:
    """A value as Python writes it, the beginning of a long one."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # endless digits or brackets
        return "too long to be shown"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _known_keys(table: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    for part in table:
        model = model.model_fields[part].annotation
    return sorted(model.model_fields)
