"""A run's folder that this process works on: planned, searched, written."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import takewhile

from fcn_detect.batch.engines import Engine
from fcn_detect.batch.header import JournalHeader
from fcn_detect.batch.job import BatchJob, BatchSummary
from fcn_detect.batch.journal import Journal
from fcn_detect.batch.lines import FileState
from fcn_detect.batch.outputs import summarise, write_outputs
from fcn_detect.detect import Detector
from fcn_detect.errors import DataError
from fcn_detect.formats import StoredResults
from fcn_detect.images import Address, image_names
from fcn_detect.results import FAILURE_KINDS, ImageResult, Progress

log = logging.getLogger(__name__)

# Failures that may pass: such images are tried again on every start.
PASSING_KINDS = ("unreadable", "timeout", "crashed", "out_of_memory")
FILES_BETWEEN_REPORTS = 5000


class OpenRun:
    """A folder of images, the journal of its run, and what is still to be done.

    Use it as a context manager.

    Attributes:
        job: what is asked for.
        journal: what has been done, by any start.
        listed: number of images that the last `plan` found.
        waiting: number of those that are to be searched.
        searched: number of images that this start has searched.
    """

    def __init__(
        self, job: BatchJob, detector: Detector, engine: Engine, progress: Progress
    ) -> None:
        """Opens or begins the run; raises as `Journal` does."""
        self._start = time.monotonic()
        self.job, self.detector, self._engine, self._progress = job, detector, engine, progress
        header = JournalHeader.of(job, detector, engine.machine)
        self.journal = Journal(job.run, header, overwrite=job.overwrite)
        self.listed = self.waiting = self.searched = 0
        self._own = _own_prefix(job)

    def __enter__(self) -> "OpenRun":
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.__exit__()

    @property
    def kinds_tried_again(self) -> Collection[str]:
        """Failures whose images a start of this job searches again."""
        return tuple(FAILURE_KINDS) if self.job.retry_failed else PASSING_KINDS

    def plan(self, again: Collection[str], may_be_empty: bool = False) -> None:
        """Lists the folder, and finds out what is to be searched.

        Args:
            again: kinds of failures that are tried again.
            may_be_empty: whether a folder without any image is no error.

        Raises:
            DataError: there is no image in the folder.
        """
        index, listed = self.journal.index, 0

        def files() -> Iterator[tuple[str, FileState]]:
            nonlocal listed
            for listed, (name, state) in enumerate(self._list(), start=1):
                if listed % FILES_BETWEEN_REPORTS == 0:
                    self._progress("listing files", 0, 1, f"{listed:,} so far")
                if self.holds(name):
                    yield name, state or self.state(name)

        index.list_files(files())
        if not listed and not may_be_empty:
            raise DataError(
                f"no images found in '{self.job.folder}'; looked for .jpg, .png, .tif and others"
            )
        self.listed = index.files()
        self.waiting = index.find_waiting(again, self.job.check_content)

    def holds(self, name: str) -> bool:
        """Whether an image is in the job's shard, and no picture of the run itself."""
        if self._own is not None and name.startswith(self._own):
            return False
        return self.job.shard is None or self.job.shard.holds(name)

    def state(self, name: str) -> FileState:
        """Of a file now."""
        folder = self.job.folder
        path = folder / name if isinstance(folder, Address) else f"{folder}/{name}"
        return FileState.of(path, self.job.check_content)

    def _list(self) -> Iterator[tuple[str, FileState | None]]:
        """The images in the folder, with the states of those that the listing tells."""
        folder = self.job.folder
        if not isinstance(folder, Address):
            yield from ((name, None) for name in image_names(folder, self.job.own_folder))
            return
        for file in folder.images():
            is_known = file.is_told and not self.job.check_content
            yield file.name, FileState(file.size, file.stamp) if is_known else None

    def search(
        self,
        names: Iterable[str],
        stopped: Callable[[], bool],
        count: int | None,
        report: Callable[[], None],
    ) -> None:
        """Searches listed images, to the end or until it is stopped; keeps each record at once.

        Args:
            names: of the images.
            stopped: whether no further image shall be begun; those on the way are finished.
            count: of the images, where no more will come.
            report: called after each image.
        """
        names = takewhile(lambda _: not stopped(), names)
        for result, machine in self._engine.search(names, count):
            self.journal.add(result, self.journal.index.state(result.image), machine)
            self.searched += 1
            log.info("%s: %s", result.image, _outcome(result))
            report()

    def write(self) -> tuple[BatchSummary, StoredResults]:
        """Writes results.jsonl, run.json and the formats: all that the journal holds by now."""
        summary = summarise(self.journal, time.monotonic() - self._start)
        return summary, write_outputs(self.job, self.detector, self.journal, summary)


def _own_prefix(job: BatchJob) -> str | None:
    """How names of pictures begin that the run itself has written; None where it lies elsewhere."""
    if isinstance(job.folder, Address):
        return None
    own, folder = job.own_folder.resolve(), job.folder.resolve()
    return f"{own.relative_to(folder).as_posix()}/" if own.is_relative_to(folder) else None


def rate_report(progress: Progress, total: int, waiting: int) -> Callable[[], None]:
    """A function to call after each image: says how many are done, and how fast."""
    start, finished = time.monotonic(), 0

    def report() -> None:
        nonlocal finished
        finished += 1
        rate = finished / max(1e-9, time.monotonic() - start)
        progress("searching images", total - waiting + finished, total, f"{rate:.1f} images/s")

    return report


def _outcome(result: ImageResult) -> str:
    if result.failure is not None:
        return str(result.failure)
    return f"{len(result.detections or ())} detections"
