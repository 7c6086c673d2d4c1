import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from fcn_detect.errors import ModelError
from fcn_detect.headers import HEADER_KEY, read_header
from fcn_detect.nets import build_net, load_model, save_model
from fcn_detect.nets.normalize import normalisation_of
from fcn_detect.results import Calibration, ModelHeader
from fcn_detect.results.model_header import FORMAT_VERSION

HEADER = ModelHeader(
    net="valid-small",
    crop_hw=(56, 48),
    labels=("cat", "größe"),
    object_box=(4, 4, 44, 52.5),
    stride_hw=(8, 8),
    exact=True,
    calibration=Calibration(slope=1.5, bias=-0.5),
    figures={"accuracy": 0.75},
)


@pytest.fixture(scope="module")
def classifier() -> nn.Module:
    torch.manual_seed(0)
    return build_net(HEADER.net, HEADER.crop_hw, HEADER.outputs)


@pytest.fixture(scope="module")
def saved(classifier: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    save_model(path, HEADER, classifier)
    return path.read_bytes()


def test_a_saved_model_comes_back_as_it_was(classifier: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.safetensors"
    save_model(path, HEADER, classifier)
    header, loaded = load_model(path)
    assert header == read_header(path)
    assert header.normalisation == normalisation_of(classifier)
    assert header.normalisation.mean == (123.675, 116.28, 103.53)
    assert header.model_copy(update={"normalisation": None}) == HEADER
    state = loaded.state_dict()
    assert state.keys() == classifier.state_dict().keys()
    assert all(torch.equal(state[k], v) for k, v in classifier.state_dict().items())
    assert not any(module.training for module in loaded.modules())


def test_saving_takes_transposed_weights_and_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    classifier = build_net(HEADER.net, HEADER.crop_hw, HEADER.outputs)
    last = classifier[-1]
    last.weight = nn.Parameter(torch.rand(24, 3).T)  # not contiguous
    save_model(tmp_path / "m.safetensors", HEADER, classifier.to(memory_format=torch.channels_last))
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]
    assert torch.equal(load_model(tmp_path / "m.safetensors")[1][-1].weight, last.weight)


def test_the_same_model_is_saved_as_the_same_bytes(
    classifier: nn.Module, saved: bytes, tmp_path: Path
) -> None:
    save_model(tmp_path / "again", HEADER, classifier)
    assert (tmp_path / "again").read_bytes() == saved


def _assert_refused(path: Path, complaint: str = "") -> None:
    with pytest.raises(ModelError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert complaint in message


def _header_end(saved: bytes) -> int:
    return 8 + struct.unpack("<Q", saved[:8])[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:4],
        lambda data: data[:8],
        lambda data: data[:100],
        lambda data: data[: _header_end(data) - 1],
        lambda data: data[: _header_end(data)],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data + b"more",
        lambda _: bytes(range(256)) * 40,
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: data[:8] + b"[" + data[9:],
        lambda data: b"PK\x03\x04" + data,
        lambda _: b"<html>404</html>",
    ],
)
def test_a_damaged_file_is_refused_in_one_line(
    damage: Callable[[bytes], bytes], saved: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(damage(saved))
    _assert_refused(path, "not a readable .safetensors file")


def test_a_missing_file_and_a_folder_are_refused_in_one_line(tmp_path: Path) -> None:
    _assert_refused(tmp_path / "none.safetensors", "there is no such model file")
    _assert_refused(tmp_path)


def _rewrite(path: Path, header: str | None, weights: dict[str, torch.Tensor]) -> Path:
    metadata = None if header is None else {HEADER_KEY: header}
    path.write_bytes(safetensors.torch.save(weights, metadata))
    return path


@pytest.mark.parametrize(
    "header, complaint",
    [
        (None, "no fcn_detect header"),
        ("", "damaged header"),
        ("{", "damaged header"),
        ("[1, 2]", "damaged header"),
        ("{}", "Field required"),
        ({"version": FORMAT_VERSION + 1}, "newer than this program"),
        ({"labels": []}, "labels"),
        ({"stride_hw": [0, 8]}, "stride_hw"),
        ({"crop_hw": "large"}, "crop_hw"),
        ({"object_box": [0, 0, 500, 500]}, "does not lie in a crop"),
        ({"unheard": 1}, "unheard"),
        ({"net": "no-such-net"}, "no net is called 'no-such-net'"),
        ({"crop_hw": [20, 20], "object_box": [0, 0, 20, 20]}, "too small"),
        ({"crop_hw": [128, 64]}, "size mismatch"),
        ({"labels": ["cat"]}, "size mismatch"),
        ({"net": "dress"}, "the weights do not fit a 'dress' net"),
    ],
)
def test_a_header_that_cannot_be_or_does_not_fit_is_refused_in_one_line(
    header: str | dict[str, Any] | None, complaint: str, classifier: nn.Module, tmp_path: Path
) -> None:
    if isinstance(header, dict):
        header = json.dumps({**json.loads(HEADER.model_dump_json()), **header})
    path = _rewrite(tmp_path / "m.safetensors", header, classifier.state_dict())
    _assert_refused(path, complaint)


def test_weights_that_are_missing_too_many_or_of_another_shape_are_refused_in_one_line(
    classifier: nn.Module, tmp_path: Path
) -> None:
    path, text = tmp_path / "m.safetensors", HEADER.model_dump_json()
    weights = classifier.state_dict()
    name = next(iter(weights))
    _assert_refused(_rewrite(path, text, {}), "Missing key")
    _assert_refused(
        _rewrite(path, text, {k: v for k, v in weights.items() if k != name}), f'"{name}"'
    )
    _assert_refused(_rewrite(path, text, {**weights, "extra": torch.zeros(2)}), '"extra"')
    _assert_refused(_rewrite(path, text, {**weights, name: torch.zeros(7)}), "size mismatch")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_are_refused(
    value: float, classifier: nn.Module, tmp_path: Path
) -> None:
    weights = {name: weight.clone() for name, weight in classifier.state_dict().items()}
    name = next(name for name, weight in weights.items() if weight.is_floating_point())
    weights[name].view(-1)[0] = value
    path = _rewrite(tmp_path / "m.safetensors", HEADER.model_dump_json(), weights)
    _assert_refused(path, f"the weights '{name}' hold NaN or infinite values")
