"""One operation of the classifier, as its rule sees it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from fcn_detect.nets.builder import Builder
from fcn_detect.nets.value import Value


@dataclass(frozen=True)
class Call:
    """One operation of the classifier.

    A rule takes the call and then the operation's own arguments, in which each tensor made from
    the pixels is a `Value`. It returns the value that leaves. It raises ValueError when there is
    no exact form; the message follows the operation's name.

    Attributes:
        path: of the layer, for messages.
        name: for a layer that takes its place.
        function: what the classifier calls, as a function of its arguments.
        emitted: torch's function of that name, which does not work in place.
        module: the layer, where it is one.
        on_crop: what it gives on a crop, with empty tensors.
        build: writes the converted graph.
    """

    path: str
    name: str
    function: Callable[..., Any]
    emitted: Callable[..., Any]
    module: Any
    on_crop: Any
    build: Builder

    @property
    def units_hw(self) -> tuple[int, int]:
        """Spatial size of the result `(n, channels, h, w)` on a crop."""
        if self.on_crop.ndim != 4:
            raise ValueError("is understood on batches of maps only")
        return self.on_crop.shape[2], self.on_crop.shape[3]

    def through(self, layer: nn.Module, value: Value, after: Value | None = None) -> Value:
        """The value after a layer of this path; `after` tells its geometry where it changes."""
        return replace(after or value, node=self.build.layer(self.name, layer, value))


Rule = Callable[..., Any]
