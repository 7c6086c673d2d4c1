from pathlib import Path

import pytest

from fcn_detect.backends import BACKENDS, choosing, open_backend
from fcn_detect.backends.choosing import candidates
from fcn_detect.errors import SettingsError


@pytest.fixture
def machine(monkeypatch):
    """Makes a machine with some libraries and perhaps a GPU."""

    def make(*libraries, gpu=False):
        monkeypatch.setattr(choosing, "find_spec", lambda name: name in libraries or None)
        monkeypatch.setattr(choosing, "has_gpu", lambda: gpu)

    return make


ALL = ("torch", "onnxruntime", "openvino")


@pytest.mark.parametrize(
    "file, device, libraries, gpu, first",
    [
        ("m.safetensors", None, ALL, False, "openvino"),
        ("m.safetensors", None, ALL, True, "torch"),
        ("m.safetensors", "cpu", ALL, True, "openvino"),
        ("m.safetensors", "cuda:1", ALL, False, "torch"),
        ("m.safetensors", None, ("torch", "onnxruntime"), False, "onnxruntime"),
        ("m.safetensors", None, ("torch",), False, "torch"),
        ("m.onnx", None, ALL, True, "openvino"),
        ("m.ONNX", None, ("onnxruntime", "torch"), False, "onnxruntime"),
        ("m.onnx", "cuda", ALL, True, "onnxruntime"),
        ("m.xml", None, ALL, True, "openvino"),
        ("model", None, ALL, False, "openvino"),
    ],
)
def test_auto_tries_the_fastest_that_is_there_first(machine, file, device, libraries, gpu, first):
    machine(*libraries, gpu=gpu)
    assert candidates(Path(file), device, BACKENDS)[0] == first


def test_a_file_that_nothing_installed_runs_is_refused_with_what_would(machine):
    machine("torch")
    with pytest.raises(
        SettingsError, match=r"pip install 'fcn-detect\[openvino\]' or 'fcn-detect\[onnx\]'$"
    ):
        candidates(Path("m.onnx"), None, BACKENDS)
    with pytest.raises(SettingsError, match=r"pip install 'fcn-detect\[openvino\]'$"):
        candidates(Path("m.xml"), None, BACKENDS)


def test_where_nothing_looks_like_a_gpu_torch_is_not_asked(monkeypatch):
    monkeypatch.setattr(choosing, "GPU_FILES", ())
    monkeypatch.setattr(choosing.shutil, "which", lambda _: None)
    monkeypatch.setattr(choosing, "find_spec", lambda _: pytest.fail("asked"))
    assert not choosing.has_gpu()


def test_auto_goes_on_where_a_runtime_lacks_what_it_needs(model_named, monkeypatch, caplog):
    from fcn_detect.errors import MissingExtraError

    def missing(*_):
        raise MissingExtraError("openvino", "openvino")

    lacking = {**BACKENDS, "openvino": choosing.Runtime(missing, "torch", (".safetensors",))}
    lacking["onnxruntime"] = lacking["openvino"]
    monkeypatch.setattr("fcn_detect.backends.BACKENDS", lacking)
    monkeypatch.setattr(choosing, "has_gpu", lambda: False)
    assert open_backend(model_named("padded")).name == "torch"
    assert "openvino is not used: " in caplog.text


def test_where_no_runtime_opens_a_file_the_first_ones_reason_is_given(model_named):
    from fcn_detect.errors import ConversionError

    with pytest.raises(ConversionError, match="a stride of 3 is not possible"):
        open_backend(model_named("padded"), stride=3)
