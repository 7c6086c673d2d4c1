"""Photos, patterns and folders -> the image files that they mean."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fcn_detect.errors import DataError

EXTENSIONS = frozenset(
    {".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif"}
    | {".j2c", ".j2k", ".jfif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo"}
    | {".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)

# names that cameras, phones and operating systems leave between photos
_NOT_PHOTOS = {
    "$recycle.bin",
    "@eadir",
    "lost+found",
    "system volume information",
    "thumbs.db",
}


def find_images(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Every image file that the paths mean, one after the other.

    - A file is yielded as given, whatever its name.
    - A name with `*`, `?` or `[` that no file has is a pattern; `**` stands for any folders.
    - A folder is walked with all folders inside it, in the order of the UTF-8 bytes of the
      paths. Files are taken by their extension; names that start with a dot, recycle bins and
      thumbnail stores are left out. A linked folder is walked once. A folder inside it that
      cannot be listed is yielded itself, so that reading it says why.

    Raises:
        DataError: at the call, when a path does not exist or a pattern matches nothing; while
            iterating, when the folders hold no image at all.
    """
    given = [match for path in paths for match in _expand(path)]
    return _walk_all(given)


def _expand(path: str | Path) -> list[Path]:
    """The path itself where it exists, else what it matches as a pattern, sorted."""
    if os.path.lexists(path):
        return [Path(path)]
    if not glob.has_magic(str(path)):
        raise DataError(f"'{path}' does not exist; give a photo, a folder or a pattern")
    # pathlib takes no pattern that starts at the root
    matches = sorted(glob.glob(str(path), recursive=True), key=os.fsencode)  # noqa: PTH207
    if not matches:
        raise DataError(f"no file matches '{path}'")
    return [Path(match) for match in matches]


def _walk_all(given: list[Path]) -> Iterator[Path]:
    found = False
    for path in given:
        for image in _walk(path, _real(path), set()) if path.is_dir() else [path]:
            found = True
            yield image
    if not found:
        places = ", ".join(f"'{path}'" for path in given) or "no path given"
        raise DataError(f"no images found in {places}; looked for .jpg, .png, .tif and others")


def _walk(folder: Path, root: Path, seen: set[Path]) -> Iterator[Path]:
    """Images in a folder and below, each real folder once.

    Args:
        folder: where to look.
        root: real path of the folder that the user gave; links to folders inside it are left
            out, as these are walked by their own names.
        seen: real paths of the folders walked so far.
    """
    seen.add(_real(folder))
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=_path_order)
    except OSError:
        yield folder
        return
    for entry in ordered:
        path = folder / entry.name
        if entry.name.startswith(".") or entry.name.lower() in _NOT_PHOTOS:
            continue
        if not path.is_dir():
            if path.suffix.lower() in EXTENSIONS:
                yield path
        elif _real(path) not in seen and not (
            entry.is_symlink() and _real(path).is_relative_to(root)
        ):
            yield from _walk(path, root, seen)


def _path_order(entry: os.DirEntry[str]) -> bytes:
    """Key that puts a folder where its files' paths belong."""
    return os.fsencode(entry.name) + (b"/" if Path(entry.path).is_dir() else b"")


def _real(path: Path) -> Path:
    """Where the path leads once links are followed; unlike `Path.resolve`, also out of loops."""
    return Path(os.path.realpath(path))
