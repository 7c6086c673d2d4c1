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
from fcn_detect.batch.job import RayCluster
from fcn_detect.detect import Detector
from fcn_detect.errors import MissingExtraError


def test_a_missing_ray_names_the_extra(job, detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fcn-detect\[ray\]'"):
        run_batch(replace(job, engine="ray"), detector)
    assert not job.run.exists()


@pytest.fixture
def on_ray(job, tmp_path):
    """The folder with a file cut short, searched by the local engine; another run of it, on Ray.

    The model is a file by itself, and what searches is the real network.
    """
    model = tmp_path / "person.safetensors"
    model.write_bytes(find_model("person").read_bytes())
    (job.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    detector = Detector.load("person", backend="torch", threads=1, min_height=30, max_height=50)
    local = replace(job, model=model)
    run_batch(local, detector)
    return local, replace(local, run=tmp_path / "ray", engine="ray"), detector


def assert_same(local, on_ray, summary):
    assert (summary.total, summary.failed, summary.warnings) == (21, 1, ())
    expected = (local.run / "results.jsonl").read_bytes()
    assert (on_ray.run / "results.jsonl").read_bytes() == expected


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_ray_gives_the_bytes_of_the_local_engine_though_workers_are_killed(on_ray):
    local, job, detector = on_ray
    kills = []

    def kill(_task, done, _total, _note=""):
        if done in (2, 9) and done not in kills:
            kills.append(done)
            os.kill(a_worker(), signal.SIGKILL)

    summary, _ = run_batch(job, detector, kill)
    assert kills == [2, 9]
    assert_same(local, job, summary)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_run_ends_with_the_same_bytes_though_one_of_two_machines_goes(on_ray):
    from ray.cluster_utils import Cluster

    local, job, detector = on_ray
    node = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    other = cluster.add_node(**node)
    gone = []

    def take_away(_task, done, _total, _note=""):
        if done == 3 and not gone:
            gone.append(done)
            cluster.remove_node(other, allow_graceful=False)

    try:
        cluster.wait_for_nodes()
        summary, _ = run_batch(replace(job, ray=RayCluster(cluster.address)), detector, take_away)
    finally:
        cluster.shutdown()
    assert gone
    assert_same(local, job, summary)


def a_worker():
    """The process of one of Ray's workers of this run."""
    for title in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it may be gone
            if title.read_bytes().startswith(b"ray::Searcher"):
                return int(title.parent.name)
    raise AssertionError("no worker is there")
