from dataclasses import dataclass

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.nets.im2col import (
    Sliding,
    convolve_by_product,
    extract_patches,
    filter_matrix,
    gather_patches,
    multiply_patches,
    output_size,
    patch_expansion,
    patch_index,
)

# torch warns once of an even kernel that pads more on one side
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}
random_cases = settings(max_examples=100, deadline=None)


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


slidings = st.builds(Sliding, pairs(1, 4), pairs(1, 3), pairs(0, 3), pairs(1, 3))


@dataclass(frozen=True)
class Case:
    """A sliding kernel that fits its map, and maps for it."""

    sliding: Sliding
    maps: Tensor


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sliding = draw(slidings)
    torch.manual_seed(draw(st.integers(0, 2**16)))
    input_hw = draw(pairs(1, 12))
    assume(fits(input_hw, sliding))
    dtype = draw(st.sampled_from(list(TOLERANCES)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 4)), *input_hw)
    return Case(sliding, torch.randn(shape, dtype=dtype))


def fits(input_hw: tuple[int, int], sliding: Sliding) -> bool:
    axes = zip(input_hw, sliding.kernel_hw, sliding.padding_hw, sliding.dilation_hw, strict=True)
    return all(d * (k - 1) < side + 2 * p for side, k, p, d in axes)


def difference(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    a, b = a.detach(), b.detach()
    return float((a - b).abs().max() / b.abs().max().clamp(min=1))


def unfold(maps: Tensor, sliding: Sliding) -> Tensor:
    """PyTorch's own patches, turned to one patch a row."""
    s = sliding
    return F.unfold(maps, s.kernel_hw, s.dilation_hw, s.padding_hw, s.stride_hw).transpose(1, 2)


@given(cases())
@random_cases
def test_patches_are_those_of_pytorch(case):
    assert torch.equal(extract_patches(case.maps, case.sliding), unfold(case.maps, case.sliding))


@given(cases())
@random_cases
def test_one_look_up_gives_the_same_patches(case):
    index = patch_index(case.maps.shape[1], tuple(case.maps.shape[2:]), case.sliding)
    patches = extract_patches(case.maps, case.sliding)
    assert index.shape == patches.shape[1:]
    assert torch.equal(gather_patches(case.maps, index), patches)


@given(cases())
@random_cases
def test_each_pixel_gets_the_gradient_of_all_its_copies(case):
    index = patch_index(case.maps.shape[1], tuple(case.maps.shape[2:]), case.sliding)
    weight = torch.randn_like(unfold(case.maps, case.sliding))
    gradients = []
    for patches_of in (
        lambda maps: unfold(maps, case.sliding),
        lambda maps: extract_patches(maps, case.sliding),
        lambda maps: gather_patches(maps, index),
    ):
        maps = case.maps.clone().requires_grad_()
        gradients.append(torch.autograd.grad(patches_of(maps), maps, weight)[0])
    tolerance = TOLERANCES[case.maps.dtype]
    assert difference(gradients[1], gradients[0]) <= tolerance
    assert difference(gradients[2], gradients[0]) <= tolerance


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[nn.Conv2d, Tensor]:
    """A convolution with any setting that nn.Conv2d has, and maps for it."""
    sliding = draw(slidings)
    groups, channels, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    padding = draw(st.sampled_from([sliding.padding_hw, "valid", "same"]))
    convolution = nn.Conv2d(
        groups * channels,
        groups * outputs,
        sliding.kernel_hw,
        (1, 1) if padding == "same" else sliding.stride_hw,
        padding,
        sliding.dilation_hw,
        groups,
        draw(st.booleans()),
        draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
        dtype=draw(st.sampled_from(list(TOLERANCES))),
    )
    torch.manual_seed(draw(st.integers(0, 2**16)))
    # wide enough for reflection, which needs more pixels than it adds
    input_hw = draw(pairs(10, 14))
    shape = (draw(st.integers(1, 3)), groups * channels, *input_hw)
    return convolution, torch.randn(shape, dtype=convolution.weight.dtype)


@given(convolutions())
@random_cases
def test_the_product_equals_the_convolution_and_its_gradients(case):
    convolution, maps = case
    learned = [maps.requires_grad_(), *convolution.parameters()]
    expected, outputs = convolution(maps), convolve_by_product(convolution, maps)
    tolerance = TOLERANCES[maps.dtype]
    assert difference(outputs, expected) <= tolerance
    weight = torch.randn_like(expected)
    gradients = (torch.autograd.grad(y, learned, weight) for y in (outputs, expected))
    for ours, theirs in zip(*gradients, strict=True):
        assert difference(ours, theirs) <= tolerance


def test_no_maps_give_no_outputs():
    convolution, maps = nn.Conv2d(2, 4, 3, groups=2), torch.zeros(0, 2, 5, 6)
    assert convolve_by_product(convolution, maps).shape == (0, 4, 3, 4)
    assert gather_patches(maps, patch_index(2, (5, 6), Sliding((3, 3)))).shape == (0, 12, 18)


def test_the_product_from_gathered_patches_equals_the_functional_convolution():
    maps = torch.randn(2, 6, 9, 7, dtype=torch.float64)
    weight = torch.randn(4, 3, 3, 2, dtype=torch.float64)
    sliding = Sliding((3, 2), (2, 1), (1, 1), (1, 3))
    patches = gather_patches(maps, patch_index(6, (9, 7), sliding))
    outputs = multiply_patches(patches, filter_matrix(weight, groups=2))
    expected = F.conv2d(maps, weight, None, (2, 1), (1, 1), (1, 3), groups=2)
    assert difference(outputs, expected.flatten(2)) <= 1e-12


@given(pairs(1, 14), slidings)
@random_cases
def test_convolutions_have_the_size_that_the_formula_says(input_hw, sliding):
    s = sliding
    maps, weight = torch.zeros(1, 1, *input_hw), torch.zeros(1, 1, *s.kernel_hw)
    if fits(input_hw, sliding):
        outputs = F.conv2d(maps, weight, None, s.stride_hw, s.padding_hw, s.dilation_hw)
        assert output_size(input_hw, s) == tuple(outputs.shape[2:])
    else:
        with pytest.raises(ValueError, match="no place"):
            extract_patches(maps, sliding)
        with pytest.raises(ValueError, match="no place"):
            patch_index(1, input_hw, sliding)


@given(pairs(1, 14), slidings)
@settings(max_examples=200, deadline=None)
def test_pooling_has_the_size_that_the_formula_says(input_hw, sliding):
    s = sliding
    assume(all(2 * p <= k for p, k in zip(s.padding_hw, s.kernel_hw, strict=True)))
    pool = nn.MaxPool2d(s.kernel_hw, s.stride_hw, s.padding_hw, s.dilation_hw)
    try:
        expected = tuple(pool(torch.zeros(1, 1, *input_hw)).shape[2:])
    except RuntimeError:
        with pytest.raises(ValueError, match="no place"):
            output_size(input_hw, sliding)
    else:
        assert output_size(input_hw, sliding) == expected


@given(cases())
@random_cases
def test_the_expansion_is_what_the_patches_hold_for_each_pixel(case):
    patches = extract_patches(case.maps, case.sliding)
    expansion = patch_expansion(tuple(case.maps.shape[2:]), case.sliding)
    assert expansion == pytest.approx(patches.numel() / case.maps.numel())


def test_on_large_maps_the_expansion_is_taps_over_strides():
    for kernel_hw, stride_hw, expected in [((3, 3), (1, 1), 9), ((4, 6), (2, 3), 4)]:
        expansion = patch_expansion((3000, 3000), Sliding(kernel_hw, stride_hw))
        assert expansion == pytest.approx(expected, rel=0.01)
    assert patch_expansion((28, 28), Sliding((4, 4), (4, 4))) == 1
