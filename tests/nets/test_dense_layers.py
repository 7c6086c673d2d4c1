import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from fcn_detect.nets.dense_layers import (
    convolution_to_dense,
    dense_to_convolution,
    dense_to_pointwise,
    pointwise_to_dense,
)

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}

dtypes = st.sampled_from(list(TOLERANCES))
sides = st.integers(1, 6)
seeds = st.integers(0, 2**16)
random_cases = settings(max_examples=60, deadline=None)


def outputs_and_gradients(layer: nn.Module, inputs: Tensor, weight: Tensor) -> list[Tensor]:
    """A layer's outputs, and the gradients of their weighted sum, all flattened."""
    inputs = inputs.detach().requires_grad_()
    outputs = layer(inputs).flatten()
    gradients = torch.autograd.grad(outputs, [inputs, *layer.parameters()], weight)
    return [outputs.detach(), *(gradient.flatten() for gradient in gradients)]


def assert_close(ours: list[Tensor], theirs: list[Tensor]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert difference(a, b) <= TOLERANCES[b.dtype]


def difference(a: Tensor, b: Tensor) -> float:
    a, b = a.detach(), b.detach()
    return float((a - b).abs().max() / b.abs().max().clamp(min=1))


@given(seeds, dtypes, sides, sides, sides, sides, st.booleans())
@random_cases
def test_a_dense_layer_on_a_flattened_map_is_a_convolution_over_it(
    seed, dtype, channels, h, w, outputs, bias
):
    torch.manual_seed(seed)
    dense = nn.Linear(channels * h * w, outputs, bias, dtype=dtype)
    convolution = dense_to_convolution(dense, (h, w))
    maps = torch.randn(3, channels, h, w, dtype=dtype)
    assert convolution.weight.shape == (outputs, channels, h, w)
    assert convolution(maps).shape == (3, outputs, 1, 1)
    weight = torch.randn(3 * outputs, dtype=dtype)
    assert_close(
        outputs_and_gradients(convolution, maps, weight),
        outputs_and_gradients(dense, maps.flatten(1), weight),
    )


@given(seeds, dtypes, sides, sides, sides, sides)
@random_cases
def test_on_a_larger_map_it_is_the_dense_layer_on_every_window(
    seed, dtype, channels, h, w, outputs
):
    torch.manual_seed(seed)
    dense = nn.Linear(channels * h * w, outputs, dtype=dtype)
    maps = torch.randn(2, channels, h + 3, w + 2, dtype=dtype)
    scores = dense_to_convolution(dense, (h, w))(maps)
    assert scores.shape == (2, outputs, 4, 3)
    for row in range(4):
        for col in range(3):
            window = maps[:, :, row : row + h, col : col + w].flatten(1)
            assert_close([scores[:, :, row, col]], [dense(window)])


@given(seeds, dtypes, sides, sides, st.booleans())
@random_cases
def test_a_pointwise_convolution_is_a_dense_layer_over_stacked_channels(
    seed, dtype, inputs, outputs, bias
):
    torch.manual_seed(seed)
    dense = nn.Linear(inputs, outputs, bias, dtype=dtype)
    vectors = torch.randn(3, inputs, dtype=dtype)
    weight = torch.randn(3 * outputs, dtype=dtype)
    assert_close(
        outputs_and_gradients(dense_to_pointwise(dense), vectors[:, :, None, None], weight),
        outputs_and_gradients(dense, vectors, weight),
    )


@given(seeds, dtypes, sides, sides, sides, sides, st.booleans())
@random_cases
def test_a_pointwise_convolution_is_a_dense_layer_at_every_place(
    seed, dtype, inputs, outputs, h, w, bias
):
    torch.manual_seed(seed)
    pointwise = nn.Conv2d(inputs, outputs, 1, bias=bias, dtype=dtype)
    maps = torch.randn(2, inputs, h, w, dtype=dtype)
    by_place = pointwise_to_dense(pointwise)(maps.movedim(1, -1)).movedim(-1, 1)
    assert_close([by_place], [pointwise(maps)])


@given(seeds, dtypes, st.integers(1, 3), sides, sides, sides, sides, st.booleans())
@random_cases
def test_a_convolution_over_its_whole_input_is_a_dense_layer(
    seed, dtype, groups, channels, h, w, outputs, bias
):
    torch.manual_seed(seed)
    convolution = nn.Conv2d(
        groups * channels, groups * outputs, (h, w), groups=groups, bias=bias, dtype=dtype
    )
    dense = convolution_to_dense(convolution, (h, w))
    maps = torch.randn(3, groups * channels, h, w, dtype=dtype)
    assert_close([dense(maps.flatten(1))], [convolution(maps).flatten(1)])


@given(seeds, sides, sides, sides, sides, st.booleans())
@random_cases
def test_there_and_back_gives_the_same_weights(seed, channels, h, w, outputs, bias):
    torch.manual_seed(seed)
    dense = nn.Linear(channels * h * w, outputs, bias)
    there = [
        (dense_to_convolution(dense, (h, w)), lambda c: convolution_to_dense(c, (h, w))),
        (dense_to_pointwise(dense), pointwise_to_dense),
    ]
    for convolution, back in there:
        returned = back(convolution).state_dict()
        assert returned.keys() == dense.state_dict().keys()
        assert all(torch.equal(returned[name], p) for name, p in dense.state_dict().items())


def test_flattening_is_row_major():
    channels, h, w = 2, 3, 4
    dense = nn.Linear(channels * h * w, 1)
    dense.weight.data = torch.arange(24.0)[None]
    weight = dense_to_convolution(dense, (h, w)).weight
    assert all(
        weight[0, c, y, x] == (c * h + y) * w + x
        for c in range(channels)
        for y in range(h)
        for x in range(w)
    )


def test_weights_are_copied_and_learn_again():
    dense = nn.Linear(4, 2).requires_grad_(False)
    pointwise = dense_to_pointwise(dense)
    assert pointwise.weight.requires_grad
    pointwise.weight.data.zero_()
    pointwise.bias.data.zero_()
    assert dense.weight.abs().min() > 0
    assert dense.bias.abs().min() > 0


def test_rewriting_leaves_the_random_numbers_alone():
    dense, convolution = nn.Linear(4, 2), nn.Conv2d(1, 2, 2)
    before = torch.get_rng_state()
    dense_to_convolution(dense, (2, 2))
    convolution_to_dense(convolution, (2, 2))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    "rewrite, reason",
    [
        (lambda: dense_to_convolution(nn.Linear(10, 2), (2, 3)), "10 inputs are not"),
        (lambda: dense_to_convolution(nn.Linear(2, 2), (2, 2)), "2 inputs are not"),
        (lambda: convolution_to_dense(nn.Conv2d(1, 2, 3), (4, 3)), "not the whole"),
        (lambda: convolution_to_dense(nn.Conv2d(1, 2, 5), (4, 4)), "not the whole"),
        (lambda: convolution_to_dense(nn.Conv2d(1, 2, 3, padding=1), (3, 3)), "padding of"),
        (lambda: convolution_to_dense(nn.Conv2d(1, 2, 3, padding="same"), (3, 3)), "'same'"),
        (lambda: convolution_to_dense(nn.Conv2d(1, 2, 2, dilation=2), (2, 2)), "dilation"),
        (lambda: pointwise_to_dense(nn.Conv2d(1, 2, 3)), "not the whole"),
        (lambda: pointwise_to_dense(nn.Conv2d(1, 2, 1, stride=2)), "skips places"),
        (lambda: pointwise_to_dense(nn.Conv2d(1, 2, 1, padding=1)), "padding of"),
    ],
)
def test_what_is_not_the_other_form_is_refused(rewrite, reason):
    with pytest.raises(ValueError, match=reason):
        rewrite()


def test_settings_that_change_nothing_are_allowed():
    convolutions = [
        nn.Conv2d(2, 3, (2, 1), stride=5),
        nn.Conv2d(2, 3, (2, 1), padding="valid"),
        nn.Conv2d(2, 3, (2, 1), dilation=(1, 7)),
    ]
    maps = torch.randn(4, 2, 2, 1)
    for convolution in convolutions:
        dense = convolution_to_dense(convolution, (2, 1))
        assert_close([dense(maps.flatten(1))], [convolution(maps).flatten(1)])
    same = nn.Conv2d(2, 3, 1, padding="same")
    assert torch.equal(pointwise_to_dense(same).weight, same.weight.flatten(1))
