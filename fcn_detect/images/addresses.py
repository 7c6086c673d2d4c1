"""Images that lie elsewhere, at addresses that fsspec knows: `s3://`, `gs://`, `http://`.

Only this file knows of fsspec. A folder there is listed with the state of its files, a request for
each folder and none for each file; a file is copied to where readers can have it, and the copy goes
as soon as it is read.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fcn_detect.errors import DataError, ImageError, MissingExtraError, one_line
from fcn_detect.images.finding import find_images, is_image_name

_PROTOCOL = re.compile(r"[a-z][a-z0-9+.:-]+://", re.IGNORECASE)
# what stores call a file's tag of its content, and the time of its last change
_STAMPS = ["ETag", "etag", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified"]
_STAMPS += ["updated", "modify", "created"]


@dataclass(frozen=True)
class RemoteFile:
    """A file in a folder somewhere else.

    Attributes:
        name: its path in that folder.
        size: in bytes; 0 where the store does not tell.
        stamp: a number that changes with its tag, or else its time; 0 where it has neither.
    """

    name: str
    size: int
    stamp: int

    @property
    def is_told(self) -> bool:
        """Whether the store has told both; some, such as web pages, do where each file is asked."""
        return bool(self.size and self.stamp)


@dataclass(frozen=True)
class Address:
    """A file or a folder somewhere else; what is used of `pathlib.Path` is here, too."""

    text: str

    def __truediv__(self, name: str) -> "Address":
        return Address(f"{self.text.rstrip('/')}/{name}")

    def __str__(self) -> str:
        return self.text

    def as_posix(self) -> str:
        """Itself, as it was given."""
        return self.text

    @property
    def name(self) -> str:
        """The last part of it."""
        return self.text.rstrip("/").rpartition("/")[2]

    def absolute(self) -> "Address":
        """Itself: an address means the same everywhere."""
        return self

    def is_dir(self) -> bool:
        """Whether it is a folder.

        Raises:
            DataError: it cannot be asked.
            MissingExtraError: fsspec is not installed.
        """
        system, path = _open(self.text)
        with _told(self.text):
            return bool(system.isdir(path))

    def file(self) -> RemoteFile:
        """The state of a file now.

        Raises:
            DataError: it is not there, or cannot be asked.
        """
        system, path = _open(self.text)
        with _told(self.text):
            system.invalidate_cache()
            return _remote_file(self.text, system.info(path))

    def images(self) -> Iterator[RemoteFile]:
        """The images in a folder and below, by the rules of `image_names`, as a stream.

        The listing of one folder is held at a time.

        Raises:
            DataError: a folder cannot be listed.
        """
        system, path = _open(self.text)
        return _walk(system, path, path.rstrip("/"))

    def matches(self) -> Iterator["Address"]:
        """The files that it means: those that match it as a pattern, those of a folder, or itself.

        Raises:
            DataError: there are none.
        """
        system, path = _open(self.text)
        if "*" in self.text:
            with _told(self.text):
                found = sorted(system.glob(path))
            yield from (Address(system.unstrip_protocol(one)) for one in found)
        elif self.is_dir():
            found = [image.name for image in self.images()]
            yield from (self / name for name in sorted(found))
        else:
            found = [path]
            yield self
        if not found:
            raise DataError(f"no images found in '{self}'; looked for .jpg, .png, .tif and others")


Place = Path | Address
"""Where a file or a folder is."""


def place(text: str | Path | Address) -> Place:
    """A path of this machine, or an address."""
    if isinstance(text, str) and _PROTOCOL.match(text):
        return Address(text)
    return text if isinstance(text, Address) else Path(text)


def find_places(given: Iterable[str], leave_out: Path | None = None) -> Iterator[Place]:
    """Every image that paths mean, as `find_images` says, and that addresses mean.

    Raises:
        DataError: there is nothing at one of them.
    """
    places = [place(text) for text in given]
    here = [one for one in places if isinstance(one, Path)]
    if here or not places:
        yield from find_images(here, leave_out)
    for address in (one for one in places if isinstance(one, Address)):
        yield from address.matches()


@contextmanager
def local_file(where: Place) -> Iterator[Path]:
    """A file on this machine: itself, or a copy in `TMPDIR` that is deleted afterwards.

    Raises:
        ImageError: `unreadable`: it cannot be copied.
    """
    if isinstance(where, Path):
        yield where
        return
    with tempfile.TemporaryDirectory(prefix="fcn-detect-") as folder:
        copy = Path(folder) / "image"
        try:
            system, path = _open(where.text)
            with _told(where.text):
                system.get_file(path, str(copy))
        except (DataError, MissingExtraError) as error:
            raise ImageError("unreadable", str(error)) from error
        yield copy


def _walk(system: Any, folder: str, root: str) -> Iterator[RemoteFile]:
    with _told(folder):
        system.invalidate_cache()
        entries = system.ls(folder, detail=True)
        system.invalidate_cache()  # it would hold all listings
    for entry in sorted(entries, key=lambda entry: str(entry["name"])):
        path = str(entry["name"]).rstrip("/")
        name = path[len(root) :].lstrip("/")
        if not path.startswith(root) or not name or path == folder.rstrip("/"):
            continue  # a store may name the folder itself, a page may link elsewhere
        if entry["type"] == "directory":
            if is_image_name(f"{name}/a.jpg"):  # hidden ones are left out
                yield from _walk(system, path, root)
        elif is_image_name(name):
            yield _remote_file(name, entry)


def _remote_file(name: str, entry: dict[str, Any]) -> RemoteFile:
    stamp = next((entry[key] for key in _STAMPS if entry.get(key) is not None), None)
    # some stores tell a time in both ways
    told = str(stamp.timestamp() if isinstance(stamp, datetime) else stamp)
    digest = b"" if stamp is None else hashlib.sha256(told.encode()).digest()[:7]
    return RemoteFile(name, int(entry.get("size") or 0), int.from_bytes(digest))


def _open(text: str) -> tuple[Any, str]:
    """The file system of an address, and the path there."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtraError("fsspec", "remote") from None
    with _told(text):
        system, path = url_to_fs(text)
    return system, str(path)


@contextmanager
def _told(text: str) -> Iterator[None]:
    """Any error of a store as ours; they share no class."""
    try:
        yield
    except Exception as error:
        raise DataError(f"{text}: {one_line(error)}") from error
