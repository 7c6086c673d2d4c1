"""A folder of images, searched to the last one."""

import hashlib
import json
import logging
import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fcn_detect.batch.decoders import DecoderPool, FileAnswer
from fcn_detect.batch.journal import FileState, Journal, JournalHeader
from fcn_detect.detect import Detector
from fcn_detect.errors import DataError, ImageError
from fcn_detect.files import write_atomically
from fcn_detect.formats import RESULTS_NAME, WRITERS, write_results
from fcn_detect.images import PreparedImage, find_images
from fcn_detect.results import Failure, ImageResult, Progress, silent

log = logging.getLogger(__name__)

JOURNAL_NAME = "journal.jsonl"
RUN_NAME = "run.json"
# Images whose boxes may wait while the network runs on.
IMAGES_BEHIND = 2


@dataclass(frozen=True)
class BatchJob:
    """What to search, and where the results go.

    Attributes:
        folder: searched with all folders in it.
        run: the run's folder: results.jsonl, run.json, the journal, one file per format.
        model: the model file, for its digest.
        workers: processes that read and resize; None means as many as cores.
        formats: keys of `fcn_detect.formats.WRITERS`.
        overwrite: whether to forget an earlier run in the same folder.
        retry_failed: whether to try images again that failed in a lasting way.
        timeout_s: seconds that reading and resizing one image may take.
    """

    folder: Path
    run: Path
    model: Path
    workers: int | None = None
    formats: Sequence[str] = ()
    overwrite: bool = False
    retry_failed: bool = False
    timeout_s: float = 60.0


@dataclass(frozen=True)
class BatchSummary:
    """What a run came to, in images.

    Attributes:
        total: in the folder.
        done: with detections, none or many.
        failed: with a failure.
        resumed: taken from the journal of an earlier start.
        inferred: searched by this start.
        seconds: that this start took.
    """

    total: int
    done: int
    failed: int
    resumed: int
    inferred: int
    seconds: float


def run_batch(
    job: BatchJob, detector: Detector, progress: Progress = silent
) -> tuple[BatchSummary, list[ImageResult]]:
    """Searches every image of a folder, and writes the run's files.

    Images that the run's journal holds are not searched again, unless they have changed. Each
    image gets one record, whatever happens to it; records do not depend on `workers`.

    Raises:
        DataError: the folder does not exist or holds no images; the journal is damaged or in
            use.
        SettingsError: the journal was begun with another model, settings or version.
    """
    start = time.monotonic()
    if not job.folder.is_dir():
        raise DataError(f"{job.folder}: there is no such folder of images")
    names = {path.relative_to(job.folder).as_posix(): path for path in find_images([job.folder])}
    header = _journal_header(job, detector)
    with Journal(job.run / JOURNAL_NAME, header, overwrite=job.overwrite) as journal:
        states = {name: FileState.of(path) for name, path in names.items()}
        waiting = {
            name: path
            for name, path in names.items()
            if not journal.is_done(name, states[name], job.retry_failed)
        }
        resumed = len(names) - len(waiting)
        report = _rate_report(progress, resumed, len(names))
        for name, result in _search_all(job, detector, waiting):
            journal.add(result, states[name])
            report()
        results = sorted(journal.results(set(names)), key=lambda result: result.image)
    failed = sum(result.failure is not None for result in results)
    counts = (len(results), len(results) - failed, failed, resumed, len(waiting))
    summary = BatchSummary(*counts, time.monotonic() - start)
    _write_run(job, detector, header, summary, results)
    return summary, results


def _search_all(
    job: BatchJob, detector: Detector, waiting: dict[str, Path]
) -> Iterator[tuple[str, ImageResult]]:
    """Each image's name and record, in the order in which they are prepared.

    Processes read, resize and pack; this thread runs the network; another makes boxes of its maps.
    """
    names = {path: name for name, path in waiting.items()}
    workers = max(1, min(job.workers or os.cpu_count() or 1, len(waiting)))
    boxes: deque[tuple[str, Future[ImageResult]]] = deque()
    with (
        DecoderPool(workers, job.timeout_s, detector.preparation) as pool,
        ThreadPoolExecutor(1) as thread,
    ):
        for answer in pool.prepare(waiting.values()):
            name = names[answer.path]
            boxes.append((name, _search(detector, name, answer, thread)))
            while len(boxes) > IMAGES_BEHIND or (boxes and boxes[0][1].done()):
                done, record = boxes.popleft()
                yield done, record.result()
        yield from ((name, record.result()) for name, record in boxes)


def _search(
    detector: Detector, name: str, answer: FileAnswer, thread: Executor
) -> Future[ImageResult]:
    """Runs the network on a prepared image; its record will come of the thread.

    Whatever goes wrong becomes a failure: no image may end a run.
    """
    if answer.prepared is None:
        return _made(ImageResult(name, None, None, None, answer.failure))
    prepared = answer.prepared
    try:
        if prepared.canvases is None and detector.in_tiles(prepared.image_hw):
            return _made(detector.result(answer.path, name)[0])
        score_maps = detector.score_prepared(prepared)
    except Exception as error:
        return _made(_failed(name, prepared, error))

    def find() -> ImageResult:
        try:
            return detector.prepared_result(name, prepared, score_maps)
        except Exception as error:
            return _failed(name, prepared, error)

    return thread.submit(find)


def _made(result: ImageResult) -> Future[ImageResult]:
    future: Future[ImageResult] = Future()
    future.set_result(result)
    return future


def _failed(name: str, prepared: PreparedImage, error: Exception) -> ImageResult:
    """The record of an image on which the search failed."""
    height, width = prepared.image_hw
    return ImageResult(name, width, height, None, _failure(name, error), prepared.warnings)


def _failure(name: str, error: Exception) -> Failure:
    if isinstance(error, ImageError):
        return Failure(error.kind, str(error))
    if isinstance(error, MemoryError):
        return Failure("out_of_memory", "the image did not fit into memory")
    log.error("%s: searching failed", name, exc_info=error)
    line = traceback.format_exception_only(error)[-1].strip().replace("\n", " ")
    kind = "out_of_memory" if "out of memory" in line.lower() else "crashed"
    return Failure(kind, line[:500])


def _journal_header(job: BatchJob, detector: Detector) -> JournalHeader:
    """What the records depend on."""
    with job.model.open("rb") as file:
        model = hashlib.file_digest(file, "sha256").hexdigest()
    settings = {
        "detect": detector.settings.model_dump(exclude={"threshold", "false_alarms"}),
        "backend": detector.backend.name,
    }
    text = json.dumps(settings, sort_keys=True)
    return JournalHeader(model, hashlib.sha256(text.encode()).hexdigest(), version("fcn-detect"))


def _rate_report(progress: Progress, done: int, total: int) -> Callable[[], None]:
    """A function to call after each image: says how many are done, and how fast."""
    start = time.monotonic()
    finished = 0

    def report() -> None:
        nonlocal finished
        finished += 1
        rate = finished / max(1e-9, time.monotonic() - start)
        progress("searching images", done + finished, total, f"{rate:.1f} images/s")

    return report


def _write_run(
    job: BatchJob,
    detector: Detector,
    header: JournalHeader,
    summary: BatchSummary,
    results: list[ImageResult],
) -> None:
    """results.jsonl, run.json and the files of the formats asked for."""
    write_results(results, job.run / RESULTS_NAME)
    for name in job.formats:
        WRITERS[name](results, job.run, detector.header.labels)
    counts = ("total", "done", "failed", "resumed", "inferred")
    facts: dict[str, Any] = {
        "version": header.version,
        "model": {"path": str(job.model), "sha256": header.model},
        "settings": {"sha256": header.settings, **detector.settings.model_dump()},
        "backend": detector.backend.name,
        **_shown(detector),
        "counts": {name: getattr(summary, name) for name in counts},
        "seconds": round(summary.seconds, 3),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    write_atomically(job.run / RUN_NAME, json.dumps(facts, indent=1) + "\n")


def _shown(detector: Detector) -> dict[str, float]:
    """What is worth showing of the results: a score, or false alarms an image that lead to one."""
    if detector.settings.false_alarms is not None:
        return {"false_alarms": detector.settings.false_alarms}
    return {"threshold": detector.threshold((1, 1))}
