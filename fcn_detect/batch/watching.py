"""A folder that keeps growing: new files are searched as they become whole."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from fcn_detect.batch.arrivals import Names, Settling, arrivals
from fcn_detect.batch.engines import open_engine
from fcn_detect.batch.job import BatchJob, BatchSummary
from fcn_detect.batch.open_run import OpenRun
from fcn_detect.batch.turns import Turn
from fcn_detect.detect import Detector
from fcn_detect.formats import StoredResults
from fcn_detect.results import Progress, silent

# Files that are looked at until they are whole; a folder may hold millions when a watch begins.
FILES_AT_ONCE = 5000


@dataclass(frozen=True)
class Watch:
    """How a folder is watched; the seconds between are more where a thing takes long.

    Attributes:
        poll: whether to list the folder again and again, though there were events.
        settle_s: seconds for which a whole file has not changed.
        list_s: seconds between two listings without events.
        relist_s: likewise with events, of which some may be lost.
        write_s: seconds between two writings of results.jsonl.
    """

    poll: bool = False
    settle_s: float = 2.0
    list_s: float = 5.0
    relist_s: float = 300.0
    write_s: float = 10.0


def watch_folder(
    job: BatchJob,
    detector: Detector,
    stopped: Callable[[], bool],
    watch: Watch | None = None,
    progress: Progress = silent,
) -> tuple[BatchSummary, StoredResults]:
    """Searches a folder and whatever comes into it, until it is stopped.

    Images on the way are then finished, and the files of the run are written; they are also
    written from time to time, so that a reader sees new records. A later start goes on.

    Args:
        job: what to search.
        detector: with which.
        stopped: whether to end.
        watch: how to watch; None: as is the default.
        progress: told how many images are done.

    Raises:
        DataError: the folder does not exist; the journal is damaged or in use.
        SettingsError: the journal was begun with another model, settings, version or shard.
    """
    job.check_folder()
    watch = watch or Watch()
    with open_engine(job, detector) as engine, OpenRun(job, detector, engine, progress) as run:
        watching = _Watching(run, watch, stopped, progress)
        for names in arrivals(job.folder, stopped, watch.poll):
            watching.look(names)
        return run.write()


class _Watching:
    """A watched run: looks, searches and writes in turns."""

    def __init__(
        self, run: OpenRun, watch: Watch, stopped: Callable[[], bool], progress: Progress
    ) -> None:
        self._run, self._stopped, self._progress = run, stopped, progress
        self._settling = Settling(run.job.folder, watch.settle_s)
        self._listing = {True: Turn(watch.list_s), False: Turn(watch.relist_s)}
        self._writing = Turn(watch.write_s)
        self._again: Collection[str] = run.kinds_tried_again
        self._backlog: Iterator[str] = iter(())
        self._before = self._written = 0

    def look(self, names: Names) -> None:
        """Takes up what has come, searches what is whole, and writes when it is time."""
        self._settling.add(filter(self._is_news, names or ()))
        self._listing[names is None].take(self._list)
        room = max(0, FILES_AT_ONCE - len(self._settling))
        self._settling.add(islice(self._backlog, room))
        whole = self._settling.take_whole()
        self._run.journal.index.add_files((name, self._run.state(name)) for name in whole)
        if whole:
            self._run.search(whole, self._stopped, None, self._report)
        self._report()

    def _is_news(self, name: str) -> bool:
        """Whether a file that an event named is ours, and is not as it was when searched."""
        if not self._run.holds(name):
            return False
        known, now = self._run.journal.index.recorded_state(name), self._run.state(name)
        if known is not None and now.content is not None:
            return (now.size, now.content) != (known.size, known.content)
        return now != known

    def _list(self) -> None:
        """Lists the folder; failures are tried again only after a start."""
        run = self._run
        run.plan(self._again, may_be_empty=True)
        self._again, self._before = (), run.listed - run.waiting - run.searched
        self._backlog = run.journal.index.waiting()

    def _write(self) -> None:
        self._written = self._run.searched
        self._run.write()

    def _report(self) -> None:
        """Tells how far it is; new records come to readers even while many images wait."""
        if self._run.searched > self._written:
            self._writing.take(self._write)
        done = self._before + self._run.searched
        total = max(self._run.listed, done + len(self._settling))
        self._progress("watching", done, total + 1, f"{done} done")
