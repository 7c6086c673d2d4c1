"""Files that come into a folder: told by the system's events, or found by listing it again."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fcn_detect.batch.lines import FileState
from fcn_detect.images import Address, Place, image_names, is_image_name

log = logging.getLogger(__name__)

# Longest wait for an event, so that a stop is seen and files settle in time.
LOOK_S = 0.5

Names = set[str] | None
"""Images that were written to; None where nobody tells, and the folder must be listed."""


@dataclass
class Settling:
    """Files that have come or changed, until they are whole.

    A file is whole when its size and time have not changed for some seconds of looking.

    Attributes:
        folder: that they are in.
        settle_s: these seconds.
    """

    folder: Place
    settle_s: float
    _since: dict[str, tuple[FileState, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._since)

    def add(self, names: Iterable[str]) -> None:
        """Begins to look at files; those looked at already stay as they are."""
        for name in names:
            if name not in self._since:
                self._since[name] = FileState.of(self.folder / name), time.monotonic()

    def take_whole(self) -> list[str]:
        """The files that have become whole, sorted; they are looked at no longer.

        Files that are gone are forgotten.
        """
        now, whole = time.monotonic(), []
        for name, (known, since) in sorted(self._since.items()):
            state = FileState.of(self.folder / name)
            if state == FileState(0, 0):
                del self._since[name]
            elif state != known:
                self._since[name] = state, now
            elif now - since >= self.settle_s:
                whole.append(name)
                del self._since[name]
        return whole


def arrivals(folder: Place, stopped: Callable[[], bool], poll: bool) -> Iterator[Names]:
    """What comes into a folder, at least every `LOOK_S` seconds, until it is stopped.

    Events of the system where they are to be had and wanted; else, and of addresses, only None.
    """
    if not poll and not isinstance(folder, Address):
        try:
            yield from _events(folder, stopped)
            return
        except (ImportError, OSError, RuntimeError) as error:  # shares of the network, limits
            log.warning("no file events (%s): the folder is listed again and again", error)
    while not stopped():
        yield None
        time.sleep(LOOK_S)


def _events(folder: Path, stopped: Callable[[], bool]) -> Iterator[Names]:
    import watchfiles

    root = folder.resolve()
    changes = watchfiles.watch(
        root,
        watch_filter=None,
        debounce=100,
        rust_timeout=int(1000 * LOOK_S),
        yield_on_timeout=True,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    for batch in changes:
        if stopped():
            return
        written = [Path(path) for kind, path in batch if kind != watchfiles.Change.deleted]
        yield {name for path in written for name in _images(path, root)}


def _images(path: Path, root: Path) -> Iterator[str]:
    """What a path means: itself, or the images in a folder that came with its files."""
    inside = path.relative_to(root).as_posix()
    names = (f"{inside}/{name}" for name in image_names(path)) if path.is_dir() else [inside]
    return (name for name in names if is_image_name(name))
