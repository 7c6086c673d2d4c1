"""Exported nets against PyTorch: the same maps, whatever runs them and whatever the size."""

import numpy as np
import pytest

from fcn_detect.backends import BACKENDS, open_backend
from fcn_detect.errors import ModelError, SettingsError
from fcn_detect.headers import read_export, read_header

RUNS = [
    (name, suffix)
    for name, runtime in BACKENDS.items()
    for suffix in runtime.suffixes
    if suffix != ".safetensors"
]
SIZES = {
    "one window": lambda crop, _: crop,
    "a stride more": lambda crop, stride: crop + stride,
    "a stride less one pixel": lambda crop, stride: crop + stride - 1,
    "odd": lambda crop, _: 2 * crop + 1,
}
SLOW = [pytest.param("resnet", marks=pytest.mark.slow)]


def random_images(count, header, grow):
    sides = (grow(c, s) for c, s in zip(header.crop_hw, header.stride_hw, strict=True))
    return np.random.default_rng(0).integers(0, 256, (count, *sides, 3), dtype=np.uint8)


@pytest.mark.parametrize("model", ["two classes, offsets", "padded", *SLOW])
@pytest.mark.parametrize("name, suffix", RUNS)
def test_maps_are_those_of_torch(name, suffix, model, model_named, exported):
    backend = open_backend(exported(model, suffix), name)
    reference = open_backend(model_named(model), "torch", "cpu")
    assert backend.name == name
    assert backend.header == reference.header
    for count in (1, 3):
        for grow in SIZES.values():
            images = random_images(count, backend.header, grow)
            maps, true = backend.maps(images), reference.maps(images)
            assert maps.dtype == np.float32
            assert maps.shape == true.shape
            assert np.abs(maps - true).max() <= 1e-5 * max(1, np.abs(true).max())


@pytest.mark.parametrize("name, suffix", RUNS)
def test_maps_stay_what_they_were_when_the_next_image_is_scored(name, suffix, exported):
    backend = open_backend(exported("two classes, offsets", suffix), name)
    first, second = random_images(2, backend.header, SIZES["odd"])[:, None]
    maps = backend.maps(first)
    before = maps.copy()
    backend.maps(second)
    np.testing.assert_array_equal(maps, before)


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_an_exported_file_says_what_it_holds(suffix, exported):
    path = exported("two classes, offsets", suffix)
    assert read_header(path).labels == ("cat", "dog")
    net = read_export(path)
    assert (net.source, net.crop_hw, net.stride_hw, net.int8) == (
        *("m.safetensors", (56, 48), (8, 8)),
        False,
    )
    assert net.exact
    assert net.parameters > 1000


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_another_stride_than_the_files_is_refused_with_what_to_do(suffix, exported):
    path = exported("two classes, offsets", suffix)
    assert open_backend(path, stride=8).header.stride_hw == (8, 8)
    with pytest.raises(SettingsError, match=r"stride of 8; export .* export --stride 4") as caught:
        open_backend(path, stride=4)
    assert "\n" not in str(caught.value)


def test_a_backend_that_cannot_run_the_file_is_refused_with_those_that_can(exported):
    graph = exported("two classes, offsets", ".xml")
    with pytest.raises(SettingsError, match=r"use --backend openvino$"):
        open_backend(graph, "onnxruntime")
    with pytest.raises(SettingsError, match=r"use --backend openvino$"):
        open_backend(graph, "torch")
    with pytest.raises(SettingsError, match=r"use --backend onnxruntime or openvino$"):
        open_backend(exported("two classes, offsets", ".onnx"), "torch")


@pytest.mark.parametrize("name, suffix", RUNS)
def test_a_file_cut_short_is_refused_in_one_line(name, suffix, exported, tmp_path):
    path = exported("two classes, offsets", suffix)
    (tmp_path / f"m{suffix}").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ModelError, match="not a readable") as caught:
        open_backend(tmp_path / f"m{suffix}", name)
    assert "\n" not in str(caught.value)


def test_an_openvino_model_without_its_weights_is_refused(exported, tmp_path):
    (tmp_path / "m.xml").write_bytes(exported("two classes, offsets", ".xml").read_bytes())
    with pytest.raises(ModelError, match="openvino cannot read it") as caught:
        open_backend(tmp_path / "m.xml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name, suffix", RUNS)
@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(name, suffix, device, exported):
    with pytest.raises(SettingsError, match=f"device '{device}' cannot be used: ") as caught:
        open_backend(exported("two classes, offsets", suffix), name, device)
    assert "\n" not in str(caught.value)
