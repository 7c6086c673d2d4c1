"""Huge images, laid on disk by a process of their own, which may hang or die without harm."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from fcn_detect.errors import ImageError
from fcn_detect.images import HalfStore, PictureHeader, StreamingRules, store_image
from fcn_detect.processes import START_S, ChildProcess
from fcn_detect.results import Progress, silent

Layer = Callable[..., HalfStore]  # `store_image`, or what a test puts in its place


def store_apart(
    path: Path,
    header: PictureHeader,
    rules: StreamingRules,
    progress: Progress = silent,
    *,
    limit_s: float,
    layer: Layer = store_image,
) -> HalfStore:
    """The halves of a huge image, as `store_image` lays them down, from another process.

    Args:
        path: of the image.
        header: of it.
        rules: for unusual files.
        progress: in megapixels.
        limit_s: seconds that may pass without a row coming; then the process is killed.
        layer: what lays the halves down in a folder.

    Raises:
        ImageError: it cannot be read, is larger than allowed, or the disk is full; the process
            hung (`timeout`) or died (`crashed`).
    """
    store = HalfStore(header.size_hw)
    with ExitStack() as undone:
        undone.callback(store.close)
        arguments = (layer, path, header, rules, store.file(0).parent)
        store.image_hw, store.notes = _stored(arguments, limit_s, progress)
        undone.pop_all()
    return store


def _stored(
    arguments: tuple[object, ...], limit_s: float, progress: Progress
) -> tuple[tuple[int, int], list[str]]:
    """Height, width and notes of the image that another process has laid down."""
    with ChildProcess(_lay, *arguments) as process:
        try:
            return _wait(process.connection, limit_s, progress)
        except EOFError:
            message = f"the process that read it died (exit code {process.exit_code})"
            raise ImageError("crashed", message) from None


def _wait(
    connection: Connection, limit_s: float, progress: Progress
) -> tuple[tuple[int, int], list[str]]:
    """What the other process says at its end, while its progress is told.

    Raises:
        EOFError: it died.
        ImageError: it failed, or was silent for too long.
    """
    patience_s = START_S
    while connection.poll(patience_s):
        what, *facts = connection.recv()
        if what == "stored":
            image_hw, notes = facts
            return image_hw, notes
        if what == "failed":
            raise ImageError(*facts)
        patience_s = limit_s
        if what == "read":
            done, total = facts
            progress("reading", done, total, "megapixels")
    raise ImageError("timeout", f"no row of the picture came for {patience_s:g} s")


def _lay(
    connection: Connection,
    layer: Layer,
    path: Path,
    header: PictureHeader,
    rules: StreamingRules,
    folder: Path,
) -> None:
    """Lays an image down in a folder that stays, and says how it goes and what came of it."""

    def told(_what: str, done: int, total: int, _note: str) -> None:
        connection.send(("read", done, total))

    with suppress(OSError):  # nobody waits for it any more
        connection.send(("begun",))
        try:
            store = layer(path, header, rules, told, folder=folder)
        except ImageError as error:
            connection.send(("failed", error.kind, str(error)))
            return
        store.close.detach()
        connection.send(("stored", store.image_hw, store.notes))
