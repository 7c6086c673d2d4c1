import json

import pytest

from fcn_detect.config import read_settings
from fcn_detect.demo import run_demo
from fcn_detect.demo.story import SETTINGS, describe


@pytest.mark.slow
def test_the_story_runs_through_and_leaves_what_it_says(tmp_path):
    quick = {
        **SETTINGS,
        "train": {"epochs": 1},
        "mining": {"epochs": 1, "negatives": str(tmp_path / "photos-without"), "per_photo": 2},
    }
    said = []
    summary = run_demo(
        tmp_path,
        say=said.append,
        settings=read_settings(None, quick),
        crops_per_class=40,
        sizes_hw=[(512, 1024)],
        photos=4,
    )
    assert summary.scenes == 1
    assert summary.equivalence < 1e-4
    assert summary.speed.ratio > 1
    assert 0 <= summary.ap50 <= 1
    assert [line[0] for line in said if line[0].isdigit()] == list("12345")
    for name in ("dress.safetensors", "run/results.jsonl", "pictures/scene_000.jpg", "summary.md"):
        assert (tmp_path / name).exists(), name
    assert json.loads((tmp_path / "summary.json").read_text())["dresses"] == summary.dresses
    assert any("times faster" in line for line in describe(summary))


@pytest.mark.slow
def test_the_whole_demo_finds_the_dresses(tmp_path):
    assert run_demo(tmp_path).ap50 >= 0.9
