"""A stream's run: what is searched, dropped, counted and kept over restarts."""

import json
import threading
import time
from dataclasses import replace

import pytest
from clips import matroska_frame, matroska_head, rendered_frames, write_matroska

from fcn_detect.batch import Shard, live, read_facts, watch_stream
from fcn_detect.errors import SettingsError
from fcn_detect.formats import format_result, parse_result, read_results
from fcn_detect.images import LoadedImage
from fcn_detect.video import Patience, stream_source

HASTE = Patience(stall_s=100.0, first_pause_s=0.05, longest_pause_s=0.2)


@pytest.fixture
def clip(tmp_path):
    return write_matroska(tmp_path / "a.mkv", rendered_frames(72, (60, 80)), range(0, 72 * 40, 40))


def until(condition, seconds=600):
    """Whether to stop: once the condition holds."""
    end = time.monotonic() + seconds

    def stopped():
        assert time.monotonic() < end
        return condition()

    return stopped


def watch(job, detector, path, condition):
    source = stream_source(str(path))
    job = replace(job, folder=path)
    return watch_stream(job, detector, source, until(condition), HASTE)


def test_records_are_those_of_the_frames_and_all_that_came_is_counted(
    job, detector, clip, monkeypatch
):
    monkeypatch.setattr(live, "WRITE_S", 0.0)
    frames = rendered_frames(72, (60, 80))
    facts = job.run / "run.json"
    summary, counts, stored = watch(job, detector, clip, facts.exists)
    assert counts.arrived == counts.searched + counts.dropped
    assert counts.searched == summary.done == len(stored) >= 1
    run = read_facts(job.run).content
    assert run["stream"] == counts.__dict__
    assert run["folder"] == str(clip)
    for result in read_results(job.run):
        number = result.video.number
        assert result.image == f"frame-{number:09d}"
        assert result.video.time_s == pytest.approx(number * 0.04)
        found = detector._find_in(LoadedImage(frames[number])).detections
        assert result == parse_result(format_result(replace(result, detections=found)))


def test_a_second_start_goes_on_with_the_numbers(job, detector, clip):
    begun = threading.Event()
    search = detector.frame_result

    def slowly(frame, name):
        begun.set()
        return search(frame, name)

    detector.frame_result = slowly
    for _ in range(2):
        begun.clear()
        watch(job, detector, clip, begun.is_set)
    names = [result.image for result in read_results(job.run)]
    assert names == sorted(set(names))
    assert len(names) >= 2
    assert json.loads((job.run / "run.json").read_text())["counts"]["resumed"] >= 1


def test_frames_that_a_slow_network_has_no_time_for_are_dropped(job, detector, tmp_path):
    import os

    path = tmp_path / "pipe"
    os.mkfifo(path)
    frames, begun = rendered_frames(72, (60, 80)), threading.Event()
    blocks = [matroska_frame(frame, 40 * i) for i, frame in enumerate(frames)]

    def feed():
        with path.open("wb", buffering=0) as pipe:
            pipe.write(matroska_head((60, 80)) + b"".join(blocks[:60]))
            begun.wait(600)
            pipe.write(b"".join(blocks[60:]))

    threading.Thread(target=feed, daemon=True).start()
    search, names = detector.frame_result, []

    def slowly(frame, name):
        names.append(name)
        begun.set()
        time.sleep(3 if len(names) == 1 else 0)
        return search(frame, name)

    detector.frame_result = slowly
    _, counts, _ = watch(job, detector, path, lambda: "frame-000000071" in names)
    assert (counts.arrived, counts.searched + counts.dropped) == (72, 72)
    assert counts.dropped >= 1
    assert len(read_results(job.run)) == counts.searched == len(names)


@pytest.mark.parametrize("change", [{"shard": Shard(1, 2)}, {"engine": "ray"}])
def test_what_a_stream_has_not_is_refused(job, detector, clip, change):
    with pytest.raises(SettingsError, match="no --shard"):
        watch(replace(job, **change), detector, clip, lambda: True)
