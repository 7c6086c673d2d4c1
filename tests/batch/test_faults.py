"""Workers that die or hang, clocks that jump: the run as if nothing had been, after a restart."""

import json
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import replace

import pytest

from fcn_detect.batch import Watch, decoders, run_batch, watch_folder
from fcn_detect.batch.index import Index
from fcn_detect.batch.lines import FileState
from fcn_detect.locking import lock


def records(run):
    return (run / "results.jsonl").read_bytes()


@pytest.fixture
def calm(job, detector, tmp_path):
    run = tmp_path / "calm"
    run_batch(replace(job, run=run), detector)
    return records(run)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number, kind", [(signal.SIGKILL, "crashed"), (signal.SIGSTOP, "timeout")])
def test_workers_that_die_or_hang_cost_their_image_until_the_next_start(
    job, detector, calm, number, kind, monkeypatch
):
    signalled = []

    def progress(_task, done, _total, _note=""):
        if done in (3, 9):
            for child in multiprocessing.active_children():
                signalled.append(child.pid)
                os.kill(child.pid, number)

    limit = 60.0 if kind == "crashed" else 1.0
    with monkeypatch.context() as patched:
        patched.setattr(decoders, "START_S", 30.0)  # one may be stopped while it starts
        summary, results = run_batch(replace(job, timeout_s=limit), detector, progress)
    kinds = [result.failure.kind for result in results if result.failure]
    assert summary.total == 20
    assert signalled
    assert set(kinds) <= {kind}
    if kind == "timeout":
        assert kinds
    else:  # a worker that is killed may have answered before
        assert len(kinds) <= len(signalled)
    summary, _ = run_batch(job, detector)
    assert summary.inferred == len(kinds)
    assert records(job.run) == calm


@pytest.mark.parametrize("year", [1915, 1965, 2040, 2300])
def test_files_of_any_age_are_searched_once(inline, detector, calm, year):
    seconds = round((year - 1970) * 365.25 * 86400)
    paths = sorted(inline.folder.rglob("*.png"))
    for i, path in enumerate(paths):
        os.utime(path, (seconds + i, seconds + i))
    run_batch(inline, detector)
    assert records(inline.run) == calm
    assert run_batch(inline, detector)[0].inferred == 0
    os.utime(paths[0], (seconds - 1, seconds - 1))
    assert run_batch(inline, detector)[0].inferred == 1
    assert records(inline.run) == calm


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, 2**63, -(2**63) - 1, 2**80])
def test_any_time_of_a_file_fits_into_the_index(value, tmp_path, monkeypatch):
    class Stat:
        st_size, st_mtime_ns = 1, value

    monkeypatch.setattr("fcn_detect.batch.lines.os.stat", lambda _path: Stat)
    state = FileState.of(tmp_path)
    assert -(2**63) <= state.modified_ns < 2**63
    if -(2**63) <= value < 2**63:
        assert state.modified_ns == value


@pytest.mark.parametrize("step", [-86400.0, 1e9])
def test_a_clock_that_jumps_changes_no_record(inline, detector, calm, monkeypatch, step):
    now, times = time.time(), iter(range(10_000_000))
    monkeypatch.setattr(time, "time", lambda: now + step * next(times))
    run_batch(inline, detector)
    assert records(inline.run) == calm
    again = replace(inline, run=inline.run.with_name("watched"))
    watch = Watch(poll=True, settle_s=0.0, list_s=0.0, write_s=0.0)

    def all_done():
        path = again.run / "run.json"
        return path.exists() and json.loads(path.read_text())["counts"]["done"] == 20

    watch_folder(again, detector, all_done, watch)
    assert records(again.run) == calm


def test_what_killed_starts_left_half_written_is_removed(inline, detector):
    run_batch(inline, detector)
    half, others = inline.run / f".{'0' * 16}.tmp", inline.run / ".mine.tmp"
    for path in (half, others):
        path.write_bytes(b"half")
    run_batch(inline, detector)
    assert not half.exists()
    assert others.exists()


def test_an_index_that_finds_no_room_on_the_disk_says_so():
    index = Index()
    index._db.execute("PRAGMA max_page_count = 20")
    with pytest.raises(OSError, match="no room for the index"):
        index.list_files((f"{i:0100}", FileState(i, i)) for i in range(10_000))
    index.close()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such locks")
def test_a_folder_is_locked_until_its_owner_lets_go(tmp_path):
    with lock(tmp_path, "mine"), pytest.raises(ValueError, match="mine: another process"):
        lock(tmp_path, "mine")
    lock(tmp_path, "mine").close()
