"""One line of the journal: an image's record, the state of its file, and a check sum.

`CHECKSUM SIZE MODIFIED CONTENT KIND<tab>RECORD`: CRC-32 of all that follows it, the file's size in
bytes and modification time in ns, its SHA-256 or `-`, the failure's kind or `-`, and the record as
it goes to results.jsonl. A line of another check sum was torn or damaged, and counts as not there.
"""

import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fcn_detect.errors import DataError, ImageError
from fcn_detect.files import sha256_of
from fcn_detect.formats import format_result, record_name
from fcn_detect.images import Address, local_file
from fcn_detect.results import ImageResult

_HEAD = re.compile(rb"([0-9]{1,18}) (-?[0-9]{1,19}) ([!-~]+) ([!-~]+)")
_MOST = 2**63 - 1  # that the index holds; some file systems have times beyond


class FileState(NamedTuple):
    """What tells whether a file has changed.

    Attributes:
        size: in bytes.
        modified_ns: modification time, in ns, its lowest 64 bits; of an address its stamp.
        content: SHA-256 of all bytes, hexadecimal; None where it was not asked for.
    """

    size: int
    modified_ns: int
    content: str | None = None

    @classmethod
    def of(cls, path: str | Path | Address, with_content: bool = False) -> "FileState":
        """Of a file now; zeros when it cannot be asked."""
        if isinstance(path, Address):
            return cls._of_remote(path, with_content)
        try:
            stat = os.stat(path)  # noqa: PTH116 (a million times)
            content = sha256_of(Path(path)) if with_content and Path(path).is_file() else None
        except OSError:
            return cls(0, 0)
        return cls(stat.st_size, _in_64_bits(stat.st_mtime_ns), content)

    @classmethod
    def _of_remote(cls, path: Address, with_content: bool) -> "FileState":
        try:
            file = path.file()
            if not with_content:
                return cls(file.size, file.stamp)
            with local_file(path) as copy:
                return cls(file.size, file.stamp, sha256_of(copy))
        except (DataError, ImageError):
            return cls(0, 0)


@dataclass(frozen=True)
class Entry:
    """What the index needs of a line.

    Attributes:
        name: of the image.
        state: of its file when it was searched.
        kind: of the failure; None where there was none.
        record: where the record begins in the line, in bytes.
    """

    name: str
    state: FileState
    kind: str | None
    record: int


def write_line(result: ImageResult, state: FileState) -> bytes:
    """The line of an image, with its line end."""
    kind = "-" if result.failure is None else result.failure.kind
    head = f"{state.size} {state.modified_ns} {state.content or '-'} {kind}\t"
    rest = (head + format_result(result)).encode("utf-8")
    return b"%08x %b\n" % (zlib.crc32(rest), rest)


def read_line(line: bytes) -> Entry | None:
    """What a whole line says; None for a torn or damaged one."""
    rest = line[9:-1]
    if not line.endswith(b"\n") or line[:9] != b"%08x " % zlib.crc32(rest):
        return None
    head, tab, record = rest.partition(b"\t")
    found, name = _HEAD.fullmatch(head), record_name(record)
    if not tab or found is None or name is None or abs(int(found[2])) > _MOST:
        return None
    content, kind = (None if text == b"-" else text.decode() for text in found.groups()[2:])
    return Entry(name, FileState(int(found[1]), int(found[2]), content), kind, 10 + len(head))


def _in_64_bits(value: int) -> int:
    """As two's complement: what a database holds, and file systems may exceed."""
    return (value + 2**63) % 2**64 - 2**63
