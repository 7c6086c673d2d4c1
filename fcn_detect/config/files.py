"""Reading a settings file, and saying what is wrong with it."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any

import pydantic

from fcn_detect.config.settings import Settings
from fcn_detect.errors import SettingsError


def read_settings(path: Path | None, changes: dict[str, dict[str, Any]] | None = None) -> Settings:
    """The settings of a TOML file, with changes laid over it.

    Args:
        path: the file; None means all defaults.
        changes: by table and key, as from command-line options; None values are left out.

    Raises:
        SettingsError: the file is missing or no TOML, a key is unknown (the message names the
            nearest known one), or a value is out of range.
    """
    tables = _read_toml(path) if path is not None else {}
    for table, values in (changes or {}).items():
        given = {key: value for key, value in values.items() if value is not None}
        in_file = tables.get(table, {})
        if isinstance(in_file, dict):  # else it is refused below
            tables[table] = {**in_file, **given}
    try:
        return Settings.model_validate(tables)
    except pydantic.ValidationError as error:
        where = f"{path}: " if path is not None else ""
        raise SettingsError(where + _explain(error)) from None


def data_path(path: str) -> Path:
    """The path; `data/...` is looked for under `FCN_DETECT_DATA` where that is set."""
    root = os.environ.get("FCN_DETECT_DATA")
    parts = Path(path).parts
    if root and parts[:1] == ("data",):
        return Path(root, *parts[1:])
    return Path(path)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
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
    return f"'{where}' is {first['input']!r}: {first['msg'].removeprefix('Value error, ')}"


def _known_keys(table: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    for part in table:
        model = model.model_fields[part].annotation
    return sorted(model.model_fields)
