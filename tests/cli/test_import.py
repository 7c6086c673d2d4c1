"""`fcn-detect import`: weights in, a model that `detect` takes out."""

import json

import pytest
import torch
from PIL import Image

from fcn_detect.nets import build_net


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    net = build_net("valid-small", (56, 48), 3)
    torch.save({"model": net.state_dict()}, tmp_path / "mine.pt")
    return tmp_path / "mine.pt"


def test_an_imported_model_is_written_compared_and_can_be_used(checkpoint, run_cli, tmp_path):
    arguments = ["import", checkpoint, "--net", "valid-small", "--crop", "48x56"]
    arguments += ["--classes", "cat,background,dog", "-o", tmp_path / "m.safetensors"]
    code, out, _ = run_cli(*arguments, "--object-box", "4,8,44,48", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["labels"] == ["cat", "dog"]
    assert facts["difference"] < 1e-5
    assert facts["equivalence"]["holds"]
    assert facts["equivalence"]["windows"] > 100
    Image.new("RGB", (90, 80)).save(tmp_path / "a.png")
    model = ["-m", tmp_path / "m.safetensors", "--backend", "torch"]
    code, out, _ = run_cli("detect", tmp_path / "a.png", *model, "--json")
    assert code == 0
    assert json.loads(out)["failure"] is None


@pytest.mark.parametrize(
    "change, code, wanted",
    [
        (["--classes", "a,b"], 1, "none of the classes a, b is the background"),
        (["--crop", "big"], 2, "is not a size"),
        (["--object-box", "1,2"], 2, "'1,2' is not a box"),
        (["--object-box", "40,0,10,20"], 2, "expected x0 < x1"),
        (["--object-box", "0,0,49,56"], 1, "does not lie in a crop of 48x56"),
        (["--classes", "a\tb,c,background"], 1, "expected characters that print"),
        (["--mean", "a,b,c"], 2, "is not 3 numbers"),
        (["--classes", ","], 2, "at least one name"),
        (["--net", "resnet"], 1, "no net is called"),
    ],
)
def test_what_cannot_be_imported_is_refused(checkpoint, run_cli, tmp_path, change, code, wanted):
    arguments = ["--net", "valid-small", "--crop", "48x56", "--classes", "a,b,background", *change]
    found, _, err = run_cli("import", checkpoint, *arguments, "-o", tmp_path / "m.safetensors")
    assert found == code
    assert wanted in " ".join(err.split())
    assert not (tmp_path / "m.safetensors").exists()
