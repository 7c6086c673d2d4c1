import json
import shutil

import pytest


def test_the_page_goes_into_the_runs_folder_and_says_what_it_lacks(run_cli, camera_run, tmp_path):
    run = shutil.copytree(camera_run, tmp_path / "run")
    code, out, err = run_cli("report", run)
    assert (code, out) == (0, f"open {run}/report/index.html in a browser\n")
    assert "1 images have no picture; the first: cam2/gone.jpg: unreadable" in err
    assert "1 spot of repeated detections" in err
    code, out, err = run_cli("report", run, "--limit", 3)
    assert (code, json.loads((run / "report" / "repeats.json").read_text())["version"]) == (0, 1)
    assert "the page shows 3 images, those of the best scores among 30" in err
    code, out, err = run_cli("report", run, "--limit", 3, "--sample")
    assert "a random sample of 30" in err


def test_records_alone_make_a_page_with_the_photos_that_are_named(run_cli, camera_run, tmp_path):
    shutil.copy(camera_run / "results.jsonl", tmp_path / "night.jsonl")
    photos = camera_run.parent / "photos"
    options = ["--images", photos, "-o", tmp_path / "page", "--limit", 5]
    code, _, err = run_cli("report", tmp_path / "night.jsonl", *options)
    assert code == 0, err
    assert "no picture" not in err
    assert "<h1>night.jsonl</h1>" in (tmp_path / "page" / "index.html").read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["{tmp}/none"], "expected a run's folder, or its results.jsonl"),
        (["{run}", "-o", "{tmp}"], "it holds something else than a page"),
        (["{run}", "--heatmaps"], "run.json"),
        (["{run}", "--beside", "{tmp}/none"], "expected a run's folder, or its results.jsonl"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(
    run_cli, camera_run, tmp_path, arguments, message
):
    (tmp_path / "mine.txt").write_text("mine")
    code, out, err = run_cli(
        "report", *[word.format(tmp=tmp_path, run=camera_run) for word in arguments]
    )
    assert (code, out) == (1, "")
    assert message in err.splitlines()[-1]
    assert (tmp_path / "mine.txt").read_text() == "mine"
