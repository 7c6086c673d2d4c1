"""The same bytes on Ray, workers killed in mid-run or not."""

import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fcn_detect.backends import find_model
from fcn_detect.batch import run_batch
from fcn_detect.detect import Detector
from fcn_detect.errors import MissingExtraError


def test_a_missing_ray_names_the_extra(job, detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fcn-detect\[ray\]'"):
        run_batch(replace(job, engine="ray"), detector)
    assert not job.run.exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_ray_gives_the_bytes_of_the_local_engine_though_workers_are_killed(job, tmp_path):
    detector = Detector.load("person", backend="torch", threads=1, min_height=30, max_height=50)
    model = tmp_path / "person.safetensors"
    model.write_bytes(find_model("person").read_bytes())
    job = replace(job, model=model)
    (job.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run_batch(job, detector)
    kills = []

    def kill(_task, done, _total, _note=""):
        if done in (2, 9) and done not in kills:
            kills.append(done)
            os.kill(a_worker(), signal.SIGKILL)

    summary, _ = run_batch(replace(job, run=tmp_path / "ray", engine="ray"), detector, kill)
    assert kills == [2, 9]
    assert (summary.total, summary.failed, summary.warnings) == (21, 1, ())
    expected = (job.run / "results.jsonl").read_bytes()
    assert (tmp_path / "ray" / "results.jsonl").read_bytes() == expected


def a_worker():
    """The process of one of Ray's workers of this run."""
    for title in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it may be gone
            if title.read_bytes().startswith(b"ray::Searcher"):
                return int(title.parent.name)
    raise AssertionError("no worker is there")
