"""What tests of nets share: classifiers written in a line, and the oracle that judges maps."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from fcn_detect.nets import FullyConvolutional, Normalize, to_fully_convolutional

HW = tuple[int, int]


class Written(nn.Module):
    """Layers by name, and a function of this module and the crops."""

    def __init__(self, forward: Callable[..., Any], layers: dict[str, Any]) -> None:
        super().__init__()
        self.written = forward
        for name, layer in layers.items():
            setattr(self, name, nn.Parameter(layer) if isinstance(layer, Tensor) else layer)

    def forward(self, crops: Tensor) -> Any:
        return self.written(self, crops)


@torch.no_grad()
def _randomised(net: nn.Module) -> nn.Module:
    """The net in eval mode, with weights and norms as after a training, all digits used."""
    for name, tensor in [*net.named_parameters(), *net.named_buffers()]:
        if "var" in name or (tensor.ndim == 1 and name.endswith("weight")):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point():
            tensor.normal_(0, max(1, tensor[0].numel()) ** -0.5 if tensor.ndim > 1 else 0.5)
    return net.eval()


@torch.no_grad()
def _brute_force(classifier: nn.Module, images: Tensor, crop_hw: HW, stride_hw: HW) -> Any:
    """The unconverted classifier on every window inside the images, heads as `(n, .., r, c)`."""
    windows = images.unfold(2, crop_hw[0], stride_hw[0]).unfold(3, crop_hw[1], stride_hw[1])
    windows = windows.permute(0, 2, 3, 1, 4, 5)
    n, rows, cols = windows.shape[:3]
    batches = windows.flatten(0, 2).split(64)
    parts, tree = zip(*(pytree.tree_flatten(classifier(batch)) for batch in batches), strict=True)
    heads = (torch.cat(head) for head in zip(*parts, strict=True))
    maps = [head.reshape(n, rows, cols, -1).permute(0, 3, 1, 2) for head in heads]
    return pytree.tree_unflatten(maps, tree[0])


def _difference(a: Any, b: Any) -> float:
    """max|a - b| / max(1, max|b|), the larger of two heads."""
    (ours, tree), (theirs, other_tree) = pytree.tree_flatten(a), pytree.tree_flatten(b)
    assert tree == other_tree
    assert [head.shape for head in ours] == [head.shape for head in theirs]
    pairs = zip(ours, theirs, strict=True)
    return max(float((x - y).abs().max() / max(1.0, float(y.abs().max()))) for x, y in pairs)


def _images(classifier: nn.Module, image_hw: HW, count: int = 1) -> Tensor:
    like = next(classifier.parameters())
    scale = 255 if any(isinstance(m, Normalize) for m in classifier.modules()) else 1
    return torch.rand(count, 3, *image_hw, dtype=like.dtype) * scale


@torch.no_grad()
def _deviation(classifier: nn.Module, fcn: FullyConvolutional, image_hw: HW) -> float:
    """Largest difference of the map and the classifier on every window of a random image."""
    images = _images(classifier, image_hw)
    return _difference(fcn(images), _brute_force(classifier, images, fcn.crop_hw, fcn.stride_hw))


def _written(forward: Callable[..., Any], crop_hw: HW = (12, 11), **layers: Any) -> nn.Module:
    """A random classifier in float64; its lazy layers find their sizes on a crop."""
    torch.manual_seed(0)
    net = Written(forward, layers).eval()
    with torch.no_grad():
        net(torch.zeros(2, 3, *crop_hw))
    return _randomised(net.double())


def _check(
    classifier: nn.Module, crop_hw: HW = (12, 11), exact: bool = True, finer: bool = True
) -> FullyConvolutional:
    """The converted net, after a look at every cell, at its own stride and at a stride of 1.

    The image is larger than the crop by a few strides and a remainder; a net that is not exact
    is looked at on a single crop.
    """
    before = copy.deepcopy(classifier.state_dict())
    fcns = [
        to_fully_convolutional(classifier, crop_hw, stride) for stride in [None, 1][: 1 + finer]
    ]
    for fcn in fcns:
        (stride_h, stride_w), (crop_h, crop_w) = fcn.stride_hw, crop_hw
        larger_hw = crop_h + 3 * stride_h - 1, crop_w + 2 * stride_w + stride_w // 2
        assert fcn.exact == exact
        assert _deviation(classifier, fcn, larger_hw if exact else crop_hw) <= 1e-12
        with torch.no_grad():
            maps = pytree.tree_leaves(fcn(_images(classifier, larger_hw, count=2)))
        assert {tuple(m.shape[2:]) for m in maps} == {(3, 3)}
    after = classifier.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    return fcns[0]


@torch.no_grad()
def _multiply_adds(net: nn.Module, image_hw: HW) -> int:
    """Multiplications of all convolutions and dense layers in one pass over an image."""
    counts = []

    def count(layer: nn.Module, _: Any, output: Tensor) -> None:
        counts.append(output.numel() * layer.weight[0].numel())

    layers = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    dtype = next((p.dtype for p in net.parameters()), torch.float32)
    net(torch.zeros(1, 3, *image_hw, dtype=dtype))
    for hook in hooks:
        hook.remove()
    return sum(counts)


@pytest.fixture(scope="session")
def multiply_adds() -> Callable[[nn.Module, HW], int]:
    """Multiplications of all convolutions and dense layers in one pass over an image."""
    return _multiply_adds


@pytest.fixture(scope="session")
def written() -> Callable[..., nn.Module]:
    """Makes a random classifier of a function and its layers: `written(forward, **layers)`."""
    return _written


@pytest.fixture(scope="session")
def randomised() -> Callable[[nn.Module], nn.Module]:
    """Gives a net weights and norms as after a training."""
    return _randomised


@pytest.fixture(scope="session")
def check() -> Callable[..., FullyConvolutional]:
    """Converts a classifier and compares every cell of a larger image with it."""
    return _check


@pytest.fixture(scope="session")
def check_written() -> Callable[..., FullyConvolutional]:
    """`check` of what `written` makes: `check_written(forward, crop_hw, exact, **layers)`."""

    def checked(
        forward: Callable[..., Any],
        crop_hw: HW = (12, 11),
        exact: bool = True,
        finer: bool = True,
        **layers: Any,
    ) -> FullyConvolutional:
        return _check(_written(forward, crop_hw, **layers), crop_hw, exact, finer)

    return checked


@pytest.fixture(scope="session")
def deviation() -> Callable[[nn.Module, FullyConvolutional, HW], float]:
    """The largest difference of a map and the classifier on every window of a random image."""
    return _deviation


@pytest.fixture(scope="session")
def brute_force() -> Callable[[nn.Module, Tensor, HW, HW], Any]:
    """The unconverted classifier on every window of images: `(n, classes, rows, cols)`."""
    return _brute_force


@pytest.fixture(scope="session")
def difference() -> Callable[[Any, Any], float]:
    """max|a - b| / max(1, max|b|)."""
    return _difference
