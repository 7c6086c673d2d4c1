"""Runs of the shards of one folder, or of folders apart, put together to one run."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from fcn_detect.batch.facts import RunFacts, check_alike, check_complete, read_facts
from fcn_detect.batch.job import BatchSummary
from fcn_detect.batch.journal import JOURNAL_NAME
from fcn_detect.batch.machine import Machine, mixture
from fcn_detect.batch.outputs import (
    COUNTS,
    formats_there,
    machine_facts,
    write_formats,
    write_records,
    write_run_facts,
)
from fcn_detect.batch.parts import copy_parts
from fcn_detect.bounded import bounded_lines
from fcn_detect.detect import Threshold, level_plan
from fcn_detect.errors import DataError, SettingsError
from fcn_detect.formats import RESULTS_NAME, Shown, StoredResults, record_name
from fcn_detect.locking import lock

Named = tuple[bytes, bytes, Path]  # sort key of a record, its line, and the run that holds it


def merge_runs(
    runs: Sequence[Path], out: Path, formats: Collection[str] = (), overwrite: bool = False
) -> tuple[BatchSummary, StoredResults]:
    """Writes the run that the folder would have had in one piece, its journal included.

    Args:
        runs: finished runs; all shards of a folder, if they are of shards.
        out: the new run's folder.
        formats: keys of `fcn_detect.formats.WRITERS` to write, beside those that the runs have.
        overwrite: whether `out` may hold a run, which is forgotten.

    Raises:
        SettingsError: the runs were made with different models, settings or versions, or `out`
            cannot be meant.
        DataError: a run is not finished, a shard is missing, or images have different records.
    """
    facts = [read_facts(run) for run in runs]
    check_alike(facts)
    check_complete(facts)
    _check_free(out, runs, overwrite)
    wanted = sorted(
        {*formats, *(name for one in facts for name in one.content["formats"]), *formats_there(out)}
    )
    shown = _shown(facts[0])
    (out / JOURNAL_NAME).mkdir(parents=True, exist_ok=True)
    with lock(out / JOURNAL_NAME, str(out)):
        results = write_records(out, _records(runs))
        copy_parts([run / JOURNAL_NAME for run in runs], out / JOURNAL_NAME)
        write_formats(out, wanted, results, shown)
        summary = _summary(facts, results)
        write_run_facts(out, _facts(facts, summary, wanted))
    return summary, results


def _shown(facts: RunFacts) -> Shown:
    """What formats show: as the runs did."""
    plan = level_plan(facts.header, facts.settings)
    return Shown(facts.header.labels, Threshold(facts.header, facts.settings, plan))


def _check_free(out: Path, runs: Sequence[Path], overwrite: bool) -> None:
    if out.resolve() in [run.resolve() for run in runs]:
        raise SettingsError(f"-o {out}: this is one of the runs to merge; give another folder")
    if (out / JOURNAL_NAME).exists() and not overwrite:
        raise SettingsError(f"-o {out}: it holds a run; give another folder, or --overwrite")


def _records(runs: Sequence[Path]) -> Iterator[bytes]:
    """The records of all runs, sorted by name; an image that several hold alike comes once."""
    differing: list[list[Path]] = []
    first = ""
    with ExitStack() as stack:
        streams = [_named(run, stack) for run in runs]
        for _, group in groupby(merge(*streams, key=itemgetter(0)), itemgetter(0)):
            found = list(group)
            if len({line for _, line, _ in found}) > 1:
                first = first or record_name(found[0][1]) or ""
                differing.append([run for _, _, run in found])
            yield found[0][1]
    if differing:
        raise DataError(
            f"{len(differing)} images have different records in two runs, the first is '{first}' "
            f"in {' and '.join(map(str, differing[0]))}; merge runs of shards, or of folders apart"
        )


def _named(run: Path, stack: ExitStack) -> Iterator[Named]:
    file = stack.enter_context((run / RESULTS_NAME).open("rb"))
    number = 1
    try:
        for line in bounded_lines(file):
            yield _name(line).encode("utf-8", "surrogatepass"), line, run
            number += 1
    except ValueError as error:
        raise DataError(f"{run / RESULTS_NAME}, line {number}: {error}") from None


def _name(line: bytes) -> str:
    if (name := record_name(line)) is None:
        raise ValueError("it is no record of an image")
    return name


def _summary(facts: Sequence[RunFacts], results: StoredResults) -> BatchSummary:
    failed = results.count_failures()
    counts = [one.content["counts"] for one in facts]
    warning = mixture(_machines(facts))
    return BatchSummary(
        total=len(results),
        done=len(results) - failed,
        failed=failed,
        resumed=sum(count["resumed"] for count in counts),
        inferred=sum(count["inferred"] for count in counts),
        seconds=sum(one.content["seconds"] for one in facts),
        warnings=() if warning is None else (warning,),
    )


def _facts(
    facts: Sequence[RunFacts], summary: BatchSummary, formats: Sequence[str]
) -> dict[str, Any]:
    """run.json of the whole: what the runs have in common, and what each was."""
    told = ("shard", "machines", "warnings", "counts", "seconds", "finished")
    parts = [{"run": str(one.run), **{key: one.content[key] for key in told}} for one in facts]
    return {
        **facts[0].content,
        "shard": None,
        "formats": list(formats),
        "machines": machine_facts(_machines(facts)),
        "warnings": list(summary.warnings),
        "counts": {name: getattr(summary, name) for name in COUNTS},
        "seconds": round(summary.seconds, 3),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "merged": parts,
    }


def _machines(facts: Sequence[RunFacts]) -> dict[Machine, int]:
    counts = dict[Machine, int]()
    for one in facts:
        for machine, count in one.machines.items():
            counts[machine] = counts.get(machine, 0) + count
    return counts
