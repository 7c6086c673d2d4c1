"""What searches the images of a plan: one file an engine, one protocol, one table."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, Self

from fcn_detect.batch.job import BatchJob
from fcn_detect.batch.local_engine import LocalEngine
from fcn_detect.batch.machine import Machine
from fcn_detect.detect import Detector
from fcn_detect.errors import SettingsError
from fcn_detect.results import ImageResult


class Engine(Protocol):
    """Searches images by their names; a context manager.

    Attributes:
        machine: what its networks run on; where they differ, the first.
    """

    machine: Machine

    def __enter__(self) -> Self:
        """Itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """Ends its processes, whatever they do."""
        ...

    def search(
        self, names: Iterable[str], count: int | None = None
    ) -> Iterator[tuple[ImageResult, Machine]]:
        """Each image's record and what made it, in any order; may be called again and again.

        Args:
            names: paths inside the job's folder; taken one by one, as there is room.
            count: of the names, where that is known.
        """
        ...


def _ray(job: BatchJob, detector: Detector) -> Engine:
    from fcn_detect.batch.ray_engine import RayEngine

    return RayEngine(job, detector)


ENGINES: dict[str, Callable[[BatchJob, Detector], Engine]] = {"local": LocalEngine, "ray": _ray}


def open_engine(job: BatchJob, detector: Detector) -> Engine:
    """The engine that a job asks for.

    Raises:
        SettingsError: there is no such engine.
        MissingExtraError: its library is not installed.
    """
    if job.engine not in ENGINES:
        raise SettingsError(
            f"--engine {job.engine}: there is no such engine; expected {' or '.join(ENGINES)}"
        )
    return ENGINES[job.engine](job, detector)
