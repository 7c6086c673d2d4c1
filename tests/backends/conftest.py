"""Small models, and what they were exported to."""

import functools

import pytest
import torch
from torch import nn

from fcn_detect.backends.torch_backend import untrained
from fcn_detect.nets import build_net, save_model
from fcn_detect.nets.graph_files import convert_model, write_graph


def lively(net, crop_hw, **changes):
    """A header and a classifier whose batch norms are as after a training."""
    header, _ = untrained(net, crop_hw)
    header = header.model_copy(update=changes)
    torch.manual_seed(5)
    classifier = build_net(net, crop_hw, header.channels)
    for module in classifier.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
    return header, classifier.eval()


# name -> net, crop, changes of the header
MODELS = {
    "two classes, offsets": (
        *("valid-small", (56, 48)),
        {"labels": ("cat", "dog"), "offsets": ("x", "y", "scale")},
    ),
    "padded": ("dress", (64, 32), {}),
    "resnet": ("torchvision:resnet18", (64, 64), {}),
}


@pytest.fixture(scope="session")
def model_named(tmp_path_factory):
    """The file of a model of `MODELS`, by name."""

    @functools.cache
    def make(name):
        net, crop_hw, changes = MODELS[name]
        path = tmp_path_factory.mktemp("model") / "m.safetensors"
        save_model(path, *lively(net, crop_hw, **changes))
        return path

    return make


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """The exported file of a model of `MODELS`, by name and suffix."""

    @functools.cache
    def make(name, suffix):
        net, crop_hw, changes = MODELS[name]
        path = tmp_path_factory.mktemp("exported") / f"m{suffix}"
        header, classifier = lively(net, crop_hw, **changes)
        write_graph(convert_model(header, classifier, source="m.safetensors"), path)
        return path

    return make
