"""What a stopped training needs to go on: one file, written whole or not at all."""

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from fcn_detect.config import Settings
from fcn_detect.errors import ModelError, SettingsError, first_line
from fcn_detect.files import write_atomically
from fcn_detect.nets.checkpoint import READER_ERRORS


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Writes tensors and plain values, beside and renamed into place."""
    content = BytesIO()  # torch takes errors of a file for its own
    torch.save(state, content)
    write_atomically(path, content.getvalue())


def load_checkpoint(
    path: Path, settings: Settings, learned_from: dict[str, str | None] | None = None
) -> dict[str, Any]:
    """A saved state, if it was made with the same settings and from the same things.

    Settings that were not known yet when it was saved count as left at their defaults.

    Args:
        path: of the checkpoint.
        settings: as they are now.
        learned_from: digests of what is learned from, by name.

    Raises:
        ModelError: there is none, or it is damaged.
        SettingsError: it was made with other settings, or from other things; names both digests.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        changed = _changed(state["settings"], settings)
    except FileNotFoundError:
        raise ModelError(f"{path}: there is nothing to resume; train without --resume") from None
    except (*READER_ERRORS, pickle.UnpicklingError) as error:
        raise ModelError(f"{path}: a damaged checkpoint: {first_line(error)}") from None
    if changed:
        raise SettingsError(
            f"{path} was made with other settings ({', '.join(changed)}); "
            "use the same ones, or train without --resume"
        )
    for name, now in (learned_from or {}).items():
        then = state.get("learned_from", {}).get(name, now)
        if then != now:
            raise SettingsError(
                f"{path} was made from another {name}, {_short(then)} then, {_short(now)} now; "
                "use the same one, or train without --resume"
            )
    return state


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]


def _changed(saved: dict[str, Any], settings: Settings) -> list[str]:
    """Names of the settings that differ, `table.key` each."""
    now, usual = settings.model_dump(), Settings().model_dump()
    return sorted(
        f"{table}.{key}"
        for table, values in now.items()
        for key, value in values.items()
        if saved.get(table, {}).get(key, usual[table][key]) != value
    )
