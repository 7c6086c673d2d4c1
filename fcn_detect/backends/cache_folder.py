"""The folder of what can be made again: nets exported for other runtimes."""

import os
import sys
from pathlib import Path

VARIABLE = "FCN_DETECT_CACHE"


def cache_folder() -> Path:
    """Where this user's programs keep such files; the variable `FCN_DETECT_CACHE` goes first.

    Source: XDG Base Directory Specification; Apple, "File System Programming Guide"; Microsoft,
    "Known Folder IDs" (FOLDERID_LocalAppData).
    """
    if given := os.environ.get(VARIABLE):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "fcn-detect"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(local) / "fcn-detect" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fcn-detect"
