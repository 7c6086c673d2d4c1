"""One process a run, where the system can see to it."""

from pathlib import Path
from typing import IO

from fcn_detect.errors import DataError


def lock(path: Path, run: Path) -> IO[bytes]:
    """A file that no other process can lock until it is closed, or this process is gone.

    Raises:
        DataError: another process has locked it.
    """
    file = path.open("ab")
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return file
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataError(
            f"{run}: another process is working on this run; wait for it, or give another folder"
        ) from None
    return file
