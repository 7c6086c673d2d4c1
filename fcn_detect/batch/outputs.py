"""The files of a run that others read: results.jsonl, run.json, one file or folder a format."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fcn_detect.batch.job import BatchJob, BatchSummary
from fcn_detect.batch.journal import Journal
from fcn_detect.batch.machine import Machine, mixture
from fcn_detect.bounded import read_bounded
from fcn_detect.detect import Detector
from fcn_detect.files import open_atomically, write_atomically
from fcn_detect.formats import RESULTS_NAME, WRITERS, Shown, StoredResults

RUN_NAME = "run.json"
MAX_BYTES = 64_000_000  # of it
COUNTS = ("total", "done", "failed", "resumed", "inferred")


def summarise(journal: Journal, seconds: float) -> BatchSummary:
    """What a run has come to by now, this start having taken so many seconds."""
    machines = journal.machine_counts()
    total, failed, now = sum(machines.values()), journal.index.failed(), journal.made_now()
    warning = mixture(machines)
    return BatchSummary(
        total=total,
        done=total - failed,
        failed=failed,
        resumed=total - now,
        inferred=now,
        seconds=seconds,
        warnings=() if warning is None else (warning,),
    )


def write_outputs(
    job: BatchJob,
    detector: Detector,
    journal: Journal,
    summary: BatchSummary,
    stream: dict[str, int] | None = None,
) -> StoredResults:
    """Writes all files of a run from its journal; the results as they are now on disk.

    Args:
        job: what was asked for.
        detector: what searched.
        journal: of the run.
        summary: of it.
        stream: counts of a stream's frames; None: it was a folder.
    """
    formats = sorted({*job.formats, *formats_there(job.run)})
    results = write_records(job.run, journal.records())
    write_formats(job.run, formats, results, Shown(detector.header.labels, detector.threshold))
    header = journal.header
    facts = {
        "version": header.version,
        "model": {
            "path": str(job.model),
            "sha256": header.model,
            "header": detector.header.model_dump(mode="json", exclude={"training", "figures"}),
        },
        "settings": {"sha256": header.settings, **detector.settings.model_dump(mode="json")},
        "searched_with": header.searched_with,
        "backend": header.searched_with["backend"],
        **_shown(detector),
        "folder": str(job.folder.absolute()),
        "shard": header.shard,
        "labels": list(detector.header.labels),
        "formats": formats,
        "machines": machine_facts(journal.machine_counts()),
        "warnings": list(summary.warnings),
        "counts": {name: getattr(summary, name) for name in COUNTS},
        **({} if stream is None else {"stream": stream}),
        "seconds": round(summary.seconds, 3),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    write_run_facts(job.run, facts)
    return results


def formats_there(run: Path) -> list[str]:
    """The formats that earlier starts have written, which must not stay behind the results."""
    try:
        named = json.loads(read_bounded(run / RUN_NAME, MAX_BYTES))["formats"]
        return [name for name in named if name in WRITERS]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def write_records(run: Path, records: Iterable[bytes]) -> StoredResults:
    """Writes results.jsonl, from lines that are sorted by image."""
    count = 0
    with open_atomically(run / RESULTS_NAME) as file:
        for record in records:
            file.write(record)
            count += 1
    return StoredResults(run / RESULTS_NAME, count)


def write_formats(run: Path, formats: Sequence[str], results: StoredResults, shown: Shown) -> None:
    """Writes the files of each format asked for."""
    for name in formats:
        WRITERS[name](results, run, shown)


def write_run_facts(run: Path, facts: dict[str, Any]) -> None:
    """Writes run.json."""
    write_atomically(run / RUN_NAME, json.dumps(facts, indent=1) + "\n")


def machine_facts(counts: dict[Machine, int]) -> list[dict[str, Any]]:
    """What made the records, and how many of them, as run.json tells it."""
    return [{**asdict(machine), "images": count} for machine, count in sorted(counts.items())]


def _shown(detector: Detector) -> dict[str, float]:
    """What is worth showing of the results: a score, or false alarms an image that lead to one."""
    if detector.settings.false_alarms is not None:
        return {"false_alarms": detector.settings.false_alarms}
    return {"threshold": detector.threshold((1, 1))}
