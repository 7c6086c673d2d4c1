"""What `--json` prints is what docs/schemas promises: no key more, none less."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from fcn_detect.backends.torch_backend import untrained
from fcn_detect.bench import machine
from fcn_detect.nets import save_model
from fcn_detect.results import FAILURE_KINDS
from fcn_detect.scenes import write_scenes

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def schema(name):
    return json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))


def check(text, name):
    jsonschema.validate(json.loads(text), schema(name))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that has learned nothing, two scenes with true boxes, and a damaged photo."""
    folder = tmp_path_factory.mktemp("json")
    header, net = untrained("valid-small", (56, 48))
    save_model(folder / "m.safetensors", header.model_copy(update={"labels": ("dress",)}), net)
    sizes = {"dresses": (1, 1), "heights": (48, 90)}
    write_scenes(folder / "scenes", np.random.default_rng(0), [(120, 160)] * 2, **sizes)
    (folder / "damaged.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def run(folder):
    """A run over the scenes."""
    from fcn_detect.cli.main import cli

    batch = ["batch", folder / "scenes", "-o", folder / "run", "-m", folder / "m.safetensors"]
    cli.main([*map(str, batch), "--backend", "torch", "-q"], standalone_mode=False)
    return folder / "run"


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_the_schemas_are_schemas(path):
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


def test_detect_prints_records(run_cli, folder):
    images = (folder / "scenes" / "scene_000.jpg", folder / "damaged.jpg")
    code, out, _ = run_cli(
        *("detect", *images, "-m", folder / "m.safetensors", "--json", "--backend", "torch")
    )
    assert code == 3
    for line in out.splitlines():
        check(line, "detect")
    for line in out.splitlines():
        with pytest.raises(jsonschema.ValidationError):
            check(line.replace('"failure":', '"failed":'), "detect")


def test_the_schema_knows_every_kind_of_failure():
    failure = schema("detect")["properties"]["failure"]["oneOf"][1]
    assert failure["properties"]["kind"]["enum"] == list(FAILURE_KINDS)


@pytest.mark.parametrize("options", [[], ["--bootstrap", 5]])
def test_evaluate_prints_figures(run_cli, folder, run, options):
    truth = folder / "scenes" / "annotations.json"
    for results in ([run], [run, run / "results.jsonl"]):
        code, out, err = run_cli("evaluate", *results, truth, "--json", *options)
        assert code == 0, err
        check(out, "evaluate")


def test_inspect_prints_header_and_geometry(run_cli, folder):
    for model in (["-m", folder / "m.safetensors"], ["-m", "person"], ["--net", "dress"]):
        code, out, err = run_cli("inspect", *model, "--json")
        assert code == 0, err
        check(out, "inspect")


def test_verify_prints_differences(run_cli, folder, run):
    photo = folder / "scenes" / "scene_000.jpg"
    for options in ([photo], [photo, "--stride", 4], ["--against", run]):
        model = [] if "--against" in options else ["-m", folder / "m.safetensors"]
        code, out, err = run_cli("verify", *options, *model, "--backend", "torch", "--json")
        assert code == 0, err
        check(out, "verify")


def test_bench_prints_times(run_cli, folder, monkeypatch):
    monkeypatch.setattr(machine, "PRODUCT_SIDE", 64)
    photo = folder / "scenes" / "scene_000.jpg"
    quick = ["--backend", "torch", "--repeats", 1, "--folder-images", 2]
    command = ["bench", "-m", folder / "m.safetensors", photo, *quick, "-o", folder / "bench"]
    code, out, err = run_cli(*command, "--json")
    assert code == 0, err
    check(out, "bench")
    assert json.loads(out) == json.loads((folder / "bench" / "bench.json").read_text())
