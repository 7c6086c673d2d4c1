import numpy as np
import pytest
import safetensors.torch
import torch

from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.nets import build_net
from fcn_detect.nets.checkpoint import read_checkpoint
from fcn_detect.nets.importing import ForeignNet, import_classifier
from fcn_detect.postprocess import probabilities

CROP_HW = (56, 48)
CROPS = 255 * torch.rand(5, 3, *CROP_HW, generator=torch.Generator().manual_seed(1))


def trained(net, outputs, seed=0):
    torch.manual_seed(seed)
    return build_net(net, CROP_HW, outputs).eval()


def foreign(classes, net="valid-small", **facts):
    return ForeignNet(net, CROP_HW, classes, **facts)


@pytest.mark.parametrize(
    "classes, labels",
    [
        (("background", "person"), ("person",)),
        (("cat", "negative", "dog"), ("cat", "dog")),
        (("cat", "dog", "other"), ("cat", "dog")),
    ],
)
def test_probabilities_are_those_of_the_weights_as_they_were(classes, labels):
    net = trained("valid-small", len(classes))
    imported = import_classifier(net.state_dict(), foreign(classes))
    assert imported.header.labels == labels
    assert imported.difference < 1e-5
    with torch.inference_mode():
        true = torch.softmax(net(CROPS), dim=1).numpy()
        logits = imported.classifier(CROPS).numpy()
    found = probabilities(logits.T, imported.header.calibration)
    for label, shares in zip(labels, found, strict=True):
        np.testing.assert_allclose(shares, true[:, classes.index(label)], atol=1e-6)


def test_one_output_needs_no_background():
    net = trained("valid-small", 1)
    imported = import_classifier(net.state_dict(), foreign(("person",)))
    with torch.inference_mode():
        assert torch.equal(imported.classifier(CROPS), net(CROPS))


def test_a_torchvision_net_comes_with_its_own_normalisation():
    net = trained("torchvision:resnet18", 2)
    mean, std = (10.0, 20.0, 30.0), (40.0, 50.0, 60.0)
    facts = foreign(("none", "bolt"), "torchvision:resnet18", background="none")
    imported = import_classifier(
        net[1].state_dict(), ForeignNet(**{**vars(facts), "mean": mean, "std": std})
    )
    pixels = (CROPS - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    with torch.inference_mode():
        true = net[1](pixels)
        found = imported.classifier(CROPS)
    assert torch.allclose(found[:, 0], true[:, 1] - true[:, 0], atol=1e-5)
    assert not imported.header.exact


def test_a_net_that_cuts_its_outputs_off_at_zero_cannot_be_reordered():
    weights = trained("torchvision:squeezenet1_1", 2)[1].state_dict()
    with pytest.raises(ModelError, match="something follows its last layer"):
        import_classifier(weights, foreign(("background", "bolt"), "torchvision:squeezenet1_1"))


def test_what_does_not_fit_is_refused_in_one_line():
    weights = trained("valid-small", 2).state_dict()
    for wanted, facts in [
        ("none of the classes cat, dog", foreign(("cat", "dog"))),
        ("given twice", foreign(("cat", "cat"))),
        ("are missing", foreign(("a", "background"), "dress")),
        ("do not fit valid-small", foreign(("a", "b", "background"))),
    ]:
        with pytest.raises((SettingsError, ModelError), match=wanted) as caught:
            import_classifier(weights, facts)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrap", [lambda w: w, lambda w: {"epoch": 3, "state_dict": w}])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.module."])
def test_weights_are_found_wherever_training_programs_put_them(wrap, prefix, tmp_path):
    weights = {"a.weight": torch.ones(2), "b": torch.zeros(1)}
    torch.save(wrap({prefix + name: w for name, w in weights.items()}), tmp_path / "c.pt")
    found = read_checkpoint(tmp_path / "c.pt")
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)


def test_safetensors_are_read_too(tmp_path):
    safetensors.torch.save_file({"a": torch.ones(2)}, tmp_path / "c.safetensors")
    assert torch.equal(read_checkpoint(tmp_path / "c.safetensors")["a"], torch.ones(2))


def test_what_is_no_checkpoint_is_refused_and_never_run(tmp_path):
    torch.save(trained("valid-small", 1), tmp_path / "module.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    (tmp_path / "text.pt").write_text("weights")
    (tmp_path / "text.safetensors").write_text("weights")
    for name, wanted in [
        ("module.pt", "would run code"),
        ("list.pt", "no tensors by name"),
        ("text.pt", "text.pt: "),
        ("text.safetensors", "not a readable checkpoint"),
        ("none.pt", "there is no such checkpoint"),
    ]:
        with pytest.raises(ModelError, match=wanted) as caught:
            read_checkpoint(tmp_path / name)
        assert "\n" not in str(caught.value)
