import warnings
from pathlib import Path

import pytest
import torch

from fcn_detect.errors import ConversionError, SettingsError
from fcn_detect.nets import Normalize, build_net, load_model, save_model, to_fully_convolutional
from fcn_detect.results import ModelHeader


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "googlenet", "shufflenet_v2_x0_5"])
def test_a_net_of_torchvision_takes_crops_and_normalises_them(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = build_net(f"torchvision:{name}", (64, 48), outputs=2).eval()
    assert isinstance(net[0], Normalize)
    assert net(torch.rand(3, 3, 64, 48) * 255).shape == (3, 2)


def test_a_name_that_torchvision_does_not_have_is_refused_with_some_that_it_has() -> None:
    with pytest.raises(SettingsError, match="no classifier 'resnet'; among others it has resnet18"):
        build_net("torchvision:resnet", (128, 64), 1)


@torch.no_grad()
def test_a_residual_net_equals_itself_on_a_crop_and_says_that_it_pads() -> None:
    net = build_net("torchvision:resnet18", (64, 48), 2).double().eval()
    fcn = to_fully_convolutional(net, (64, 48))
    crops = torch.rand(2, 3, 64, 48, dtype=torch.float64) * 255
    assert (fcn.exact, fcn.stride_hw, fcn.units_hw) == (False, (32, 32), (2, 2))
    assert (fcn(crops)[:, :, 0, 0] - net(crops)).abs().max() <= 1e-12
    assert fcn(torch.rand(1, 3, 130, 150, dtype=torch.float64)).shape == (1, 2, 3, 4)


def test_squeeze_and_excite_is_refused_with_the_path_of_its_block() -> None:
    net = build_net("torchvision:mobilenet_v3_small", (64, 48), 2)
    with pytest.raises(ConversionError) as caught:
        to_fully_convolutional(net, (64, 48))
    assert caught.value.layer == "1.features.1.block.1"
    assert caught.value.layer in dict(net.named_modules())


def test_a_model_file_holds_a_net_of_torchvision(tmp_path: Path) -> None:
    name, crop_hw = "torchvision:squeezenet1_1", (64, 48)
    header = ModelHeader(
        net=name,
        crop_hw=crop_hw,
        labels=("cat",),
        object_box=(0, 0, 48, 64),
        stride_hw=(16, 16),
        exact=False,
    )
    net = build_net(name, crop_hw, 1).eval()
    save_model(tmp_path / "m.safetensors", header, net)
    loaded = load_model(tmp_path / "m.safetensors")[1]
    crops = torch.rand(1, 3, *crop_hw) * 255
    with torch.no_grad():
        assert torch.equal(loaded(crops), net(crops))
