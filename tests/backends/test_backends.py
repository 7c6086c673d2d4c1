from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from fcn_detect.backends import BACKENDS, Backend, find_model, open_backend, shipped
from fcn_detect.backends.fake import FakeBackend
from fcn_detect.backends.torch_backend import (
    TorchBackend,
    _float32_as_it_is,
    pick_device,
    untrained,
)
from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.nets import build_net, save_model
from fcn_detect.results import ModelHeader

CROP_HW = (56, 48)
TWO_CLASSES = ("cat", "dog")

Pixels = NDArray[np.uint8]


def _model(labels: tuple[str, ...] = ("cat",)) -> tuple[ModelHeader, nn.Module]:
    """A small net whose batch norms are as after a training."""
    header, _ = untrained("valid-small", CROP_HW)
    header = header.model_copy(update={"labels": labels})
    torch.manual_seed(5)
    classifier = build_net(header.net, CROP_HW, header.outputs)
    for module in classifier.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
    return header, classifier.eval()


def _images(count: int, height: int, width: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def _windows(images: Pixels, crop_hw: tuple[int, int], stride: int) -> Pixels:
    """`(n, rows, cols, crop_h, crop_w, 3)`."""
    views = np.lib.stride_tricks.sliding_window_view(images, crop_hw, axis=(1, 2))
    return views[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    save_model(path, *_model())
    return path


OPENERS: dict[str, Callable[[Path], Backend]] = {
    **{name: lambda path, name=name: open_backend(path, name) for name in BACKENDS},
    "fake": lambda _: FakeBackend(_model()[0]),
}


@pytest.mark.parametrize("name", OPENERS)
def test_every_backend_scores_all_windows_wholly_inside_its_images(
    name: str, model_path: Path
) -> None:
    backend = OPENERS[name](model_path)
    assert backend.name == name
    assert backend.header.crop_hw == CROP_HW
    assert backend.name == name
    for height, width in [CROP_HW, (56, 63), (70, 81), (64, 56)]:
        logits = backend.maps(_images(2, height, width))
        assert logits.dtype == np.float32
        assert logits.shape == (2, 1, (height - 56) // 8 + 1, (width - 48) // 8 + 1)


@pytest.mark.parametrize("name", OPENERS)
def test_every_backend_scores_a_window_alike_wherever_it_lies(name: str, model_path: Path) -> None:
    backend = OPENERS[name](model_path)
    images = _images(2, 80, 90)
    logits = backend.maps(images)
    windows = _windows(images, CROP_HW, 8)
    for index in [(0, 0, 0), (1, 3, 5), (0, 2, 4)]:
        alone = backend.maps(windows[index][None])[0, :, 0, 0]
        image, row, col = index
        np.testing.assert_allclose(alone, logits[image, :, row, col], atol=1e-4)


@pytest.mark.parametrize("name", OPENERS)
def test_every_backend_takes_images_that_cannot_be_written_or_are_views(
    name: str, model_path: Path
) -> None:
    backend = OPENERS[name](model_path)
    images = _images(1, 80, 90)
    images.setflags(write=False)
    expected = backend.maps(images[:, 10:70, 20:80].copy())
    np.testing.assert_array_equal(backend.maps(images[:, 10:70, 20:80]), expected)


@pytest.mark.parametrize("labels", [("cat",), TWO_CLASSES])
def test_logits_are_the_classifiers_on_every_window(labels: tuple[str, ...]) -> None:
    header, classifier = _model(labels)
    backend = TorchBackend(header, classifier, "cpu")
    images = _images(2, 80, 90)
    logits = backend.maps(images)
    windows = _windows(images, CROP_HW, 8)
    outputs = backend.classify(windows.reshape(-1, *CROP_HW, 3), batch_size=7)
    oracle = outputs.reshape(*windows.shape[:3], header.outputs).transpose(0, 3, 1, 2)
    assert logits.shape == oracle.shape == (2, header.outputs, 4, 6)
    assert np.abs(logits - oracle).max() / max(1, np.abs(oracle).max()) <= 1e-5


def test_the_classifier_is_the_one_given_on_unscaled_pixels() -> None:
    header, classifier = _model(TWO_CLASSES)
    crops = _images(3, *CROP_HW)
    with torch.no_grad():
        expected = classifier(torch.from_numpy(crops).permute(0, 3, 1, 2).float())
    classified = TorchBackend(header, classifier, "cpu").classify(crops)
    np.testing.assert_allclose(classified, expected.numpy(), atol=1e-5)


def test_no_crops_give_no_logits() -> None:
    header, classifier = _model(TWO_CLASSES)
    none = np.zeros((0, *CROP_HW, 3), np.uint8)
    assert TorchBackend(header, classifier, "cpu").classify(none).shape == (0, 3)


@pytest.mark.parametrize("change", [{"stride_hw": (4, 4)}, {"exact": False}])
def test_a_header_that_is_wrong_about_its_net_is_refused(change: dict[str, object]) -> None:
    header, classifier = _model()
    with pytest.raises(ModelError, match="the file is damaged"):
        TorchBackend(header.model_copy(update=change), classifier, "cpu")


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_opens_with_a_finer_stride(name: str, model_path: Path) -> None:
    images = _images(1, 80, 90)
    finer, own = (open_backend(model_path, name, stride=stride) for stride in (2, None))
    assert (finer.header.stride_hw, own.header.stride_hw) == ((2, 2), (8, 8))
    true = open_backend(model_path, "torch", "cpu", stride=2).maps(images)
    assert true.shape == (1, 1, 13, 22)
    np.testing.assert_allclose(finer.maps(images), true, atol=1e-5)
    np.testing.assert_allclose(finer.maps(images)[..., ::4, ::4], own.maps(images), atol=1e-5)


def test_an_unknown_backend_is_refused_with_the_known_ones(model_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'tpu'; there are auto, torch"):
        open_backend(model_path, "tpu")


def test_auto_opens_a_backend(model_path: Path) -> None:
    assert open_backend(model_path).name in BACKENDS


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_in_one_line(device: str, model_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"device '{device}' cannot be used: ") as caught:
        open_backend(model_path, "torch", device)
    assert "\n" not in str(caught.value)


def test_the_processor_is_always_there() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device(None).type in ("cpu", "cuda")


def test_a_model_is_found_by_path_or_by_shipped_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "person.safetensors").touch()
    (tmp_path / "models" / "notes.txt").touch()
    assert find_model("person") == tmp_path / "models" / "person.safetensors"
    (tmp_path / "person").mkdir()  # a folder of crops
    assert find_model("person") == tmp_path / "models" / "person.safetensors"
    assert find_model(tmp_path / "models" / "notes.txt").name == "notes.txt"
    (tmp_path / "person").rmdir()
    (tmp_path / "person").touch()
    assert find_model("person") == Path("person")


def test_a_model_that_is_nowhere_is_refused_with_the_shipped_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(ModelError, match="shipped models: none"):
        find_model("dog")
    (tmp_path / "person.safetensors").touch()
    (tmp_path / "car.safetensors").touch()
    with pytest.raises(ModelError, match=r"dog\.onnx: .*shipped models: car, person"):
        find_model("dog.onnx")


def test_the_fake_backend_scores_a_window_by_its_centre() -> None:
    header = _model()[0].model_copy(update={"crop_hw": (6, 4), "stride_hw": (2, 3)})
    images = _images(1, 13, 14)
    logits = FakeBackend(header).maps(images)
    assert logits.shape == (1, 1, 4, 4)
    for (row, col), logit in np.ndenumerate(logits[0, 0]):
        centre = images[0, row * 2 + 3, col * 3 + 2]
        assert logit == pytest.approx((centre.mean() - 127.5) / 12.75, abs=1e-5)
    white = FakeBackend(header).maps(np.full((1, 6, 4, 3), 255, np.uint8))
    assert white.tolist() == [[[[10]]]]


def test_bfloat16_is_near_and_only_pytorch_has_it(model_path: Path) -> None:
    images = _images(2, 90, 70)
    exact = open_backend(model_path, "torch", "cpu").maps(images)
    for name in ("auto", "torch"):
        maps = open_backend(model_path, name, "cpu", precision="bfloat16").maps(images)
        assert maps.dtype == np.float32
        assert 0 < np.abs(maps - exact).max() < 0.05 * max(1, np.abs(exact).max())
    with pytest.raises(SettingsError, match="computes in float32"):
        open_backend(model_path, "openvino", precision="bfloat16")


def test_float32_is_never_rounded_on_a_gpu() -> None:
    with _float32_as_it_is():
        assert not torch.backends.cudnn.allow_tf32
