import pytest
import torch

from fcn_detect.config import Settings
from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.train.checkpoint import load_checkpoint, save_checkpoint


def saved(tmp_path, settings):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"settings": settings, "weights": torch.arange(3)})
    return path


def test_a_checkpoint_comes_back_with_the_settings_that_it_was_made_with(tmp_path):
    path = saved(tmp_path, Settings().model_dump())
    assert torch.equal(load_checkpoint(path, Settings())["weights"], torch.arange(3))


def test_another_setting_is_named(tmp_path):
    path = saved(tmp_path, Settings().model_dump())
    other = Settings.model_validate({"train": {"epochs": 3}, "detect": {"step": 1.3}})
    with pytest.raises(SettingsError, match=r"\(detect.step, train.epochs\)"):
        load_checkpoint(path, other)


def test_settings_that_came_later_count_as_left_alone(tmp_path):
    older = Settings().model_dump()
    del older["train"]["teacher_weight"], older["detect"]
    path = saved(tmp_path, older)
    load_checkpoint(path, Settings())
    with pytest.raises(SettingsError, match=r"\(train.teacher_weight\)"):
        load_checkpoint(path, Settings.model_validate({"train": {"teacher_weight": 0.5}}))


def test_a_damaged_checkpoint_is_one_line(tmp_path):
    path = saved(tmp_path, {})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="damaged checkpoint"):
        load_checkpoint(path, Settings())


def test_other_things_to_learn_from_are_refused_and_both_digests_are_named(tmp_path):
    path = tmp_path / "checkpoint.pt"
    before = {"set of crops": "c" * 64, "teacher": None}
    save_checkpoint(path, {"settings": Settings().model_dump(), "learned_from": before})
    load_checkpoint(path, Settings(), before)
    with pytest.raises(SettingsError, match=r"another set of crops, c{12} then, d{12} now"):
        load_checkpoint(path, Settings(), before | {"set of crops": "d" * 64})
    with pytest.raises(SettingsError, match=r"another teacher, none then, e{12} now"):
        load_checkpoint(path, Settings(), before | {"teacher": "e" * 64})
