"""A stream: its newest frame is searched whenever the network is free, until it is stopped."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from fcn_detect.batch.header import JournalHeader
from fcn_detect.batch.job import BatchJob, BatchSummary
from fcn_detect.batch.journal import Journal
from fcn_detect.batch.lines import FileState
from fcn_detect.batch.machine import Machine
from fcn_detect.batch.outputs import summarise, write_outputs
from fcn_detect.batch.turns import Turn
from fcn_detect.detect import Detector
from fcn_detect.errors import SettingsError
from fcn_detect.formats import StoredResults
from fcn_detect.results import Progress, silent
from fcn_detect.video import Patience, StreamReader, StreamSource, frame_name

WRITE_S = 10.0
_NO_FILE = FileState(0, 0)


@dataclass(frozen=True)
class StreamCounts:
    """What became of the frames that came since this start.

    Attributes:
        arrived: frames that were decoded.
        searched: of these, those that have a record.
        dropped: those that a newer one went before.
        reconnects: how often the stream was opened anew.
    """

    arrived: int
    searched: int
    dropped: int
    reconnects: int

    @classmethod
    def of(cls, reader: StreamReader) -> "StreamCounts":
        """By now."""
        given, arrived = reader.given, reader.arrived
        return cls(arrived, given, arrived - given, reader.reconnects)


def watch_stream(
    job: BatchJob,
    detector: Detector,
    source: StreamSource,
    stopped: Callable[[], bool],
    patience: Patience | None = None,
    progress: Progress = silent,
) -> tuple[BatchSummary, StreamCounts, StoredResults]:
    """Searches a stream until it is stopped; a frame at a time, the newest that there is.

    The frame at hand is then finished, and the files of the run are written; they are also written
    from time to time. A later start goes on with the numbers of the frames.

    Args:
        job: where the results go; `job.folder` is what run.json calls the stream.
        detector: with which.
        source: the stream.
        stopped: whether to end.
        patience: with the stream; None: as is the default.
        progress: told how many frames were searched and dropped.

    Raises:
        DataError: the journal is damaged or in use.
        SettingsError: the journal was begun with another model, settings or version, or the job
            asks for what a stream has not.
    """
    if job.shard is not None or job.engine != "local":
        raise SettingsError("a stream is searched by this machine alone: no --shard, --engine ray")
    machine = Machine.of(detector.backend)
    header = JournalHeader.of(job, detector, machine)
    with Journal(job.run, header, overwrite=job.overwrite) as journal:
        live = _Live(job, detector, journal, progress)
        live.reader = StreamReader(
            source, stopped, patience or Patience(), live.report, _first(journal)
        )
        for frame in live.reader.frames():
            name = frame_name(frame.video.number)
            journal.index.add_files([(name, _NO_FILE)])
            journal.add(detector.frame_result(frame, name)[0], _NO_FILE, machine)
            live.report()
        return live.write()


class _Live:
    """A stream's run: tells how far it is, and writes its files now and then."""

    reader: StreamReader

    def __init__(
        self, job: BatchJob, detector: Detector, journal: Journal, progress: Progress
    ) -> None:
        self._job, self._detector, self._journal = job, detector, journal
        self._progress, self._start = progress, time.monotonic()
        self._writing, self._written = Turn(WRITE_S), 0
        journal.index.list_recorded()

    def report(self) -> None:
        """Tells what was searched and dropped; new records come to readers."""
        counts = StreamCounts.of(self.reader)
        if counts.searched > self._written:
            self._writing.take(self._write)
        note = f"{counts.dropped} frames dropped"
        self._progress("watching", counts.searched, counts.searched + 1, note)

    def write(self) -> tuple[BatchSummary, StreamCounts, StoredResults]:
        """Writes all that is known by now."""
        counts = StreamCounts.of(self.reader)
        self._written = counts.searched
        summary = summarise(self._journal, time.monotonic() - self._start)
        told = asdict(counts)
        return (
            summary,
            counts,
            write_outputs(self._job, self._detector, self._journal, summary, told),
        )

    def _write(self) -> None:
        self.write()


def _first(journal: Journal) -> int:
    """The number that follows those of the frames that have records."""
    last = journal.index.last()
    return 0 if last is None else int(last.rpartition("-")[2]) + 1
