import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from fcn_detect.config import DetectSettings, Settings, data_path, read_settings
from fcn_detect.errors import SettingsError

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").rglob("*.toml"))


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "settings.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_no_file_and_an_empty_file_mean_all_defaults(tmp_path: Path) -> None:
    assert read_settings(None) == Settings() == read_settings(_file(tmp_path, "# nothing\n"))


def test_the_defaults_are_those_that_users_are_promised() -> None:
    settings = Settings()
    assert settings.model.crop == (128, 64)
    assert settings.detect.keep == 0.01
    assert settings.detect.max_detections == 1000
    assert settings.detect.max_enlargement == 4
    assert settings.detect.min_height is settings.detect.threshold is None


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    settings = read_settings(_file(tmp_path, "[train]\nepochs = 3\n[detect]\nstep = 1.5\n"))
    assert settings.train.epochs == 3
    assert settings.detect.step == 1.5
    assert settings.model_dump(exclude_unset=True) == {
        "train": {"epochs": 3},
        "detect": {"step": 1.5},
    }


@pytest.mark.parametrize(
    "size, hw", [("64x128", (128, 64)), ("100X40", (40, 100)), ("1x2", (2, 1))]
)
def test_a_size_is_written_width_by_height_and_held_as_height_and_width(
    size: str, hw: tuple[int, int], tmp_path: Path
) -> None:
    settings = read_settings(_file(tmp_path, f'[model]\ncrop = "{size}"\n'))
    assert settings.model.crop == hw
    assert settings.model.model_dump()["crop"] == size.lower()
    assert Settings.model_validate(settings.model_dump()) == settings


def test_changes_go_over_the_file_and_those_of_none_are_left_out(tmp_path: Path) -> None:
    path = _file(tmp_path, "[train]\nepochs = 3\nseed = 7\n")
    changes = {"train": {"epochs": 5, "seed": None}, "detect": {"keep": 0.2, "stride": None}}
    settings = read_settings(path, changes)
    assert (settings.train.epochs, settings.train.seed) == (5, 7)
    assert settings.detect == DetectSettings(keep=0.2)
    assert read_settings(None, {"detect": {}}) == Settings()


@pytest.mark.parametrize(
    "text, key, nearest",
    [
        ("[detect]\nmin_hight = 5", "detect.min_hight", "min_height"),
        ("[detect]\nnms = 5", "detect.nms", "nms_"),
        ("[train]\nepoch = 5", "train.epoch", "epochs"),
        ("[training]\nepochs = 5", "training", "train"),
        ("[model]\nCrop = '64x128'", "model.Crop", "crop"),
        ("zzz = 1", "zzz", ""),
        ("'' = 1", "", ""),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(
    text: str, key: str, nearest: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(_file(tmp_path, text))
    assert f"unknown key '{key}'; did you mean '{nearest}" in str(caught.value)
    assert "known: " in str(caught.value)


DAMAGED = [
    "[detect",
    "detect]\nstep = 2",
    "[detect]\nstep = ",
    "[detect]\nstep 2",
    "[detect]\nstep = 1.2\nstep = 1.3",
    "[detect]\nstep = 1.5.2",
    "[model]\nnet = 'valid",
    "{}",
    "\x00\x01\x02",
    b"\xff\xfe[\x00d\x00",
    b"[model]\nnet = 'caf\xe9'",
    b"\x89PNG\r\n\x1a\n",
    "a = " + "[" * 5000,
    "a = " + "1" * 5000,
    '"two\\nlines" = 1',
    "detect = 3",
    "[[detect]]\nstep = 1.2",
    "[detect.step]\nvalue = 2",
    "[detect]\nstep = '''a\nb'''",
    "[detect]\nstep = [1.2]",
    "[detect]\nstep = 2020-01-01",
    "[train]\nepochs = 2.5",
    "[train]\nepochs = 'many'",
    "[model]\nnet = 3",
    "[model]\nobject_box = [1, 2, 3]",
    "[model]\nobject_box = 'all'",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_refused_in_one_line(text: str | bytes, tmp_path: Path) -> None:
    path = _file(tmp_path, text)
    for changes in (None, {"detect": {"border": 0.5}, "train": {"seed": 3}}):
        with pytest.raises(SettingsError) as caught:
            read_settings(path, changes)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key, value",
    [
        ("model.crop", "'64'"),
        ("model.crop", "'0x128'"),
        ("model.crop", "'64x-1'"),
        ("model.crop", "'axb'"),
        ("model.crop", "'²x3'"),
        ("model.crop", "[128]"),
        ("augment.flip", "1.5"),
        ("augment.scale", "1"),
        ("augment.shift", "-1"),
        ("augment.rotation", "181"),
        ("train.epochs", "0"),
        ("train.batch_size", "1"),
        ("train.learning_rate", "0"),
        ("train.learning_rate", "inf"),
        ("train.object_share", "1"),
        ("mining.held_back", "1"),
        ("mining.rounds", "-1"),
        ("detect.min_height", "0"),
        ("detect.min_height", "inf"),
        ("detect.max_height", "nan"),
        ("detect.max_enlargement", "0"),
        ("detect.step", "1"),
        ("detect.step", "nan"),
        ("detect.stride", "0"),
        ("detect.border", "-0.1"),
        ("detect.border", "5"),
        ("detect.keep", "nan"),
        ("detect.keep", "-0.1"),
        ("detect.threshold", "1.1"),
        ("detect.max_detections", "0"),
        ("detect.nms_overlap", "0"),
        ("detect.nms_measure", "'minimum'"),
    ],
)
def test_a_value_out_of_range_is_refused_by_key_and_value(
    key: str, value: str, tmp_path: Path
) -> None:
    table, name = key.split(".")
    with pytest.raises(SettingsError, match=re.escape(f"'{key}")) as caught:
        read_settings(_file(tmp_path, f"[{table}]\n{name} = {value}\n"))
    assert "\n" not in str(caught.value)


def test_a_change_out_of_range_is_refused_without_naming_a_file() -> None:
    with pytest.raises(SettingsError, match=r"^'detect\.step' is 0\.5: "):
        read_settings(None, {"detect": {"step": 0.5}})


def test_a_missing_file_and_a_folder_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such settings file"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        read_settings(tmp_path)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().detect.step = 2


def test_data_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for root in (None, ""):
        if root is None:
            monkeypatch.delenv("FCN_DETECT_DATA", raising=False)
        else:
            monkeypatch.setenv("FCN_DETECT_DATA", root)
        assert data_path("data/crops") == Path("data/crops")
    monkeypatch.setenv("FCN_DETECT_DATA", "/mnt/sets")
    assert data_path("data/person/train") == Path("/mnt/sets/person/train")
    assert data_path("./data/person") == Path("/mnt/sets/person")
    assert data_path("data") == Path("/mnt/sets")
    for elsewhere in ("database/x", "my/data/x", "/data/x", "../data/x"):
        assert data_path(elsewhere) == Path(elsewhere)


def test_there_are_configs() -> None:
    assert CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_loads_and_opens_with_a_comment(path: Path) -> None:
    read_settings(path)
    assert path.read_text().startswith("# ")
