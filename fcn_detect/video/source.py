"""What a stream is, told by its address."""

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_SCHEMES = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "tcp", "srt"})
_WEB = frozenset({"http", "https"})
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


@dataclass(frozen=True)
class StreamSource:
    """Where frames come from for as long as it runs.

    Attributes:
        address: a path or an address, as it is opened.
        kind: `address`, `device`, `pipe` or `file`, which may grow.
    """

    address: str
    kind: str

    @property
    def never_ends(self) -> bool:
        """Whether it cannot be a folder: a camera, or an address of a protocol for streams."""
        scheme = urlsplit(self.address).scheme.lower() if self.kind == "address" else ""
        return self.kind == "device" or scheme in _SCHEMES

    @property
    def shown(self) -> str:
        """The address without user, password and query, for files and messages."""
        if self.kind != "address":
            return self.address
        parts = urlsplit(self.address)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def stream_source(text: str) -> StreamSource | None:
    """The stream that an address or a path means; None for a folder, and for what is not there.

    An `http` or `https` address that ends with a slash is a folder.
    """
    found = _ADDRESS.match(text)
    if found:
        scheme = found[1].lower()
        flows = scheme in _SCHEMES or (scheme in _WEB and not text.endswith("/"))
        return StreamSource(text, "address") if flows else None
    try:
        mode = Path(text).stat().st_mode
    except (OSError, ValueError):
        return None
    kinds = {stat.S_IFCHR: "device", stat.S_IFIFO: "pipe", stat.S_IFREG: "file"}
    kind = kinds.get(stat.S_IFMT(mode))
    return None if kind is None else StreamSource(str(Path(text).absolute()), kind)
