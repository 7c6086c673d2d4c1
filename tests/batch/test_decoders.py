"""Decoding processes that die, hang and answer: pixels come back, or a failure does."""

import os
import signal
from threading import Timer

import numpy as np
import pytest
from PIL import Image

from fcn_detect.batch.decoders import DecoderPool
from fcn_detect.images import Preparation, read_image


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(12):
        pixels = rng.integers(0, 256, (40 + i, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i:02d}.png")
    return sorted(tmp_path.glob("*.png"))


@pytest.mark.parametrize("workers", [1, 3])
def test_every_file_comes_back_once_with_the_readers_pixels(files, workers):
    with DecoderPool(workers, timeout_s=30, preparation=Preparation()) as pool:
        found = {image.path: image.prepared.image.pixels for image in pool.prepare(files)}
    assert sorted(found) == files
    assert all(np.array_equal(found[path], read_image(path).pixels) for path in files)


def test_pixels_go_through_the_pipe_where_shared_memory_has_no_room(files, monkeypatch):
    # the worker is another process, so its answer is made here
    from fcn_detect.images import worker

    monkeypatch.setattr(worker, "_has_room", lambda _size: False)
    task = worker.PrepareTask(files[0], "fcn_detect_test_unused", Preparation())
    answer = worker._answer(task)
    assert answer.pixels is not None
    taken = worker.take_prepared(task, answer)
    assert np.array_equal(taken.image.pixels, read_image(files[0]).pixels)


def test_a_bad_file_is_a_failure_and_the_rest_is_decoded(files, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"not an image")
    with DecoderPool(2, timeout_s=30, preparation=Preparation()) as pool:
        answers = {a.path.name: a for a in pool.prepare([*files, tmp_path / "bad.png"])}
    assert len(answers) == 13
    assert answers["bad.png"].failure.kind == "not_an_image"
    assert sum(a.failure is None for a in answers.values()) == 12


def test_a_worker_that_dies_is_charged_to_its_file_and_replaced(files):
    with DecoderPool(2, timeout_s=30, preparation=Preparation()) as pool:
        answers = []
        for answer in pool.prepare(files):
            if not answers:
                os.kill(pool._pool[0].process.pid, signal.SIGKILL)
                assert pool._pool[0].process.exit_code == -signal.SIGKILL
            answers.append(answer)
    assert sorted(a.path for a in answers) == files
    kinds = [a.failure.kind for a in answers if a.failure is not None]
    assert len(kinds) <= 1  # none, where it had answered already
    assert set(kinds) <= {"crashed"}


def test_a_file_that_hangs_times_out_and_the_rest_is_decoded(files):
    with DecoderPool(1, timeout_s=1.0, preparation=Preparation()) as pool:
        assert pool._pool[0].process.connection.poll(60)  # it has started
        os.kill(pool._pool[0].process.pid, signal.SIGSTOP)  # as a decoder that never returns
        pool.timeout_s = 0.2
        answers = []
        for answer in pool.prepare(files):
            pool.timeout_s = 60.0
            answers.append(answer)
    assert answers[0].failure.kind == "timeout"
    assert sorted(a.path for a in answers) == files
    assert all(a.failure is None for a in answers[1:])


def test_a_slow_start_costs_no_file(files):
    with DecoderPool(1, timeout_s=0.01, preparation=Preparation()) as pool:
        process = pool._pool[0].process.pid
        os.kill(process, signal.SIGSTOP)  # as on a machine that has no time for it

        def go_on():
            pool.timeout_s = 60.0
            os.kill(process, signal.SIGCONT)

        Timer(0.5, go_on).start()
        answers = list(pool.prepare(files))
    assert all(answer.failure is None for answer in answers)


def test_what_killed_runs_left_in_shared_memory_is_freed_and_nothing_else(tmp_path, monkeypatch):
    from fcn_detect.images import worker

    monkeypatch.setattr(worker, "SHARED_MEMORY", tmp_path)
    gone = 2**22 + 1  # above the largest process number
    names = {f"fcn_detect_{gone}_1", f"fcn_detect_{gone}_2", f"fcn_detect_{os.getpid()}_1"}
    for name in [*names, "other_1_1"]:
        (tmp_path / name).write_bytes(b"pixels")
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / f"fcn_detect_{gone}_2").touch()  # young: perhaps of another container
    worker.discard_orphans()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"fcn_detect_{gone}_2", f"fcn_detect_{os.getpid()}_1", "other_1_1"}


def test_a_worker_that_died_with_nothing_to_do_is_charged_to_no_file(files):
    with DecoderPool(1, timeout_s=30, preparation=Preparation()) as pool:
        assert [a.failure for a in pool.prepare(files[:2])] == [None, None]
        os.kill(pool._pool[0].process.pid, signal.SIGKILL)
        assert pool._pool[0].process.exit_code == -signal.SIGKILL
        assert [a.failure for a in pool.prepare(files[2:4])] == [None, None]
