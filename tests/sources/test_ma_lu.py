"""Ma and Lu, "An Equivalence of Fully Connected Layer and Convolutional Layer", arXiv 1712.01252.

Images are `(n, h, w, channels)` here, as in the paper.
"""

import importlib
import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from fcn_detect.nets.im2col import (
    Sliding,
    extract_patches,
    filter_matrix,
    multiply_patches,
    output_size,
    patch_expansion,
)

HW = tuple[int, int]
SCRIPTS = Path(__file__).parents[2] / "scripts" / "reproduce"


def algorithm_1(images: Tensor, kernel_hw: HW, stride: int) -> Tensor:
    """The stacked matrix M, `(n * places, kernel_h * kernel_w * channels)`, row by row.

    The paper prints it with two slips: it cuts each patch by the stride where the kernel's size
    is meant, and it divides by the map's height for a patch's row, which is right only for
    square maps.
    """
    n, h, w, channels = images.shape
    (kernel_h, kernel_w), sliding = kernel_hw, Sliding(kernel_hw, (stride, stride))
    rows, cols = output_size((h, w), sliding)
    matrix = images.new_empty(n * rows * cols, kernel_h * kernel_w * channels)
    for i in range(len(matrix)):
        image, patch = divmod(i, rows * cols)
        top, left = patch // cols * stride, patch % cols * stride
        matrix[i] = images[image, top : top + kernel_h, left : left + kernel_w].flatten()
    return matrix


def equations_5_to_8(i: int, j: int, shape: torch.Size, kernel_hw: HW, stride: int) -> list[int]:
    """Image, row, column and channel that element `(i, j)` of M is copied from.

    The paper counts all of them from 1 and leaves the stride out of row and column.
    """
    _, h, w, channels = shape
    rows, cols = output_size((h, w), Sliding(kernel_hw, (stride, stride)))
    image, patch = divmod(i, rows * cols)
    tap, channel = divmod(j, channels)
    row = patch // cols * stride + tap // kernel_hw[1]
    column = patch % cols * stride + tap % kernel_hw[1]
    return [image, row, column, channel]


CASES = [
    ((2, 6, 6, 1), (2, 2), 1),
    ((2, 5, 8, 3), (2, 3), 1),
    ((3, 9, 6, 2), (3, 2), 2),
    ((1, 8, 12, 2), (4, 4), 4),
    ((2, 11, 7, 2), (2, 2), 3),
]


@pytest.mark.parametrize("shape, kernel_hw, stride", CASES)
def test_algorithm_1_gives_the_patches(shape, kernel_hw, stride):
    images = torch.rand(shape)
    patches = extract_patches(images.movedim(3, 1), Sliding(kernel_hw, (stride, stride)))
    channels_last = patches.unflatten(2, (shape[3], -1)).transpose(2, 3).flatten(2)
    assert torch.equal(algorithm_1(images, kernel_hw, stride), channels_last.flatten(0, 1))


@pytest.mark.parametrize("shape, kernel_hw, stride", CASES)
def test_equations_5_to_8_say_where_each_element_comes_from(shape, kernel_hw, stride):
    images = torch.rand(shape)
    matrix = algorithm_1(images, kernel_hw, stride)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            source = equations_5_to_8(i, j, images.shape, kernel_hw, stride)
            assert matrix[i, j] == images[*source]


def test_as_printed_the_row_of_a_patch_is_right_only_on_square_maps():
    def rows_differ(rows, cols):
        return [p for p in range(rows * cols) if p // rows != p // cols]

    assert not rows_differ(13, 13)
    assert rows_differ(5, 8)
    assert rows_differ(8, 5)


def test_as_printed_patches_have_16_pixels_only_where_the_stride_is_the_kernels_size():
    image = torch.rand(28, 28)
    for stride in (1, 2, 4):
        cut_by_stride = image[:stride, :stride]
        assert (cut_by_stride.numel() == 16) == (stride == 4)


def test_without_the_stride_the_equations_hold_only_at_stride_1():
    shape = torch.Size((2, 9, 9, 1))
    for stride in (1, 2):
        rows = output_size((9, 9), Sliding((3, 3), (stride, stride)))[0]
        found = [equations_5_to_8(i, 0, shape, (3, 3), stride)[1:3] for i in range(rows**2)]
        assert (found == [[i // rows, i % rows] for i in range(rows**2)]) == (stride == 1)


def test_a_28x28_image_has_49_patches_of_16_with_a_4x4_filter_at_stride_4():
    sliding = Sliding((4, 4), (4, 4))
    image, weight = torch.rand(1, 1, 28, 28), torch.rand(1, 1, 4, 4)
    patches = extract_patches(image, sliding)
    assert patches.shape == (1, 49, 16)
    assert torch.equal(patches.flatten().sort().values, image.flatten().sort().values)
    product = multiply_patches(patches, filter_matrix(weight)).view(1, 1, 7, 7)
    assert (product - nn.functional.conv2d(image, weight, stride=4)).abs().max() <= 1e-5


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_the_stacked_matrix_and_the_matrix_of_each_image_give_the_same(dtype, tolerance):
    torch.manual_seed(0)
    images = torch.rand(8, 12, 9, 3, dtype=dtype)
    filters = torch.randn(2 * 4 * 3, 5, dtype=dtype, requires_grad=True)
    stacked = algorithm_1(images, (2, 4), 2).requires_grad_()
    each = [algorithm_1(image[None], (2, 4), 2).requires_grad_() for image in images]
    outputs = stacked @ filters, torch.cat([matrix @ filters for matrix in each])
    weight = torch.randn_like(outputs[0])
    of_stacked = torch.autograd.grad(outputs[0], [filters, stacked], weight)
    of_filters, *of_each = torch.autograd.grad(outputs[1], [filters, *each], weight)
    assert difference(*outputs) <= tolerance
    assert difference(of_stacked[0], of_filters) <= tolerance
    assert difference(of_stacked[1], torch.cat(of_each)) <= tolerance


def difference(a: Tensor, b: Tensor) -> float:
    a, b = a.detach(), b.detach()
    return float((a - b).abs().max() / b.abs().max().clamp(min=1))


@pytest.mark.parametrize(
    "stride, patches, expansion", [(4, 49, 1.0), (2, 169, 3.449), (1, 625, 12.755)]
)
def test_patches_cost_kernel_over_stride_squared_in_memory(stride, patches, expansion):
    sliding = Sliding((4, 4), (stride, stride))
    images = torch.rand(10, 1, 28, 28)
    extracted = extract_patches(images, sliding).contiguous()
    assert extracted.shape == (10, patches, 16)
    assert extracted.nbytes / images.nbytes == pytest.approx(expansion, abs=1e-3)
    assert patch_expansion((28, 28), sliding) == pytest.approx(expansion, abs=1e-3)
    assert expansion <= (4 / stride) ** 2


@pytest.fixture(scope="module")
def experiment():
    """The module of scripts/reproduce/ma_lu.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        yield importlib.import_module("ma_lu")


@pytest.fixture(scope="module")
def five_epochs(experiment, tmp_path_factory):
    """The folder of five epochs in one go, on few images and filters."""
    folder = tmp_path_factory.mktemp("ma_lu")
    run_script(experiment, folder, 5)
    return folder


def run_script(experiment, folder, epochs, *options):
    arguments = ["-o", str(folder), "--epochs", str(epochs), "--images", "130", "--filters", "8"]
    result = CliRunner().invoke(experiment.main, [*arguments, *options])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_five_epochs_of_the_experiment_keep_both_nets_together(five_epochs):
    figures = json.loads((five_epochs / "ma_lu.json").read_text())
    assert len(figures["runs"]) == 4
    for run in figures["runs"]:
        last, tolerance = run["measures"][-1], {"float32": 1e-4, "float64": 1e-12}[run["dtype"]]
        assert last["epoch"] == len(run["losses"]) == 5
        assert last["weights"] <= tolerance * last["weights_norm"]
        assert last["outputs"] <= tolerance * last["outputs_norm"]
        assert last["cnn"] == pytest.approx(last["fc"], rel=tolerance)
        losses = [epoch["cnn"] for epoch in run["losses"]]
        assert losses == sorted(losses, reverse=True)


def test_the_experiment_writes_a_table_beside_the_papers_figures_and_plots(five_epochs):
    table = (five_epochs / "ma_lu.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith(("| sgd", "| adam"))]
    assert len(rows) == 6
    assert "| sgd, paper | | 400 | | 1.85e-06 | 2.12e-07 | | |" in rows
    assert "| adam, paper | | 400 | | 5.36e-01 | 7.42e-02 | | |" in rows
    for plot in ("losses", "weights", "distances"):
        assert (five_epochs / f"{plot}.png").read_bytes().startswith(b"\x89PNG")


def test_a_resumed_experiment_ends_with_the_same_bits(experiment, five_epochs, tmp_path):
    for path in five_epochs.glob("*.safetensors"):
        setting = experiment.Setting(**experiment.read_facts(path)["setting"])
        for epochs in (2, 5):
            experiment.train(setting, epochs, 10, tmp_path)
        whole, resumed = (safetensors.torch.load_file(p) for p in (path, tmp_path / path.name))
        assert whole.keys() == resumed.keys()
        assert all(torch.equal(tensor, resumed[name]) for name, tensor in whole.items())
        losses = [experiment.read_facts(p)["losses"] for p in (path, tmp_path / path.name)]
        assert losses[0] == losses[1]


def test_a_checkpoint_of_other_settings_is_refused(experiment, five_epochs):
    result = run_script(experiment, five_epochs, 5, "--images", "200")
    assert result.exit_code == 1
    assert "made with other settings" in result.output


def test_both_nets_start_from_the_same_weights_as_the_paper_shapes_them(experiment):
    nets = experiment.build_nets(experiment.Setting("sgd", "float32"))
    run_shapes = {name: net.first.weight.shape for name, net in nets.items()}
    assert run_shapes == {"cnn": (128, 1, 4, 4), "fc": (128, 16)}
    assert torch.equal(nets["cnn"].first.weight.flatten(1), nets["fc"].first.weight)
    assert torch.equal(nets["cnn"].dense.weight, nets["fc"].dense.weight)
    assert nets["cnn"].dense.weight.shape == (784, 128 * 169)
    digits = torch.rand(2, 1, 28, 28)
    patches = extract_patches(digits, experiment.SLIDING)
    assert patches.shape == (2, 169, 16)
    assert difference(nets["fc"](patches), nets["cnn"](digits)) <= 1e-5
