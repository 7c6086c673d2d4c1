import json

import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos").mkdir()
    for i in range(6):
        Image.new("RGB", (80, 150), (40 * i, 0, 0)).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path / "photos"


def test_shards_searched_apart_are_merged(run_cli, folder, tmp_path):
    for i in (1, 2):
        code, _, err = run_cli(
            *("batch", folder, "-o", tmp_path / f"run-{i}"),
            *("--shard", f"{i}/2", "--workers", 1, "--backend", "torch"),
        )
        assert code == 0, err
    runs = [tmp_path / "run-1", tmp_path / "run-2"]
    code, out, err = run_cli("merge", *runs, "-o", tmp_path / "run", "--format", "csv")
    assert code == 0, err
    assert out.startswith("6 images of 2 runs: 6 searched, 0 failed")
    lines = (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["image"] for line in lines] == [f"{i}.png" for i in range(6)]
    assert (tmp_path / "run" / "detections.csv").exists()
    code, out, err = run_cli("merge", runs[0], "-o", tmp_path / "half")
    assert (code, out) == (1, "")
    assert "shard 2 is missing" in err


@pytest.mark.parametrize("shard", ["0/2", "3/2", "two"])
def test_a_shard_that_is_none_is_wrong_usage(run_cli, folder, tmp_path, shard):
    code, out, err = run_cli("batch", folder, "-o", tmp_path / "run", "--shard", shard)
    assert (code, out) == (2, "")
    assert "expected I/N" in err.splitlines()[-1]
    assert not (tmp_path / "run").exists()
