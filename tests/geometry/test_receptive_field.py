from dataclasses import dataclass

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fcn_detect.geometry import ReceptiveField

HW = tuple[int, int]


@dataclass(frozen=True)
class Slide:
    """One sliding layer."""

    kernel_hw: HW
    stride_hw: HW
    padding_hw: HW
    dilation_hw: HW


def _pair(low: int, high: int) -> st.SearchStrategy[HW]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


slides = st.lists(
    st.builds(Slide, _pair(1, 4), _pair(1, 3), _pair(0, 2), _pair(1, 2)), min_size=1, max_size=5
)


def _field(layers: list[Slide]) -> ReceptiveField:
    field = ReceptiveField()
    for s in layers:
        field = field.then(s.kernel_hw, s.stride_hw, s.padding_hw, s.dilation_hw)
    return field


def _reached(layers: list[Slide], unit: int, axis: int) -> set[int]:
    """All input places, padding included, that a unit of the last layer is made from."""
    places = {unit}
    for s in reversed(layers):
        start, step, hole = s.padding_hw[axis], s.stride_hw[axis], s.dilation_hw[axis]
        places = {p * step - start + hole * t for p in places for t in range(s.kernel_hw[axis])}
    return places


@given(slides, st.integers(0, 50))
def test_a_unit_reaches_from_the_first_to_the_last_place_of_its_field(
    layers: list[Slide], unit: int
) -> None:
    field = _field(layers)
    for axis in (0, 1):
        places = _reached(layers, unit, axis)
        start = unit * field.stride_hw[axis] - field.padding_hw[axis]
        assert (min(places), max(places)) == (start, start + field.size_hw[axis] - 1)


@given(slides.filter(lambda layers: len(layers) <= 3), st.data())
@settings(max_examples=30, deadline=None)
def test_the_gradient_of_a_unit_is_zero_outside_its_field(
    layers: list[Slide], data: st.DataObject
) -> None:
    modules = [
        nn.Conv2d(1, 1, s.kernel_hw, s.stride_hw, s.padding_hw, s.dilation_hw, bias=False)
        for s in layers
    ]
    for module in modules:
        nn.init.ones_(module.weight)  # positive: nothing cancels
    field = _field(layers)
    side = max(field.size_hw) + 2 * max(field.stride_hw)
    image = torch.ones(1, 1, side, side, requires_grad=True)
    units = nn.Sequential(*modules)(image)[0, 0]
    row = data.draw(st.integers(0, units.shape[0] - 1))
    col = data.draw(st.integers(0, units.shape[1] - 1))
    (gradient,) = torch.autograd.grad(units[row, col], image)
    seen = gradient[0, 0].nonzero()
    for axis, unit in ((0, row), (1, col)):
        start = unit * field.stride_hw[axis] - field.padding_hw[axis]
        assert ((seen[:, axis] >= start) & (seen[:, axis] < start + field.size_hw[axis])).all()


def test_a_field_without_layers_is_the_pixel_itself() -> None:
    assert ReceptiveField().then((1, 1)) == ReceptiveField((1, 1), (1, 1), (0, 0))


def test_five_padded_halvings_have_the_known_field() -> None:
    field = ReceptiveField()
    for _ in range(5):
        field = field.then((3, 3), padding_hw=(1, 1)).then((2, 2), (2, 2))
    assert field == ReceptiveField((94, 94), (32, 32), (31, 31))
