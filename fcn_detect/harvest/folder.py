"""The folder that a harvest fills: what it was made of, and the names of its files."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fcn_detect.errors import DataError, SettingsError
from fcn_detect.files import write_atomically

FACTS_NAME: Final = "harvest.json"
RECORDS_NAME: Final = "harvest.jsonl"
LONGEST_NAME: Final = 180  # bytes; file systems take 255


def open_folder(folder: Path, made_of: dict[str, Any], overwrite: bool) -> None:
    """Makes the folder, or opens that of an earlier start of the same harvest.

    Args:
        folder: to fill.
        made_of: all that its files depend on, as JSON holds it.
        overwrite: whether to forget a harvest of something else; no other files are touched.

    Raises:
        SettingsError: the folder holds something else.
    """
    facts = folder / FACTS_NAME
    if facts.is_file():
        if _read(facts) != made_of and not overwrite:
            raise SettingsError(
                f"-o {folder}: it holds another harvest; give another folder, or --overwrite"
            )
        if _read(facts) != made_of:
            for crop in [*folder.glob("*/*.crop-*.png"), folder / RECORDS_NAME]:
                crop.unlink(missing_ok=True)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(
            f"-o {folder}: it is there, and no harvest; give a new folder (`train` takes several)"
        )
    write_atomically(facts, json.dumps(made_of, indent=1) + "\n")


def check_labels(labels: Sequence[str]) -> None:
    """Nothing, if each label can be the name of a folder inside another.

    Raises:
        DataError: one cannot.
    """
    for label in labels:
        if not label or label.startswith(".") or any(c in label for c in "/\\:\0"):
            raise DataError(f"the model's class {label!r} cannot be the name of a folder")


def crop_name(image: str, number: int) -> str:
    """A file name for the crop of that number of an image, whatever the image is called.

    The image's path is percent-encoded, so it can be read from the name and two images never share
    one; of a very long path the start and a digest. `fcn_detect.train` keeps the crops of one image
    together by this name.
    """
    path = image.encode(errors="surrogateescape")
    name = quote(path, safe="").replace("%20", " ")
    name = "%2E" + name[1:] if name.startswith(".") else name  # hidden files are no crops
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 24]}~{hashlib.sha256(path).hexdigest()[:16]}"
    return f"{name}.crop-{number}.png"


def _read(facts: Path) -> Any:
    try:
        return json.loads(facts.read_bytes())
    except ValueError:
        return None
