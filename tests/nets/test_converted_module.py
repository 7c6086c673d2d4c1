"""A converted net is a module like any other: it is copied, cast, saved, trained and exported."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from fcn_detect.nets import (
    Normalize,
    build_net,
    fold_batch_norms,
    fold_normalisations,
    to_fully_convolutional,
)

CROP_HW = (48, 56)


class Branches(nn.Module):
    """A little of everything: residual, branches, halves, channels last, norms, two heads."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 4, 4), nn.BatchNorm2d(6), nn.ReLU(inplace=True))
        self.branch = nn.Conv2d(6, 6, 3, groups=6)
        self.norm, self.widen, self.narrow = nn.LayerNorm(6), nn.Linear(6, 9), nn.Linear(9, 6)
        self.scale = nn.Parameter(torch.rand(6, 1, 1))
        self.other = nn.Conv2d(3, 3, 1)
        self.hidden, self.group, self.logits = nn.Linear(90, 8), nn.GroupNorm(2, 8), nn.Linear(8, 2)
        self.side = nn.Linear(6, 3)

    def forward(self, x):
        first = x = self.stem(x)
        y = self.branch(x).permute(0, 2, 3, 1)
        y = self.narrow(F.gelu(self.widen(self.norm(y)))).permute(0, 3, 1, 2) * self.scale
        y += x[:, :, 1:-1, 1:-1]
        kept, changed = y.chunk(2, 1)
        x = torch.cat([kept, self.other(changed), F.avg_pool2d(x, 3, 1)[:, ::2] * 2], 1)
        x = x.unflatten(1, (3, 3)).transpose(1, 2).flatten(1, 2)
        x = self.hidden(F.adaptive_avg_pool2d(x, (2, 5)).flatten(1))
        return self.logits(self.group(x)), self.side(first.mean((2, 3))).softmax(1)


CLASSIFIERS = {"zoo": lambda: build_net("valid-small", CROP_HW, 2), "branches": Branches}


@pytest.fixture(scope="module", params=CLASSIFIERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def classifier(name, randomised):
    torch.manual_seed(1)
    return randomised(CLASSIFIERS[name]())


@pytest.fixture(scope="module", params=[None, 2], ids=["own stride", "stride 2"])
def converted(request, classifier):
    return to_fully_convolutional(classifier, CROP_HW, request.param)


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 3, 60, 71) * 255


def _heads(outputs):
    return pytree.tree_leaves(outputs)


@pytest.fixture(scope="module")
def assert_equal_maps():
    def checked(a, b):
        assert all(torch.equal(x, y) for x, y in zip(_heads(a), _heads(b), strict=True))

    return checked


def _assert_same_state(a, b):
    assert a.keys() == b.keys()
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_it_is_equal_to_the_classifier_on_every_window(classifier, converted, deviation):
    assert converted.exact
    assert deviation(classifier, converted, (60, 71)) <= 1e-5


def test_the_classifier_is_left_as_it_was(classifier):
    trained = copy.deepcopy(classifier).train()
    state = copy.deepcopy(trained.state_dict())
    modules = [(name, type(module), module.training) for name, module in trained.named_modules()]
    for stride in (None, 2):
        to_fully_convolutional(trained, CROP_HW, stride)
    _assert_same_state(trained.state_dict(), state)
    after = [(name, type(module), module.training) for name, module in trained.named_modules()]
    assert after == modules


@torch.no_grad()
def test_weights_are_copied_not_shared(classifier):
    original = copy.deepcopy(classifier)
    fcn = to_fully_convolutional(original, CROP_HW)
    before = copy.deepcopy(fcn.state_dict())
    for tensor in original.state_dict().values():
        tensor.zero_()
    _assert_same_state(fcn.state_dict(), before)


@torch.no_grad()
def test_a_net_in_training_is_converted_as_it_is_in_evaluation(
    classifier, images, assert_equal_maps
):
    fcn = to_fully_convolutional(copy.deepcopy(classifier).train(), CROP_HW)
    assert not any(module.training for module in fcn.modules())
    assert_equal_maps(fcn(images), to_fully_convolutional(classifier, CROP_HW)(images))


@torch.no_grad()
def test_it_is_a_plain_module_of_any_precision(converted, images, difference):
    maps = converted(images)
    double = copy.deepcopy(converted).double()
    assert {head.dtype for head in _heads(double(images.double()))} == {torch.float64}
    assert difference(maps, double(images.double())) <= 1e-5
    assert difference(double.to("cpu", torch.float32)(images), maps) <= 1e-5
    half = _heads(copy.deepcopy(converted).to(torch.bfloat16)(images.bfloat16()))
    assert {head.dtype for head in half} == {torch.bfloat16}
    assert [head.shape for head in half] == [head.shape for head in _heads(maps)]


@torch.no_grad()
def test_a_state_dict_carries_it_into_another(name, converted, images, assert_equal_maps):
    stride = converted.stride_hw[0]
    other = to_fully_convolutional(CLASSIFIERS[name]().eval(), CROP_HW, stride)
    assert not torch.equal(_heads(other(images))[0], _heads(converted(images))[0])
    other.load_state_dict(converted.state_dict())
    assert_equal_maps(other(images), converted(images))


@torch.no_grad()
def test_a_deep_copy_lives_on_its_own(converted, images, assert_equal_maps):
    copied, before = copy.deepcopy(converted), converted(images)
    assert_equal_maps(copied(images), before)
    for parameter in copied.parameters():
        parameter.zero_()
    assert_equal_maps(converted(images), before)


@torch.no_grad()
def test_it_can_be_scripted(converted, images, assert_equal_maps):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit", category=FutureWarning)
        scripted = torch.jit.script(converted)
    assert_equal_maps(scripted(images), converted(images))
    crops = images[:, :, : CROP_HW[0], : CROP_HW[1]]
    assert all(head.shape[2:] == (1, 1) for head in _heads(scripted(crops)))


@pytest.mark.slow
@pytest.mark.parametrize("name, stride", [("branches", 4), ("branches", 2), ("zoo", 8)])
@torch.no_grad()
def test_it_is_exported_for_images_of_any_size(name, stride, images, difference):
    """Of two windows a side or more: torch.export takes a size of 1 for a constant."""
    converted = to_fully_convolutional(CLASSIFIERS[name]().eval(), CROP_HW, stride)
    height = torch.export.Dim("height", min=CROP_HW[0] + stride, max=640)
    width = torch.export.Dim("width", min=CROP_HW[1] + stride, max=640)
    sizes = {"images": {2: height, 3: width}}
    exported = torch.export.export(converted, (images,), dynamic_shapes=sizes).module()
    for others in (images, torch.rand(2, 3, 61, 99) * 255, torch.rand(2, 3, 56, 64) * 255):
        assert difference(exported(others), converted(others)) <= 1e-5


def test_it_can_be_trained_on(classifier, converted, images):
    net = copy.deepcopy(converted)
    sum(head.square().sum() for head in _heads(net(images))).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    assert sum(p.numel() for p in net.parameters()) >= sum(
        p.numel() for p in classifier.parameters()
    )


def test_layers_keep_their_names(classifier, converted):
    names = {name for name, _ in classifier.named_parameters()}
    kept = {
        name.removeprefix("net.").replace(".layer.", ".")
        for name, _ in converted.named_parameters()
    }
    assert names - kept <= {"scale"}  # a parameter of no layer


@torch.no_grad()
def test_batch_norms_are_folded_without_a_change(converted, images, difference):
    before = copy.deepcopy(converted.state_dict())
    folded = fold_batch_norms(converted)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert (folded.crop_hw, folded.stride_hw) == (converted.crop_hw, converted.stride_hw)
    assert difference(folded(images), converted(images)) <= 1e-5
    _assert_same_state(converted.state_dict(), before)


class TwoNorms(nn.Module):
    """One convolution before two different batch norms."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3)
        self.norms = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3))
        self.logits = nn.Linear(3, 2)

    def forward(self, crops):
        x = self.norms[0](self.convolution(crops))
        x = self.norms[1](self.convolution(x))
        return self.logits(x.flatten(1))


@torch.no_grad()
def test_a_batch_norm_is_not_folded_into_a_convolution_that_is_used_elsewhere(
    randomised, difference
):
    fcn = to_fully_convolutional(randomised(TwoNorms().double()), (5, 5))
    images = torch.rand(1, 3, 9, 9, dtype=torch.float64)
    assert difference(fold_batch_norms(fcn)(images), fcn(images)) <= 1e-12


@torch.no_grad()
@pytest.mark.parametrize("net, folded", [("valid-half", True), ("dress", False)])
def test_pixels_go_straight_into_a_first_convolution_that_does_not_pad(
    randomised, difference, net, folded
):
    fcn = to_fully_convolutional(randomised(build_net(net, (56, 40), 3).double()), (56, 40))
    lean = fold_normalisations(fcn)
    assert any(isinstance(module, Normalize) for module in lean.modules()) != folded
    images = torch.rand(2, 3, 97, 83, dtype=torch.float64) * 255
    assert difference(lean(images), fcn(images)) <= 1e-12
