"""What a stopped training needs to go on: one file, written whole or not at all."""

import pickle
from pathlib import Path
from typing import Any

import torch

from fcn_detect.config import Settings
from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.files import open_atomically
from fcn_detect.nets.checkpoint import READER_ERRORS


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Writes tensors and plain values, beside and renamed into place."""
    with open_atomically(path) as file:
        torch.save(state, file)


def load_checkpoint(path: Path, settings: Settings) -> dict[str, Any]:
    """A saved state, if it was made with the same settings.

    Settings that were not known yet when it was saved count as left at their defaults.

    Raises:
        ModelError: there is none, or it is damaged.
        SettingsError: it was made with other settings.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        changed = _changed(state["settings"], settings)
    except FileNotFoundError:
        raise ModelError(f"{path}: there is nothing to resume; train without --resume") from None
    except (*READER_ERRORS, pickle.UnpicklingError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise ModelError(f"{path}: a damaged checkpoint: {reason}") from None
    if changed:
        raise SettingsError(
            f"{path} was made with other settings ({', '.join(changed)}); "
            "use the same ones, or train without --resume"
        )
    return state


def _changed(saved: dict[str, Any], settings: Settings) -> list[str]:
    """Names of the settings that differ, `table.key` each."""
    now, usual = settings.model_dump(), Settings().model_dump()
    return sorted(
        f"{table}.{key}"
        for table, values in now.items()
        for key, value in values.items()
        if saved.get(table, {}).get(key, usual[table][key]) != value
    )
