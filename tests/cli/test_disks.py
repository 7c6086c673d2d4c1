"""Full disks and folders that cannot be written to: one line, nothing half written, no loss."""

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs POSIX", allow_module_level=True)

from disks import largest_file, read_only_disk, small_disk

FULL = "No space left on device"


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photos_without, dress_model):
    """A run over `photos_without`, undisturbed."""
    from fcn_detect.backends.torch_backend import TorchBackend
    from fcn_detect.batch import BatchJob, run_batch
    from fcn_detect.detect import Detector
    from fcn_detect.nets import load_model

    run = tmp_path_factory.mktemp("finished") / "run"
    detector = Detector(TorchBackend(*load_model(dress_model), threads=1))
    run_batch(BatchJob(photos_without, run, dress_model, workers=1), detector)
    return run


@pytest.fixture
def commands(photos_without, dress_crops, dress_model, finished):
    """The words of a command that writes to a folder, by its verb."""
    quick = ["--epochs", 1, "--net", "valid-small"]
    torch = ["-m", dress_model, "--backend", "torch", "--threads", 1]
    return {
        "batch": lambda to: ["batch", photos_without, "-o", to / "run", *torch, "--workers", 1],
        "detect": lambda to: ["detect", photos_without, "-o", to / "found", *torch],
        "train": lambda to: ["train", dress_crops, "-o", to / "m.safetensors", *quick],
        "onnx": lambda to: ["export", "-m", dress_model, "--to", "onnx", "-o", to / "m.onnx"],
        "openvino": lambda to: [
            "export",
            "-m",
            dress_model,
            "--to",
            "openvino",
            "-o",
            to / "m.xml",
        ],
        "report": lambda to: ["report", finished, "-o", to / "page"],
    }


slow = pytest.mark.slow
VERBS = ["batch", "detect", "report"]
VERBS += [pytest.param(verb, marks=slow) for verb in ("train", "onnx", "openvino")]


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(run_cli, commands, tmp_path, verb):
    with small_disk(tmp_path / "disk", 64) as disk:
        (disk / "filler").write_bytes(bytes(56 * 1024))
        code, _, err = run_cli(*commands[verb](disk))
        assert code == 1, err
        assert "Traceback" not in err
        last = err.splitlines()[-1]
        assert last.startswith(f"error: {disk}"), err
        assert FULL in last or "room on the disk" in last
        left = files(disk)
        assert not any(name.endswith(".tmp") for name in left)
        assert not {"run/results.jsonl", "found/results.jsonl"} & left.keys()
        assert not {"m.safetensors", "m.onnx", "m.xml", "m.bin", "page/index.html"} & left.keys()


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_that_cannot_be_written_to_is_one_line(run_cli, commands, tmp_path, verb):
    with read_only_disk(tmp_path / "disk") as disk:
        code, _, err = run_cli(*commands[verb](disk))
    assert code == 1, err
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith(f"error: {disk}"), err
    assert "Read-only file system" in last or "Permission denied" in last
    assert "give a folder that can be written" in last


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_run_goes_on_when_the_disk_has_room_again(run_cli, commands, finished, tmp_path, share):
    words = commands["batch"](tmp_path)
    (journal,) = (finished / "journal").glob("*.jsonl")
    with largest_file(int(share * journal.stat().st_size)):
        code, _, err = run_cli(*words)
    assert code == 1, err
    assert err.splitlines()[-1].startswith(f"error: {tmp_path / 'run'}"), err
    assert "File too large; free some" in err
    code, out, err = run_cli(*words)
    assert code == 0, err
    assert not any(f"; {n} were done before" in out for n in (0, 20))
    assert (tmp_path / "run" / "results.jsonl").read_bytes() == (
        finished / "results.jsonl"
    ).read_bytes()


def test_another_model_is_refused_and_both_digests_are_named(
    run_cli, commands, dress_model, tmp_path
):
    from hashlib import sha256

    from fcn_detect.nets import load_model, save_model

    model = tmp_path / "model.safetensors"
    model.write_bytes(dress_model.read_bytes())
    words = [model if word == dress_model else word for word in commands["batch"](tmp_path)]
    assert run_cli(*words)[0] == 0
    before = files(tmp_path / "run")
    then = sha256(model.read_bytes()).hexdigest()[:12]
    header, classifier = load_model(model)
    next(classifier.parameters()).data.add_(0.1)
    save_model(model, header, classifier)
    now = sha256(model.read_bytes()).hexdigest()[:12]
    code, _, err = run_cli(*words)
    assert code == 1
    assert f"model {then} then, {now} now" in err.splitlines()[-1]
    assert files(tmp_path / "run") == before
