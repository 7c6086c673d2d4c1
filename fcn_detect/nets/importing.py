"""A classifier that a user has trained, as a model of this program."""

from dataclasses import dataclass

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from fcn_detect.errors import ModelError, SettingsError, first_misfit
from fcn_detect.nets.checkpoint import Weights
from fcn_detect.nets.conversion import to_fully_convolutional
from fcn_detect.nets.normalize import PHOTO_MEAN, PHOTO_STD, Normalize
from fcn_detect.nets.zoo import build_net
from fcn_detect.results import (
    BACKGROUND_NAMES,
    TOLERANCE,
    ModelHeader,
    outputs_for,
    relative_difference,
)


@dataclass(frozen=True)
class ForeignNet:
    """What weights alone do not say.

    Attributes:
        net: a name of the zoo, or `torchvision:NAME`.
        crop_hw: height and width of the crops that it was trained on.
        classes: of its outputs, in their order; one name alone for one output.
        background: which of them is no object; None: the first of `BACKGROUND_NAMES` there.
        mean: of its pixels in [0, 255], red, green and blue, taken off before its first layer.
        std: that they are then divided by.
        object_box: x0, y0, x1, y1 of the object in a crop; None: the whole crop.
    """

    net: str
    crop_hw: tuple[int, int]
    classes: tuple[str, ...]
    background: str | None = None
    mean: tuple[float, ...] = PHOTO_MEAN
    std: tuple[float, ...] = PHOTO_STD
    object_box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class Imported:
    """A model, and how far its logits lie from those that its weights gave before.

    Attributes:
        header: of the model.
        classifier: in eval mode.
        difference: max|a - b| / max(1, max|b|) over the logits of random crops.
    """

    header: ModelHeader
    classifier: nn.Module
    difference: float


def import_classifier(weights: Weights, foreign: ForeignNet) -> Imported:
    """A model from a user's weights.

    Its outputs are brought into our order: the background last; of two classes the difference of
    their logits remains, which gives the same probability.

    Raises:
        SettingsError: there is no such net, the crop is too small, no class is the background, a
            name does not print, or the object's box does not lie in a crop.
        ModelError: the weights do not fit the net, or its last layer cannot be found.
        ConversionError: the net has no fully convolutional form.
    """
    labels, order = _labels(foreign)
    own = _fill(build_net(foreign.net, foreign.crop_hw, len(foreign.classes)), weights, foreign)
    classifier = build_net(foreign.net, foreign.crop_hw, outputs_for(labels)).eval()
    classifier.load_state_dict(_reordered(own, order))
    fcn = to_fully_convolutional(classifier, foreign.crop_hw)
    difference = _difference(own, classifier, order, foreign.crop_hw)
    if not difference <= TOLERANCE:
        raise ModelError(
            f"{foreign.net}: its outputs cannot be put in order: logits then differ by "
            f"{difference:.1e}; something follows its last layer with weights"
        )
    try:
        header = ModelHeader(
            net=foreign.net,
            crop_hw=foreign.crop_hw,
            labels=labels,
            background=_background(foreign) or BACKGROUND_NAMES[0],
            object_box=foreign.object_box or (0, 0, foreign.crop_hw[1], foreign.crop_hw[0]),
            stride_hw=fcn.stride_hw,
            exact=fcn.exact,
            training={"imported": True},
        )
    except ValidationError as error:
        raise SettingsError(first_misfit(error, "--object-box")) from None
    return Imported(header, classifier, difference)


def _fill(net: nn.Sequential, weights: Weights, foreign: ForeignNet) -> nn.Sequential:
    """The net with the user's weights, which may be those behind its `Normalize`."""
    normalize = net[0]
    assert isinstance(normalize, Normalize)
    normalize.mean.copy_(torch.tensor(foreign.mean).view(-1, 1, 1))
    normalize.std.copy_(torch.tensor(foreign.std).view(-1, 1, 1))
    inner = net[1] if len(net) == 2 else net
    target = net if set(weights) == set(net.state_dict()) else inner
    missing = sorted(set(target.state_dict()) - set(weights) - {"0.mean", "0.std"})
    unknown = sorted(set(weights) - set(target.state_dict()))
    if missing or unknown:
        raise ModelError(
            f"the weights are not those of {foreign.net}: {len(missing)} are missing"
            f"{_first(missing)}, {len(unknown)} unknown{_first(unknown)}"
        )
    if broken := [name for name, values in weights.items() if not values.isfinite().all()]:
        raise ModelError(f"the weights '{broken[0]}' hold NaN or infinite values")
    try:
        target.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        reason = " ".join(str(error).split()[4:])[:200]
        raise ModelError(
            f"the weights do not fit {foreign.net} on crops of {foreign.crop_hw[1]}x"
            f"{foreign.crop_hw[0]} with {len(foreign.classes)} outputs: {reason}"
        ) from None
    return net.eval()


def _first(names: list[str]) -> str:
    return f" ({names[0]}, ...)" if names else ""


def _labels(foreign: ForeignNet) -> tuple[tuple[str, ...], list[int]]:
    """The objects' names, and the order of outputs that puts the background last."""
    if len(set(foreign.classes)) < len(foreign.classes):
        raise SettingsError(f"--classes {','.join(foreign.classes)}: a name is given twice")
    background = _background(foreign)
    if background is None:
        return foreign.classes, [0]
    last = foreign.classes.index(background)
    order = [*(i for i in range(len(foreign.classes)) if i != last), last]
    return tuple(foreign.classes[i] for i in order[:-1]), order


def _background(foreign: ForeignNet) -> str | None:
    """The background's name; None for a net of one output, whose background has none."""
    if len(foreign.classes) == 1:
        return None
    wanted = (foreign.background,) if foreign.background else BACKGROUND_NAMES
    found = next((name for name in wanted if name in foreign.classes), None)
    if found is None:
        raise SettingsError(
            f"none of the classes {', '.join(foreign.classes)} is the background; name it with "
            "--background (a detector needs crops of what is no object)"
        )
    return found


def _reordered(net: nn.Module, order: list[int]) -> Weights:
    """The net's weights with the rows of its last layer in our order."""
    weights = net.state_dict()
    layers = [name for name, m in net.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    for name in (f"{layers[-1]}.weight", f"{layers[-1]}.bias"):
        if name in weights:
            weights[name] = _in_order(weights[name], order)
    return weights


def _in_order(outputs: Tensor, order: list[int]) -> Tensor:
    """Rows in our order, the first axis being the outputs; of two one remains, their difference."""
    rows = outputs[order]
    return rows[:1] - rows[1:] if len(order) == 2 else rows


def _difference(
    own: nn.Module, classifier: nn.Module, order: list[int], crop_hw: tuple[int, int]
) -> float:
    torch.manual_seed(0)
    crops = 255 * torch.rand(8, 3, *crop_hw)
    with torch.inference_mode():
        true, found = _in_order(own(crops).T, order).T, classifier(crops)
    if true.shape != found.shape:
        return float("inf")
    return relative_difference(found.numpy(), true.numpy())
