import pytest
import torch
from torch import nn

from fcn_detect.errors import SettingsError
from fcn_detect.nets import ARCHITECTURES, Normalize, build_net
from fcn_detect.nets.normalize import PHOTO_MEAN, PHOTO_STD

SMALLEST = {
    "valid-small": 48,
    "valid-medium": 48,
    "valid-large": 48,
    "valid-fine": 20,
    "valid-deep": 24,
    "valid-half": 27,
    "dress": 32,
}


@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("crop_hw", [(128, 64), (64, 128), (57, 83)])
@pytest.mark.parametrize("name", ARCHITECTURES)
@torch.no_grad()
def test_a_net_gives_one_row_of_logits_a_crop(
    name: str, crop_hw: tuple[int, int], outputs: int
) -> None:
    net = build_net(name, crop_hw, outputs).eval()
    assert isinstance(net[0], Normalize)
    assert net(torch.rand(3, 3, *crop_hw) * 255).shape == (3, outputs)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_smallest_crop_is_the_one_that_the_refusal_of_smaller_ones_names(name: str) -> None:
    smallest = SMALLEST[name]
    for crop_hw in [(smallest, 70), (70, smallest)]:
        assert build_net(name, crop_hw, 1).eval()(torch.zeros(1, 3, *crop_hw)).shape == (1, 1)
    for crop_hw in [(smallest - 1, 70), (70, smallest - 1), (1, 1)]:
        with pytest.raises(SettingsError, match=f"both sides need {smallest} px or more"):
            build_net(name, crop_hw, 1)


def test_an_unknown_net_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'resnet'; there are valid-small, .*dress"):
        build_net("resnet", (128, 64), 1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_net_is_explained_in_one_line(name: str) -> None:
    assert ARCHITECTURES[name].about
    assert "\n" not in ARCHITECTURES[name].about


def test_normalize_takes_the_mean_photo_to_zero_and_one_deviation_to_one() -> None:
    mean, std = (
        torch.tensor(v).view(1, 3, 1, 1).expand(2, 3, 4, 5) for v in (PHOTO_MEAN, PHOTO_STD)
    )
    normalize = Normalize()
    assert torch.equal(normalize(mean), torch.zeros(2, 3, 4, 5))
    torch.testing.assert_close(normalize(mean + std), torch.ones(2, 3, 4, 5))


def test_normalize_has_no_weights_to_learn_and_travels_in_the_state_dict() -> None:
    assert list(Normalize().parameters()) == []
    other = Normalize(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    other.load_state_dict(Normalize().state_dict())
    assert torch.equal(other.mean, Normalize().mean)
    assert isinstance(other, nn.Module)
