import json

import numpy as np
import pytest

from fcn_detect.backends.torch_backend import untrained
from fcn_detect.bench import machine
from fcn_detect.nets import save_model
from fcn_detect.scenes import write_scenes


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "PRODUCT_SIDE", 64)
    save_model(tmp_path / "tiny.safetensors", *untrained("valid-small", (56, 48)))
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def photo(tmp_path):
    sizes = {"dresses": (0, 0), "heights": (48, 90)}
    write_scenes(tmp_path / "photos", np.random.default_rng(0), [(120, 160)], **sizes)
    return tmp_path / "photos" / "scene_000.jpg"


def test_bench_prints_tables_and_writes_files(run_cli, model, photo, tmp_path):
    quick = ["--backend", "torch", "--repeats", 1, "--folder-images", 2]
    code, out, err = run_cli("bench", "-m", model, photo, *quick, "-o", tmp_path / "bench")
    assert code == 0, err
    for said in ("GFLOP/s", "times less arithmetic", "one by one", "whole", "the limit is"):
        assert said in out
    assert sorted(one.name for one in (tmp_path / "bench").iterdir()) == ["bench.json", "bench.png"]
    written = json.loads((tmp_path / "bench" / "bench.json").read_text())
    assert written["model"]["file"] == str(model)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["-m", "no-such-model"], "no such model file"),
        (["no-such-photo.jpg", "--backend", "torch"], "does not exist"),
        (["--backend", "torch", "--against", "none.onnx"], "no such model file"),
        (["--backend", "torch", "--stride", "3"], "a stride of 3 is not possible"),
    ],
)
def test_what_cannot_be_measured_ends_with_1_and_one_line(run_cli, arguments, said):
    code, out, err = run_cli("bench", *arguments)
    assert (code, out) == (1, "")
    assert said in err.splitlines()[-1]
    assert "Traceback" not in err
