import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from fcn_detect.cli import export
from fcn_detect.export import TARGETS
from fcn_detect.headers import read_header
from fcn_detect.nets import load_model, save_model
from fcn_detect.scenes import render_scene

WATCH = """
import sys
sys.argv = ["fcn-detect", *{arguments}]
from fcn_detect.cli.main import main
try:
    main()
finally:
    heavy = ("torch", "torchvision", "safetensors", "matplotlib", "faster_coco_eval", "onnx")
    print("imported:", [m for m in heavy if m in sys.modules], file=sys.stderr)
"""


def run_watched(*arguments):
    """The exit code, output, and talk of a process that ends with what it has imported."""
    code = WATCH.format(arguments=list(map(str, arguments)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "street.png"
    scene = render_scene(np.random.default_rng(4), (300, 400), 2, (100, 200))
    Image.fromarray(scene.image).save(path)
    return path


@pytest.fixture
def exported(dress_exports):
    return {report.output.name: report.output for report in dress_exports.values()}


def test_the_command_offers_every_target_that_there_is():
    assert list(TARGETS) == export.TARGETS


def test_export_reports_and_writes(run_cli, dress_model, tmp_path):
    command = ("export", "-m", dress_model, "--to", "openvino", "-o", tmp_path / "m.xml")
    code, out, _ = run_cli(*command)
    assert code == 0
    assert "0 decisions flipped" in out
    assert "one window, 64x128" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.bin", "m.xml"]
    code, out, _ = run_cli(*command, "--stride", "4", "--json")
    report = json.loads(out)
    assert (code, report["written"], report["equivalence"]["holds"]) == (0, True, True)


@pytest.mark.slow
def test_int8_that_costs_too_much_ends_with_1_and_one_line(
    run_cli, dress_model, tmp_path, photo, monkeypatch
):
    monkeypatch.setattr("fcn_detect.export.cost.Cost.within", lambda *_: False)
    code, out, err = run_cli(
        *("export", "-m", dress_model, "--to", "openvino", "-o", tmp_path / "m.xml"),
        *("--int8", "--calibration", photo.parent),
    )
    assert code == 1
    assert "by agreement" in out
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "points of AP50" in line
    assert "nothing was written" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--int8"], ["--annotations", "a.json"], ["--to", "tpu"], ["--max-cost", "-1"]]
)
def test_wrong_usage_ends_with_2(run_cli, options):
    assert run_cli("export", "--to", "onnx", "-o", "m.onnx", *options)[0] == 2


@pytest.mark.parametrize(
    "verb, suffix",
    [
        ("detect", ".onnx"),
        ("batch", ".xml"),
        ("inspect", ".onnx"),
        pytest.param("detect", ".xml", marks=pytest.mark.slow),
        pytest.param("batch", ".onnx", marks=pytest.mark.slow),
    ],
)
def test_an_exported_model_runs_without_what_it_does_not_need(
    verb, suffix, exported, photo, tmp_path
):
    options = {
        "detect": ("detect", photo, "-o", tmp_path / "found", "--heatmap", "--crops"),
        "batch": ("batch", photo.parent, "-o", tmp_path / "run", "--format", "csv"),
        "inspect": ("inspect", "--frame", "400x300"),
    }
    code, out, err = run_watched(*options[verb], "-m", exported[f"dress{suffix}"])
    assert code == 0, err
    assert "imported: []" in err
    assert ("the network runs on openvino" in err) == (verb != "inspect")
    assert out


def test_inspect_says_of_an_export_what_it_says_of_the_model(run_cli, exported, dress_model):
    outputs = [
        json.loads(run_cli("inspect", "-m", path, "--frame", "640x480", "--json")[1])
        for path in (dress_model, exported["dress.xml"], exported["dress.onnx"])
    ]
    assert outputs[0] == outputs[1] == outputs[2]


def test_a_second_start_takes_the_export_from_the_cache(dress_model, photo, tmp_path, monkeypatch):
    monkeypatch.setenv("FCN_DETECT_CACHE", str(tmp_path / "cache"))
    command = (
        "detect",
        photo,
        "--json",
        "-m",
        dress_model,
        "--device",
        "cpu",
    )
    first, second = run_watched(*command), run_watched(*command)
    assert first[:2] == second[:2]
    assert "'torch'" in first[2]
    assert "imported: []" in second[2]
    assert "the network runs on openvino" in second[2]


def test_without_torch_a_model_file_is_refused_with_what_to_give(tmp_path, photo):
    code = "import sys\nsys.modules['torch'] = None\n" + WATCH
    arguments = ["detect", str(photo), "--json", "--backend", "openvino"]
    done = subprocess.run(
        [sys.executable, "-c", code.format(arguments=arguments)],
        capture_output=True,
        text=True,
        env={"FCN_DETECT_CACHE": str(tmp_path)},
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "-m person.xml" in line
    assert "fcn-detect export -m person --to openvino -o person.xml" in line


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino", "torch"])
def test_verify_holds_whatever_runs_the_maps(run_cli, dress_model, photo, backend):
    code, out, _ = run_cli("verify", "-m", dress_model, photo, "--backend", backend, "--json")
    report = json.loads(out)
    assert (code, report["holds"], report["backend"]) == (0, True, backend)
    assert report["max_difference"] < 1e-5


def test_verify_of_an_export_names_the_model_to_give(run_cli, exported):
    for name in ("dress.onnx", "dress.xml"):
        code, _, err = run_cli("verify", "-m", exported[name])
        assert code == 1
        assert "verify -m dress.safetensors --backend" in err.splitlines()[-1]


def test_a_model_with_a_stride_of_its_own_is_proved_and_exported_with_it(
    run_cli, dress_model, photo, tmp_path
):
    header, classifier = load_model(dress_model)
    tuned = header.model_copy(update={"detect": {**header.detect, "stride": 4}})
    assert header.stride_hw == (8, 8)
    save_model(tmp_path / "tuned.safetensors", tuned, classifier)
    model = ("-m", tmp_path / "tuned.safetensors")
    code, out, _ = run_cli("verify", *model, photo, "--backend", "torch", "--json")
    assert (code, json.loads(out)["holds"]) == (0, True)
    code, out, _ = run_cli("inspect", *model, "--json")
    assert json.loads(out)["geometry"]["stride"] == [4, 4]
    records = []
    for name, given in (("own", ()), ("other", ("--stride", "8"))):
        made = tmp_path / f"{name}.onnx"
        code, _, err = run_cli("export", *model, "--to", "onnx", "-o", made, *given)
        assert code == 0, err
        stride = int(given[1]) if given else 4
        assert read_header(made).stride_hw == (stride, stride)
        assert read_header(made).tuned_stride is None
        command = ("detect", photo, "--json", "--backend", "onnxruntime")
        _, exported, _ = run_cli(*command, "-m", made)
        _, direct, _ = run_cli(*command, *model, *given)
        assert exported == direct
        records.append(exported)
    assert records[0] != records[1]
