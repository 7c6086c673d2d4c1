import pytest
import torch

from fcn_detect.backends import find_model
from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.nets import load_model
from fcn_detect.train.loop import taught_loss
from fcn_detect.train.teacher import Teacher


@pytest.fixture(scope="module")
def small():
    return load_model(find_model("person-small"))


def test_a_teacher_says_of_windows_of_its_own_size_what_its_net_says(small):
    header, classifier = small
    windows = torch.randint(0, 256, (5, 3, *header.crop_hw), dtype=torch.uint8)
    expected = classifier(windows.float())[:, : header.outputs].sigmoid()
    assert torch.allclose(Teacher("person-small", header)(windows), expected, atol=1e-6)


def test_a_teacher_that_sees_mirror_images_says_the_same_of_both(small):
    header, classifier = small
    windows = torch.randint(0, 256, (5, 3, *header.crop_hw), dtype=torch.uint8)
    teacher = Teacher("person-small", header, mirrors=True)
    assert torch.allclose(teacher(windows), teacher(windows.flip(3)), atol=1e-6)
    logits = [classifier(x.float())[:, : header.outputs] for x in (windows, windows.flip(3))]
    assert torch.allclose(teacher(windows), ((logits[0] + logits[1]) / 2).sigmoid(), atol=1e-6)


def test_a_larger_teacher_sees_windows_enlarged(small):
    header, _ = small
    light = torch.full((3, 3, *header.crop_hw), 200, dtype=torch.uint8)
    person, classifier = load_model(find_model("person"))
    large = torch.full((3, 3, *person.crop_hw), 200.0)
    expected = classifier(large)[:, : person.outputs].sigmoid()
    assert torch.allclose(Teacher("person", header)(light), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"labels": ("car",)}, "knows person, and the crops show car"),
        ({"crop_hw": (56, 56)}, "are 28x56, of another shape than 56x56"),
    ],
)
def test_a_teacher_of_other_classes_or_shapes_is_refused(small, change, named):
    with pytest.raises(SettingsError, match=named):
        Teacher("person-small", small[0].model_copy(update=change))


def test_a_teacher_that_is_not_there_is_named(small):
    with pytest.raises(ModelError, match="nobody"):
        Teacher("nobody.safetensors", small[0])


@pytest.mark.parametrize("outputs", [1, 4])
def test_the_loss_against_a_teacher_is_least_where_both_agree(outputs):
    logits = torch.randn(6, outputs, requires_grad=True)
    shares = logits.sigmoid() if outputs == 1 else logits.softmax(dim=1)
    taught_loss(logits, shares.detach()).backward()
    assert logits.grad.abs().max() < 1e-6
    with torch.no_grad():
        assert taught_loss(logits + torch.randn(6, outputs), shares) > taught_loss(logits, shares)
