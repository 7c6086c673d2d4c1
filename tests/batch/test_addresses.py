"""Folders at addresses: the run of a path, whatever brings the files."""

import json
import os
from dataclasses import replace

import fsspec
import pytest

from fcn_detect.batch import compare_with_run, read_facts, run_batch
from fcn_detect.errors import DataError
from fcn_detect.images import Address, place


def results(job):
    return (job.run / "results.jsonl").read_bytes()


@pytest.fixture
def remote(job, tmp_path):
    """The job, of the address of its folder, with a run of its own."""
    return replace(job, folder=Address(f"file://{job.folder}"), run=tmp_path / "remote")


def test_an_address_gives_the_bytes_of_the_path_and_is_resumed(job, remote, detector):
    (job.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run_batch(job, detector)
    run_batch(remote, detector)
    assert results(remote) == results(job)
    assert place(json.loads((remote.run / "run.json").read_text())["folder"]) == remote.folder
    os.utime(job.folder / "cam0" / "000.png", ns=(1, 1))
    summary, _ = run_batch(remote, detector)
    assert (summary.resumed, summary.inferred) == (20, 1)
    assert results(remote) == results(job)
    assert compare_with_run(read_facts(remote.run), detector, 100).holds


@pytest.mark.parametrize("check_content, searched", [(False, 1), (True, 0)])
def test_the_same_content_written_anew(inline, detector, tmp_path, check_content, searched):
    """In a store that keeps times, it is searched again unless the content counts."""
    run_batch(inline, detector)
    system, root = fsspec.filesystem("memory"), f"/{tmp_path.name}"
    system.put(f"{inline.folder}/", root, recursive=True)
    address = Address(f"memory://{root}")
    again = replace(inline, folder=address, run=tmp_path / "memory", check_content=check_content)
    run_batch(again, detector)
    assert results(again) == results(inline)
    name = f"{root}/cam0/000.png"
    system.pipe_file(name, system.cat_file(name))
    assert run_batch(again, detector)[0].inferred == searched
    system.rm(root, recursive=True)


def test_an_address_without_a_folder_is_refused(remote, detector):
    with pytest.raises(DataError, match="no such folder"):
        run_batch(replace(remote, folder=remote.folder / "gone"), detector)
