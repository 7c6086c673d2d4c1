"""The page's folder: written beside, and put in place of an older page when it is whole."""

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fcn_detect.errors import SettingsError
from fcn_detect.files import naming
from fcn_detect.formats.rows import json_text

INDEX_NAME = "index.html"
ASSETS = "fcn_detect.report.page", "assets"
# In the order in which they run; `receive.js` must come before the data, `main.js` goes last.
SCRIPTS = (
    "receive.js",
    "entries.js",
    "corrections.js",
    "drawing.js",
    "figures.js",
    "grid.js",
    "stage.js",
    "gestures.js",
    "viewer.js",
    "main.js",
)
STYLES = ("report.css",)
_MARK = b'<meta name="generator" content="fcn_detect report">'


@contextmanager
def page_folder(page: Path) -> Iterator[Path]:
    """A folder to write a page to, which takes the place of `page` when all went well.

    Raises:
        SettingsError: `page` holds something that is no page.
    """
    _check_replaceable(page)
    page.parent.mkdir(parents=True, exist_ok=True)
    beside = page.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        with naming(page, instead_of=beside):
            beside.mkdir()
            yield beside
            if page.exists():
                older = page.parent / f".{secrets.token_hex(8)}.tmp"
                page.rename(older)
                beside.rename(page)
                shutil.rmtree(older)
            else:
                beside.rename(page)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_frame(folder: Path, title: str, about: dict[str, Any], shards: Sequence[str]) -> None:
    """Writes index.html, styles, scripts and `data/about.js`; shards are there already.

    Args:
        folder: of the page.
        title: of the page; any text.
        about: what all images share, as `receive.js` takes it.
        shards: names of the data files, relative to `folder`.
    """
    write_data(folder / "data" / "about.js", "about", about)
    for name in (*SCRIPTS, *STYLES):
        (folder / name).write_bytes((files(ASSETS[0]) / ASSETS[1] / name).read_bytes())
    environment = Environment(
        loader=PackageLoader(*ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("index.html.jinja").render(
        title=title,
        styles=STYLES,
        scripts=[SCRIPTS[0], "data/about.js", *SCRIPTS[1:], *shards],
    )
    (folder / INDEX_NAME).write_bytes(text.encode("utf-8", "replace"))


def write_data(path: Path, function: str, value: Any) -> None:
    """Writes a script that hands a value to one of the page's functions.

    A page opened from a disk may not read files, but may run scripts: data comes as such.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json_text(value).replace("<", "\\u003c")
    path.write_bytes(f"report.{function}({text});\n".encode())


def _check_replaceable(page: Path) -> None:
    if not page.exists():
        return
    if not page.is_dir():
        raise SettingsError(f"-o {page}: this is a file; a page is a folder; give another name")
    index = page / INDEX_NAME
    is_page = index.is_file() and _MARK in index.read_bytes()
    if not is_page and any(page.iterdir()):
        raise SettingsError(f"-o {page}: it holds something else than a page; give another folder")
