import pytest
import torch
from torch import nn

from fcn_detect.nets import to_fully_convolutional
from fcn_detect.nets.arithmetic import count_macs, matrix_product

CONV = nn.Conv2d(3, 8, 3, stride=2)  # 12x10 -> 5x4 places
GROUPED = nn.Conv2d(8, 8, 3, padding=1, groups=4)
NET = nn.Sequential(
    CONV, nn.ReLU(), GROUPED, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 2 * 2, 5)
)
BY_HAND = 5 * 4 * 8 * 3 * 9 + 5 * 4 * 8 * 2 * 9 + 32 * 5


def test_multiplications_are_those_counted_by_hand():
    assert count_macs(NET, (12, 10)) == BY_HAND
    assert count_macs(NET, (12, 10), images=3) == 3 * BY_HAND


def test_counting_leaves_the_net_as_it_was():
    before = {name: weights.clone() for name, weights in NET.state_dict().items()}
    count_macs(NET, (12, 10))
    assert all(torch.equal(before[name], now) for name, now in NET.state_dict().items())


@pytest.mark.parametrize("images", [1, 2])
def test_the_converted_net_multiplies_as_often_on_a_crop_as_the_classifier(images):
    classifier = nn.Sequential(CONV, nn.ReLU(), nn.Flatten(), nn.Linear(8 * 5 * 4, 2)).eval()
    fcn = to_fully_convolutional(classifier, (12, 10))
    by_hand = images * (5 * 4 * 8 * 27 + 160 * 2)
    assert count_macs(classifier, (12, 10), images) == by_hand
    # 11 of 12 rows and 9 of 10 columns reach the layer: 5x4 places as well
    assert count_macs(fcn, (12, 10), images) == by_hand


def test_a_larger_image_shares_what_windows_have_in_common():
    classifier = nn.Sequential(CONV, nn.ReLU(), nn.Flatten(), nn.Linear(8 * 5 * 4, 2)).eval()
    fcn = to_fully_convolutional(classifier, (12, 10))
    # 20x18 pixels: 9x8 places, 5x5 windows
    assert count_macs(fcn, (20, 18)) == 9 * 8 * 8 * 27 + 25 * 160 * 2
    assert count_macs(fcn, (20, 18)) < 25 * count_macs(fcn, (12, 10))


def test_the_product_is_of_the_size_asked_for():
    assert matrix_product(7)().shape == (7, 7)
