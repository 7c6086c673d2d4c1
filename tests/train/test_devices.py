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
from torch import nn

from fcn_detect.config import AugmentSettings, ModelSettings, TrainSettings
from fcn_detect.errors import ProcessError, SettingsError
from fcn_detect.nets import build_net, load_model
from fcn_detect.train import TrainingJob, is_first_process, train
from fcn_detect.train.augment import Augmentation
from fcn_detect.train.crop_set import CropSet
from fcn_detect.train.devices import opened_group
from fcn_detect.train.group import Group
from fcn_detect.train.loop import Trainer
from fcn_detect.train.whole_batch import with_whole_batch

ROWS = 11


def small_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(5 * 4 * 6, 4, bias=False), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2),
    )  # fmt: skip


def one_step(group: Group, folder: str, size: int) -> None:
    """Loss, gradients and running values of one batch; written by each process."""
    torch.manual_seed(7)
    net = small_net().double()
    batch = torch.randn(ROWS, 3, 6, 8, dtype=torch.float64)
    rows = slice(*(ROWS * r // size for r in (group.rank, group.rank + 1)))
    if size > 1:
        net = with_whole_batch(net, group, rows, ROWS)
    torch.manual_seed(8)
    loss = net(batch[rows]).square().sum()
    loss.backward()
    gradients = [group.total(p.grad) for p in net.parameters()]
    values = [group.total(loss.detach()), *gradients, *net.buffers()]
    np.savez(f"{folder}/{size}-{group.rank}.npz", *[v.numpy() for v in values])
    group.from_all(None)  # nobody leaves before all have written


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


class InDouble(nn.Module):
    """A net in double precision: its losses are in single, and differ in their last digit."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net.double()

    def forward(self, images: torch.Tensor) -> "torch.Tensor":
        return self.net(images.double())


def trainer(group: Group, batch_size: int) -> Trainer:
    """Of people, halves of them as background, and box offsets, in double precision."""
    torch.manual_seed(0)
    model = ModelSettings(net="valid-half", crop=(64, 32), window=(56, 28))
    crops = np.random.default_rng(0).integers(0, 256, (150, 64, 32, 3), dtype=np.uint8)
    augment = Augmentation(AugmentSettings(), model, (6.0, 4.0, 22.0, 52.0))
    settings = TrainSettings(batch_size=batch_size)
    crops = CropSet(crops, np.arange(150) % 2, [""] * 150)
    net = InDouble(build_net("valid-half", (56, 28), 4))
    return Trainer(net, settings, augment, 0, 2, crops, 1, group=group)


def two_epochs(group: Group, folder: str) -> None:
    own = trainer(group, 40)
    done: list[float] = []
    for _ in range(2):
        own.run_epoch(lambda _step, _steps, loss: done.append(loss))
    values = [torch.tensor(done), *own.average.module.state_dict().values()]
    np.savez(f"{folder}/{group.size}-{group.rank}.npz", *[v.numpy() for v in values])
    group.from_all(None)


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


def dies(group: Group) -> None:
    group.from_first(None)
    os._exit(5)


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
