"""What the conversion knows of a value: its map, and where the classifier's tensor lies on it.

In the converted net every value is a map `(n, channels, places_h, places_w)`. The classifier
may hold the same numbers in another order: flattened, channels last, shuffled, sliced. Its
`arrangement` tells which element of the map, on one crop, each element of the classifier's
tensor is. An operation that only moves numbers (view, permute, chunk, ...) is converted by
applying it to the arrangement; it leaves no trace in the converted net.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from fcn_detect.geometry import ReceptiveField
from fcn_detect.nets.sliding import HW, Sliding


@dataclass(frozen=True)
class Bins:
    """An adaptive average pooling that waits to be folded into the dense layer behind it.

    Attributes:
        weights_h: `(bins_h, units_h)`: the share of each unit in each bin; rows sum to 1.
        weights_w: `(bins_w, units_w)`.
        window: the same as an ordinary pooling, where its bins are even.
        path: of the pooling layer, for messages.
        name: for a layer that takes its place.
    """

    weights_h: Tensor
    weights_w: Tensor
    window: Sliding | None
    path: str
    name: str

    @property
    def hw(self) -> HW:
        """Number of bins along each side."""
        return len(self.weights_h), len(self.weights_w)


@dataclass(frozen=True)
class Value:
    """A value that the classifier makes of a crop, and the map that holds it.

    Attributes:
        node: the map `(n, channels, places_h, places_w)` in the converted graph.
        channels: of the map.
        units_hw: size of the classifier's own feature map on a crop.
        places_hw: size of the converted net's map on one crop: at least
            `(units - 1) * rate + 1`, and more where strides became dilation.
        rate_hw: places from one unit to the next; 1 unless strides became dilation.
        field: receptive field of one place; its stride is the pixels between places.
        exact: nothing has been padded so far.
        window: the map that the layer took which saw the whole window; None before it.
        arrangement: the classifier's tensor without its batch axis, as indices into
            `(channels, *units_hw)` (or `(channels, *bins)`); None means that it is that map.
        bins: an adaptive pooling still to be applied to the map.
    """

    node: fx.Node
    channels: int
    units_hw: HW
    places_hw: HW
    rate_hw: HW = (1, 1)
    field: ReceptiveField = field(default_factory=ReceptiveField)
    exact: bool = True
    window: "Value | None" = None
    arrangement: Tensor | None = None
    bins: Bins | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the classifier's tensor on one crop, without the batch axis."""
        if self.arrangement is None:
            return self.channels, *self._hw
        return tuple(self.arrangement.shape)

    @property
    def closed(self) -> bool:
        """Whether all of the window has been seen: what follows acts on each window alone."""
        return self.units_hw == (1, 1)

    def indices(self) -> Tensor:
        """The arrangement, spelled out."""
        return self._as_it_is() if self.arrangement is None else self.arrangement

    def rearranged(self, arrangement: Tensor) -> "Value":
        """The same map, arranged in another way."""
        plain = self._as_it_is()
        same = arrangement.shape == plain.shape and torch.equal(arrangement, plain)
        return replace(self, arrangement=None if same else arrangement)

    def _as_it_is(self) -> Tensor:
        return torch.arange(self.channels * math.prod(self._hw)).view(self.channels, *self._hw)

    @property
    def _hw(self) -> HW:
        return self.bins.hw if self.bins else self.units_hw

    def along_channels(self, axis: int) -> tuple[Tensor, Tensor]:
        """The channel of each element along an axis, and the unit of each other position.

        Raises:
            ValueError: the axis does not run over the channels of one place.
        """
        moved = self.indices().movedim(axis, -1)
        places = math.prod(self.units_hw)
        channel = (moved // places).reshape(-1, moved.shape[-1])
        unit = moved % places
        if not (channel == channel[:1]).all() or not (unit == unit[..., :1]).all():
            raise ValueError(
                "acts on groups of a window's numbers, not on all of them"
                if self.closed
                else "acts across the places of a window before the window is closed, so that it "
                "is another function on a larger image"
            )
        return channel[0], unit[..., 0]

    def shaped(self, shape: tuple[int, ...]) -> "Value":
        """The same elements in the same order, as a tensor of another shape.

        Raises:
            ValueError: it has another number of elements.
        """
        if math.prod(shape) != math.prod(self.shape):
            raise ValueError(f"broadcasts to {list(shape)} in a way that is not understood")
        return self if self.shape == shape else self.rearranged(self.indices().reshape(shape))

    def with_units(self, units_hw: HW, places_hw: HW, **changes: Any) -> "Value":
        """A map made from this one, arranged as it is."""
        closes = units_hw == (1, 1) and not self.closed
        return replace(
            self,
            units_hw=units_hw,
            places_hw=places_hw,
            window=self if closes else self.window,
            arrangement=None,
            **changes,
        )


def moved(operation: Callable[..., Any], *arrangements: Tensor) -> Any:
    """What an operation that only moves numbers makes of arrangements of one image.

    Raises:
        ValueError: it mixes the images of a batch.
    """
    beyond = 1 + max(int(arrangement.max()) for arrangement in arrangements)
    batches = [torch.stack([arrangement, arrangement + beyond]) for arrangement in arrangements]
    return pytree.tree_map(lambda batch: _first_image(batch, beyond), operation(*batches))


def _first_image(batch: Any, beyond: int) -> Tensor:
    if not isinstance(batch, Tensor) or batch.ndim < 1 or len(batch) != 2 or not batch.numel():
        raise ValueError("does not keep the images of a batch apart")
    first: Tensor = batch[0]
    if not torch.equal(first + beyond, batch[1]):
        raise ValueError("does not keep the images of a batch apart")
    return first


def pair(values: Any) -> HW:
    """Two whole numbers from one or from two."""
    if isinstance(values, int):
        return values, values
    y, x = values
    return int(y), int(x)


def by(size_hw: HW) -> str:
    """Height and width for a message: `4x2`."""
    return f"{size_hw[0]}x{size_hw[1]}"
