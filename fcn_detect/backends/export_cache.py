"""Nets that were exported for another runtime, once for each model file and stride.

An entry is a folder: the exported files, and `digests.json` with a digest of each. It is written
beside and renamed into place. An entry whose files are not what its digests say is made again.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fcn_detect.backends.cache_folder import cache_folder
from fcn_detect.files import sha256_of

DIGESTS_NAME = "digests.json"
# Raised when what is exported of the same model changes, so that entries are made again.
ENTRY_VERSION = 2


@contextmanager
def cached_export(
    model: Path, suffix: str, stride: int | None, library: str, write: Callable[[Path], None]
) -> Iterator[Path]:
    """The exported file of a model, for as long as the `with` block lasts.

    It comes from the cache where that holds a whole one; else it is written, and kept where the
    folder lets us.

    Args:
        model: the model file.
        suffix: of the exported file.
        stride: pixels between windows; None means the net's own.
        library: that runs the file; another version of it gets another entry.
        write: makes the exported file at a path; called only when there is none.
    """
    entry = cache_folder() / "exports" / _key(model, suffix, stride, library)
    name = f"net{suffix}"
    if _is_whole(entry, name):
        yield entry / name
        return
    with _beside(entry) as folder:
        write(folder / name)
        digests = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
        (folder / DIGESTS_NAME).write_text(json.dumps(digests))
        yield (entry if _moved(folder, entry, name) else folder) / name


def _key(model: Path, suffix: str, stride: int | None, library: str) -> str:
    try:
        converter = version(library)
    except PackageNotFoundError:  # the runtime will say so itself
        converter = "none"
    facts = [sha256_of(model), suffix, stride, version("fcn-detect"), converter, ENTRY_VERSION]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _is_whole(entry: Path, name: str) -> bool:
    """Whether every file is there with its digest."""
    try:
        digests = json.loads((entry / DIGESTS_NAME).read_text())
        return name in digests and all(sha256_of(entry / n) == d for n, d in digests.items())
    except (OSError, ValueError, TypeError, AttributeError):
        return False


@contextmanager
def _beside(entry: Path) -> Iterator[Path]:
    """A new folder beside the entry, or else wherever temporary files go; removed at the end."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(
            dir=entry.parent, prefix=".", suffix=".tmp", ignore_cleanup_errors=True
        )
    except OSError:
        made = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with made as folder:
        # a folder in it, since the temporary one itself must not be moved away
        inner = Path(folder) / "entry"
        inner.mkdir()
        yield inner


def _moved(folder: Path, entry: Path, name: str) -> bool:
    """Puts a new entry in its place, over a damaged one; False where that cannot be done.

    One that another process has put there meanwhile stays: somebody may be reading it.
    """
    try:
        if not _is_whole(entry, name):
            if entry.exists():
                entry.rename(folder.with_name("damaged"))
            folder.rename(entry)
    except OSError:
        return _is_whole(entry, name)  # another process was faster
    return True
