"""A checkpoint with any damage is refused, or holds tensors; nothing of it is run."""

import io
import random

import pytest
import torch

from fcn_detect.config import Settings
from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.nets.checkpoint import read_checkpoint
from fcn_detect.train.checkpoint import load_checkpoint

STATE = {"state_dict": {"a.weight": torch.zeros(3, 2)}, "settings": Settings().model_dump()}


def saved(**options):
    stream = io.BytesIO()
    torch.save(STATE, stream, **options)
    return stream.getvalue()


def damaged(data, rng):
    """The same with some bytes changed or left out, or cut short."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed) - 9)
        act = rng.random()
        if act < 0.6:
            changed[at] = rng.randrange(256)
        elif act < 0.8:
            del changed[at : at + rng.randrange(1, 9)]
        else:
            changed = changed[: max(20, at)]
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")  # torch's, of damaged files
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_checkpoints_are_refused_in_one_line_or_hold_tensors(zipped, tmp_path):
    rng, good = random.Random(0), saved(_use_new_zipfile_serialization=zipped)
    path, refused = tmp_path / "a.pt", 0
    for _ in range(80):
        path.write_bytes(damaged(good, rng))
        for read in (read_checkpoint, lambda file: load_checkpoint(file, Settings())):
            try:
                assert read(path)
            except (ModelError, SettingsError) as error:
                refused += 1
                message = str(error)
            else:
                message = ""
            assert "\n" not in message
    assert refused > 80
