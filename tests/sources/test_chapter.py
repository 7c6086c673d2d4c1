"""A textbook chapter and a lecture: dense layers as convolutions, and the net's three endings.

Sources: Raschka, "Machine Learning Q and AI", chapter 12; his lecture's notebook "Replacing
Fully-Connected by Equivalent Convolutional Layers".
"""

import importlib.util
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from fcn_detect import to_fully_convolutional
from fcn_detect.backends import BACKENDS
from fcn_detect.nets.dense_layers import dense_to_convolution, dense_to_pointwise

INPUTS = [1.0, 2.0, 3.0, 4.0]
WEIGHTS = [[1.1, 1.2, 1.3, 1.4], [1.5, 1.6, 1.7, 1.8]]
BIASES = [1.9, 2.0]
OUTPUTS = [14.9, 19.0]

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}


def _script(name: str) -> ModuleType:
    """A script as a module."""
    path = Path(__file__).parents[2] / "scripts" / name
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


endings = _script("reproduce/endings.py")
forms = _script("bench/forms.py")


def _dense(dtype: torch.dtype) -> nn.Linear:
    dense = nn.Linear(4, 2, dtype=dtype)
    with torch.no_grad():
        dense.weight.copy_(torch.tensor(WEIGHTS, dtype=dtype))
        dense.bias.copy_(torch.tensor(BIASES, dtype=dtype))
    return dense


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@torch.no_grad()
def test_dense_2x2_and_1x1_forms_of_4_inputs_agree_to_the_last_bit(dtype: torch.dtype) -> None:
    dense = _dense(dtype)
    inputs = torch.tensor(INPUTS, dtype=dtype)
    whole, pointwise = dense_to_convolution(dense, (2, 2)), dense_to_pointwise(dense)
    assert (whole.weight.shape, pointwise.weight.shape) == ((2, 1, 2, 2), (2, 4, 1, 1))
    outputs = torch.tensor(OUTPUTS, dtype=dtype)
    assert torch.equal(dense(inputs.view(1, 4))[0], outputs)
    assert torch.equal(whole(inputs.view(1, 1, 2, 2))[0, :, 0, 0], outputs)
    assert torch.equal(pointwise(inputs.view(1, 4, 1, 1))[0, :, 0, 0], outputs)


@pytest.mark.parametrize(
    "dtype, orders_of_first", [(np.float32, 120), (np.float64, 112)], ids=["float32", "float64"]
)
def test_most_orders_of_the_sum_give_these_bits_and_the_order_of_the_inputs_does(
    dtype: type, orders_of_first: int
) -> None:
    """Of the 120 orders of four products and a bias: all in float32, all but 8 in float64."""
    products = np.array(WEIGHTS, dtype) * np.array(INPUTS, dtype)
    terms = np.column_stack([products, np.array(BIASES, dtype)])
    exactly = np.array(OUTPUTS, dtype)
    assert (_sum_in_order(terms, range(5)) == exactly).all()
    sums = [_sum_in_order(terms, order) for order in itertools.permutations(range(5))]
    assert np.sum(np.array(sums) == exactly, axis=0).tolist() == [orders_of_first, 120]


def _sum_in_order(terms: np.ndarray, order: tuple[int, ...] | range) -> np.ndarray:
    """Row sums, one term after the other, rounded after each."""
    first, *others = order
    total = terms[:, first]
    for term in others:
        total = total + terms[:, term]
    return total


def _difference(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max() / max(1.0, float(b.abs().max())))


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@torch.no_grad()
def test_the_endings_dense_and_8x8_convolution_are_equal(dtype: torch.dtype) -> None:
    nets = {name: net.to(dtype).eval() for name, net in endings.build_classifiers(0).items()}
    crops = torch.rand(5, 1, 32, 32, dtype=dtype) * 255
    assert nets["dense"][:-2](crops).shape == (5, 64, 8, 8)
    logits = nets["dense"](crops)
    assert _difference(nets["8x8 convolution"](crops), logits) <= TOLERANCES[dtype]
    assert _difference(nets["pooling, dense"](crops), logits) > 0.01


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@torch.no_grad()
def test_the_endings_dense_and_8x8_convolution_stay_equal_when_converted(
    dtype: torch.dtype,
) -> None:
    nets = endings.build_classifiers(0)
    dense, whole = (
        to_fully_convolutional(nets[name].to(dtype), (32, 32))
        for name in ("dense", "8x8 convolution")
    )
    images = torch.rand(1, 1, 52, 60, dtype=dtype) * 255
    maps = dense(images)
    assert maps.shape == (1, 10, (52 - 32) // 4 + 1, (60 - 32) // 4 + 1)
    assert _difference(whole(images), maps) <= TOLERANCES[dtype]
    crop = images[:, :, :32, :32]
    assert _difference(whole(crop)[:, :, 0, 0], nets["dense"](crop)) <= TOLERANCES[dtype]


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@torch.no_grad()
def test_the_pooled_ending_is_a_dense_one_with_the_same_weights_at_every_place(
    dtype: torch.dtype,
) -> None:
    net = endings.build_classifiers(0)["pooling, dense"].to(dtype).eval()
    units = torch.rand(5, 64, 8, 8, dtype=dtype)
    shared = nn.Linear(64 * 8 * 8, 10, dtype=dtype)
    shared.weight.copy_((net[-1].weight / 64).repeat_interleave(64, dim=1))
    shared.bias.copy_(net[-1].bias)
    assert _difference(shared(units.flatten(1)), net[-3:](units)) <= TOLERANCES[dtype]


def test_the_three_endings_are_trained_on_the_same_digits(tmp_path: Path) -> None:
    done = CliRunner().invoke(endings.main, ["--quick", "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "endings.md").read_text() == done.output
    pooled, dense, whole = json.loads((tmp_path / "endings.json").read_text())
    assert [e["parameters"] for e in (pooled, dense, whole)] == [650, 40_970, 40_970]
    assert whole["same_answers"] >= 0.99
    assert whole["difference"] < 1e-3 < pooled["difference"]
    assert dense["accuracies"][0] > 0.2


def test_the_three_forms_are_timed_in_every_backend() -> None:
    assert set(forms.RUNTIMES) >= set(BACKENDS)


@pytest.mark.parametrize("runtime, size", [("torch", s) for s in forms.SIZES], ids=str)
@torch.inference_mode()
def test_the_forms_that_are_timed_give_the_same_outputs(
    runtime: str, size: "forms.LayerSize"
) -> None:
    calls = [forms.RUNTIMES[runtime](*form) for form in forms.forms(size, 3).values()]
    assert forms.largest_difference(calls) <= 1e-5


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@torch.inference_mode()
def test_other_runtimes_give_what_torch_gives(runtime: str) -> None:
    form = forms.forms(forms.SIZES[2], 3)["kxk"]
    assert forms.largest_difference([forms.RUNTIMES[r](*form) for r in ("torch", runtime)]) <= 1e-5
