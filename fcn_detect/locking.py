"""One process a folder, where the system can see to it."""

from pathlib import Path
from typing import IO

from fcn_detect.errors import DataError

LOCK_NAME = "lock"


def lock(folder: Path, what: str) -> IO[bytes]:
    """A file in a folder that no other process can lock until it is closed, or this one is gone.

    Args:
        folder: that is worked on.
        what: is worked on, for the message.

    Raises:
        DataError: another process has locked it.
    """
    file = (folder / LOCK_NAME).open("ab")
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return file
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataError(
            f"{what}: another process is working on it; wait for it, or give another name with -o"
        ) from None
    return file
