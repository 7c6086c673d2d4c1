"""torchvision's classifiers as crop classifiers, by the name `torchvision:NAME`."""

import warnings
from typing import Any

from torch import nn

from fcn_detect.errors import SettingsError
from fcn_detect.nets.normalize import Normalize

PREFIX = "torchvision:"

# Outputs beside the logits are for training from whole photos; they have no place here.
_WITHOUT_AUXILIARY = {"googlenet": {"aux_logits": False}, "inception_v3": {"aux_logits": False}}


def torchvision_names() -> list[str]:
    """The classifiers that torchvision has, in all their sizes."""
    from torchvision import models  # takes seconds

    return list(models.list_models(module=models))


def build_torchvision(name: str, outputs: int) -> nn.Sequential:
    """A torchvision classifier with random weights, behind `Normalize`.

    Args:
        name: such as `torchvision:resnet18`.
        outputs: number of logits.

    Raises:
        SettingsError: torchvision has no such classifier.
    """
    from torchvision import models

    own = name.removeprefix(PREFIX)
    if own not in torchvision_names():
        raise SettingsError(
            f"torchvision has no classifier '{own}'; among others it has resnet18, "
            "mobilenet_v2, shufflenet_v2_x1_0 and convnext_tiny"
        )
    settings: dict[str, Any] = _WITHOUT_AUXILIARY.get(own, {})
    with warnings.catch_warnings():
        # two old families announce a change of their default initialisation
        warnings.filterwarnings("ignore", message="The default weight initialization")
        net = models.get_model(own, weights=None, num_classes=outputs, **settings)
    return nn.Sequential(Normalize(), net)
