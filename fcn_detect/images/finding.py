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

CLIP_EXTENSIONS = frozenset(
    {".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts"}
    | {".ogv", ".ts", ".webm", ".wmv"}
)

# names that cameras, phones and operating systems leave between photos
_NOT_PHOTOS = {
    "$recycle.bin",
    "@eadir",
    "lost+found",
    "system volume information",
    "thumbs.db",
}


def find_images(paths: Iterable[str | Path], leave_out: Path | None = None) -> Iterator[Path]:
    """Every image file that the paths mean, one after the other.

    - A file is yielded as given, whatever its name.
    - A name with `*`, `?` or `[` that no file has is a pattern; `**` stands for any folders.
    - A folder is walked with all folders inside it, in the order of the UTF-8 bytes of the
      paths. Files are taken by their extension; names that start with a dot, recycle bins and
      thumbnail stores are left out. A linked folder is walked once. A folder inside it that
      cannot be listed is yielded itself, so that reading it says why.
    - A folder to `leave_out`, such as that of earlier results, is not walked below another.

    Raises:
        DataError: at the call, when a path does not exist or a pattern matches nothing; while
            iterating, when the folders hold no image at all.
    """
    given = [match for path in paths for match in _expand(path)]
    return _walk_all(given, leave_out)


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


def image_names(folder: Path, leave_out: Path | None = None) -> Iterator[str]:
    """The images in a folder, by their paths inside it with forward slashes, as a stream.

    Order and choice are those of `find_images`; at any time only the names of the folders on the
    way to the present one are held. A folder that cannot be listed is named itself. One to
    `leave_out` is not walked.
    """
    seen = set() if leave_out is None else {os.path.realpath(leave_out)}
    return _walk(str(folder), "", os.path.realpath(folder), seen)


def is_image_name(name: str) -> bool:
    """Whether `image_names` would list a file of this path inside a folder."""
    *folders, last = name.split("/")
    hidden = any(part.startswith(".") or part.lower() in _NOT_PHOTOS for part in (*folders, last))
    return not hidden and _extension(last) in EXTENSIONS


def _walk_all(given: list[Path], leave_out: Path | None) -> Iterator[Path]:
    found = False
    for path in given:
        inside = (path / name for name in image_names(path, leave_out))
        for image in inside if path.is_dir() else [path]:
            found = True
            yield image
    if not found:
        places = ", ".join(f"'{path}'" for path in given) or "no path given"
        raise DataError(f"no images found in {places}; looked for .jpg, .png, .tif and others")


def _walk(folder: str, inside: str, root: str, seen: set[str]) -> Iterator[str]:
    """Images in a folder and below, each real folder once.

    Args:
        folder: where to look.
        inside: what goes before the names: the folder's path inside the one that the user gave.
        root: real path of the folder that the user gave; links to folders inside it are left
            out, as these are walked by their own names.
        seen: real paths of the folders walked so far, and of one to leave out.
    """
    seen.add(os.path.realpath(folder))
    try:
        with os.scandir(folder) as entries:
            keys = sorted(key for entry in entries if (key := _path_key(entry)) is not None)
    except OSError:
        yield inside.rstrip("/") or "."
        return
    for name in map(os.fsdecode, keys):
        if not name.endswith("/"):
            yield inside + name
        elif _is_new(below := f"{folder}/{name[:-1]}", root, seen):
            yield from _walk(below, inside + name, root, seen)


def _path_key(entry: os.DirEntry[str]) -> bytes | None:
    """A name's bytes, a folder's with a slash, so that it sorts as its files' paths do.

    None for what is no image and no folder to look into.
    """
    name = entry.name
    if name.startswith(".") or name.lower() in _NOT_PHOTOS:
        return None
    if _is_folder(entry):
        return os.fsencode(name) + b"/"
    return os.fsencode(name) if _extension(name) in EXTENSIONS else None


def _extension(name: str) -> str:
    """In small letters, with its dot; faster than `Path.suffix`."""
    _, dot, extension = name.rpartition(".")
    return dot + extension.lower()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; False for links that lead nowhere."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_new(folder: str, root: str, seen: set[str]) -> bool:
    """Whether a folder is walked here: not yet walked, and no link into what will be."""
    real = os.path.realpath(folder)
    inside = real == root or real.startswith(root.rstrip(os.sep) + os.sep)
    return real not in seen and not (inside and Path(folder).is_symlink())
