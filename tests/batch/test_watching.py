"""A growing folder: files are taken once, when they are whole, and survive restarts."""

import json
import time
from dataclasses import replace

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from fcn_detect.batch import Watch, run_batch, watch_folder, watching
from fcn_detect.images import Address

QUICK = {"settle_s": 0.2, "list_s": 0.2, "write_s": 0.1}


class Script:
    """Does one step after the other, each when its condition holds; then the watch is stopped."""

    def __init__(self, *steps):
        self.steps, self.ended = list(steps), time.monotonic() + 60

    def __call__(self):
        assert time.monotonic() < self.ended, f"{len(self.steps)} steps are left"
        if self.steps and self.steps[0][0]():
            self.steps.pop(0)[1]()
        return not self.steps


def recorded(run):
    path = run / "results.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["image"] for line in lines]


def nothing():
    pass


@pytest.mark.parametrize("poll", [True, False])
def test_new_files_are_searched_and_readers_see_them(inline, detector, poll):
    folder, run = inline.folder, inline.run

    def add():
        (folder / "later").mkdir()
        Image.new("RGB", (40, 40)).save(folder / "later" / "new.png")
        (folder / "half.png").write_bytes((folder / "cam0" / "000.png").read_bytes()[:50])

    def finish():
        (folder / "half.png").write_bytes((folder / "cam0" / "000.png").read_bytes())

    def whole():
        return (folder / "half.png").exists() and "later/new.png" in recorded(run)

    done = Script(
        (lambda: len(recorded(run)) == 20, add),
        (whole, finish),
        (lambda: json.loads((run / "run.json").read_text())["counts"]["done"] == 22, nothing),
    )
    watch = Watch(poll=poll, relist_s=1.0, **QUICK)
    summary, results = watch_folder(inline, detector, done, watch)
    assert (summary.total, summary.failed) == (22, 0)
    watched = (run / "results.jsonl").read_bytes()
    again, _ = run_batch(inline, detector)  # a plain start goes on from it
    assert (again.resumed, again.inferred) == (22, 0)
    assert (run / "results.jsonl").read_bytes() == watched
    assert len(results) == 22


def test_a_stop_finishes_what_is_on_the_way_and_a_restart_goes_on(inline, detector):
    searched = []

    def progress(task, done, total, note=""):  # noqa: ARG001
        searched.append(done)

    watch = Watch(poll=True, **QUICK)
    summary, _ = watch_folder(inline, detector, lambda: 5 in searched, watch, progress)
    assert (summary.total, summary.inferred) == (5, 5)
    assert len(recorded(inline.run)) == 5
    script = Script((lambda: len(recorded(inline.run)) == 20, nothing))
    summary, _ = watch_folder(inline, detector, script, watch)
    assert (summary.total, summary.resumed, summary.inferred) == (20, 5, 15)


def test_a_backlog_is_searched_in_parts_and_an_event_without_a_change_is_no_news(
    inline, detector, monkeypatch
):
    monkeypatch.setattr(watching, "FILES_AT_ONCE", 6)
    names = [path.relative_to(inline.folder).as_posix() for path in inline.folder.rglob("*.png")]
    events = iter([None, *[set(names)] * 3])

    def arrivals(*_):
        while len(recorded(inline.run)) < 20:
            time.sleep(0.05)
            yield None
        yield from events

    monkeypatch.setattr(watching, "arrivals", arrivals)
    quick = Watch(poll=True, settle_s=0.0, list_s=0.2, write_s=0.0)
    summary, _ = watch_folder(inline, detector, lambda: False, quick)
    assert (summary.total, summary.inferred) == (20, 20)
    (part,) = (inline.run / "journal").glob("*.jsonl")
    assert part.read_bytes().count(b"\n") == 21


def test_an_empty_folder_can_be_watched(inline, detector, tmp_path):
    (tmp_path / "empty").mkdir()
    job = replace(inline, folder=tmp_path / "empty")
    calls = iter(range(100))
    summary, _ = watch_folder(job, detector, lambda: next(calls) > 2, Watch(poll=True, **QUICK))
    assert summary.total == 0
    assert (inline.run / "results.jsonl").read_bytes() == b""


def test_what_listings_do_not_tell_is_asked_and_nothing_is_searched_again(
    inline, detector, tmp_path, monkeypatch
):
    """As of web pages, whose listings tell names alone."""
    system, root = fsspec.filesystem("memory"), f"/{tmp_path.name}"
    system.put(f"{inline.folder}/", root, recursive=True)
    listing, listings, before = MemoryFileSystem.ls, [], []

    def ls_names(store, path, **_):
        listings.append(path)
        found = listing(store, path, detail=True)
        return [{"name": one["name"], "type": one["type"], "size": None} for one in found]

    monkeypatch.setattr(MemoryFileSystem, "ls", ls_names)
    done = Script(
        (lambda: len(recorded(inline.run)) == 20, lambda: before.append(len(listings))),
        (lambda: len(listings) > before[0] + 20, nothing),
    )
    job = replace(inline, folder=Address(f"memory://{root}"))
    summary, _ = watch_folder(job, detector, done, Watch(poll=True, relist_s=0.2, **QUICK))
    assert summary.total == 20
    parts = [part.read_text().splitlines() for part in (inline.run / "journal").glob("*.jsonl")]
    assert sum(len(lines) - 1 for lines in parts) == 20  # behind its header
    system.rm(root, recursive=True)


def test_by_content_a_file_that_was_only_touched_is_no_news(inline, detector):
    job = replace(inline, check_content=True)
    name, before = "cam0/000.png", []

    def touch():
        (inline.folder / name).touch()
        before.append(time.monotonic())

    done = Script(
        (lambda: len(recorded(inline.run)) == 20, touch),
        (lambda: time.monotonic() > before[0] + 2, nothing),
    )
    watch_folder(job, detector, done, Watch(relist_s=1.0, **QUICK))
    parts = [part.read_text().splitlines() for part in (inline.run / "journal").glob("*.jsonl")]
    assert sum(len(lines) - 1 for lines in parts) == 20
