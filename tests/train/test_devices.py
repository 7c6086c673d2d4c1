"""Several processes train what one would: whole steps, whole trainings, and after a kill."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from group_work import dies, one_step, trainer, two_epochs
from torch import nn

from fcn_detect.errors import ProcessError, SettingsError
from fcn_detect.nets import load_model
from fcn_detect.train import TrainingJob, is_first_process, train
from fcn_detect.train.devices import opened_group
from fcn_detect.train.group import Group
from fcn_detect.train.whole_batch import with_whole_batch


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3])
def test_layers_that_see_the_whole_batch_give_one_process_its_values(size, tmp_path):
    one_step(Group(), str(tmp_path), 1)
    with opened_group(size, one_step, str(tmp_path), size) as group:
        one_step(group, str(tmp_path), size)
    with np.load(tmp_path / "1-0.npz") as alone:
        for rank in range(size):
            with np.load(tmp_path / f"{size}-{rank}.npz") as together:
                for name in alone:
                    assert np.allclose(together[name], alone[name], rtol=1e-12, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3])
def test_processes_take_the_steps_of_one(size, tmp_path):
    two_epochs(Group(), str(tmp_path))
    with opened_group(size, two_epochs, str(tmp_path)) as group:
        two_epochs(group, str(tmp_path))
    with np.load(tmp_path / "1-0.npz") as alone:
        for rank in range(size):
            with np.load(tmp_path / f"{size}-{rank}.npz") as together:
                for name in alone:
                    assert np.allclose(together[name], alone[name], rtol=1e-5, atol=1e-6), name


def test_layers_that_draw_for_their_own_rows_alone_are_refused():
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Dropout2d(0.1))
    with pytest.raises(SettingsError, match="layer '1' draws random numbers"):
        with_whole_batch(net, Group(0, 2), slice(0, 1), 2)


def test_more_processes_than_shares_of_a_batch_are_refused():
    with pytest.raises(SettingsError, match=r"9 processes cannot share .* 8 can, 16 crops each"):
        trainer(Group(0, 9), 128)


def test_own_shares_in_turn_are_the_list():
    items = list(range(10))
    shares = [Group(rank, 3).own(items) for rank in range(3)]
    assert [i for share in shares for i in share] == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_torchrun_starts_the_processes_itself(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "any")
    with pytest.raises(SettingsError, match="torchrun starts"), opened_group(2, print):
        pass


def test_only_torchrun_says_that_another_process_is_the_first(monkeypatch):
    monkeypatch.setenv("RANK", "3")  # as other launchers set it
    assert is_first_process()
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "any")
    assert not is_first_process()


def meet_with_one_that_dies() -> None:
    with opened_group(2, dies) as group:
        group.from_first(None)
        group.from_all(None)


@pytest.mark.slow
def test_a_process_that_dies_is_named_and_the_training_can_go_on():
    with pytest.raises(ProcessError, match=r"process 1 of 2 died \(exit code 5\).*--resume"):
        meet_with_one_that_dies()


@pytest.fixture(scope="module")
def settings(quick_settings, photos_without):
    mining = quick_settings.mining.model_copy(update={"negatives": str(photos_without)})
    return quick_settings.model_copy(update={"mining": mining})


@pytest.fixture(scope="module")
def together(tmp_path_factory, dress_crops, settings):
    model = tmp_path_factory.mktemp("together") / "m.safetensors"
    result = train(TrainingJob(dress_crops, model, settings, devices=2))
    return model, result


def losses(result) -> list[float]:
    return [record["loss"] for record in result.metrics["history"]]


@pytest.mark.slow
def test_two_processes_learn_along_the_curve_of_one(together, tmp_path, dress_crops, settings):
    alone = train(TrainingJob(dress_crops, tmp_path / "m.safetensors", settings))
    _, result = together
    assert np.allclose(losses(result), losses(alone), rtol=0.1)
    counts = ("crops", "photos", "skipped")
    assert [result.metrics[c] for c in counts] == [alone.metrics[c] for c in counts]
    assert len(result.metrics["mining"]) == len(alone.metrics["mining"])


@pytest.mark.slow
def test_a_training_whose_process_was_killed_goes_on_to_the_same_weights(
    together, tmp_path, dress_crops, settings
):
    model = tmp_path / "m.safetensors"
    folder = model.with_suffix(".train")
    script = tmp_path / "start.py"
    script.write_text(
        "import json, sys\n"
        "from pathlib import Path\n"
        "from fcn_detect.config import Settings\n"
        "from fcn_detect.train import TrainingJob, train\n"
        "if __name__ == '__main__':\n"
        "    settings = Settings(**json.loads(sys.argv[3]))\n"
        "    train(TrainingJob(Path(sys.argv[1]), Path(sys.argv[2]), settings, devices=2))\n"
    )
    command = [sys.executable, script, dress_crops, model, settings.model_dump_json()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 300
        while not (folder / "checkpoint.pt").exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.01)
        for child in children(process.pid):
            os.kill(child, 9)
        said = process.stderr.read()
    assert "process 1 of 2 died (exit code -9)" in said
    assert not model.exists()
    train(TrainingJob(dress_crops, model, settings, resume=True, devices=2))
    done = [load_model(path)[1].state_dict() for path in (model, together[0])]
    assert all(torch.equal(done[0][name], done[1][name]) for name in done[0])
    same = [json.loads((path.with_suffix(".train") / "metrics.json").read_text())
            for path in (model, together[0])]  # fmt: skip
    assert same[0] == same[1]


def children(pid: int) -> list[int]:
    """Processes started by another to train with it."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    started = [child for task in tasks for child in (task / "children").read_text().split()]
    return [int(c) for c in started if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


@pytest.mark.slow
def test_torchrun_trains_the_same(together, tmp_path, dress_crops, settings):
    model = tmp_path / "m.safetensors"
    config = tmp_path / "settings.toml"
    tables = json.loads(settings.model_dump_json(exclude_none=True))
    config.write_text(
        "".join(
            f"[{table}]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in values.items())
            for table, values in tables.items()
        )
    )
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "fcn_detect", "train", dress_crops, "-o", model, "--config", config,
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("recommended threshold") + done.stdout.count("recommended th") == 1
    metrics = json.loads((model.with_suffix(".train") / "metrics.json").read_text())
    assert np.allclose([r["loss"] for r in metrics["history"]], losses(together[1]), rtol=0.1)


def toml(value) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)
