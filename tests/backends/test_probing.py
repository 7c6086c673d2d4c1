"""Exported files tell a runtime that computes them wrongly."""

import pytest

from fcn_detect.backends import open_backend
from fcn_detect.backends.onnxruntime_backend import OnnxruntimeBackend
from fcn_detect.backends.openvino_backend import OpenvinoBackend
from fcn_detect.errors import ModelError
from fcn_detect.headers import read_export

KINDS = {".xml": ("openvino", OpenvinoBackend), ".onnx": ("onnxruntime", OnnxruntimeBackend)}


@pytest.fixture(params=KINDS)
def path(request, exported):
    return exported("two classes, offsets", request.param)


def spoil(monkeypatch, kind, factor):
    """Maps whose first channel is off by so many times its spread."""
    right = kind.maps

    def maps(self, images):
        values = right(self, images)
        values[:, 0, ::2] += factor * values[:, 0].std()
        return values

    monkeypatch.setattr(kind, "maps", maps)


def test_an_exported_file_carries_what_it_gives_on_the_probe(path):
    assert len(read_export(path).probe) == 6 * 4 * 16


@pytest.mark.parametrize("factor", [0.1, float("nan")])
def test_a_runtime_that_computes_wrongly_is_refused_in_one_line(path, monkeypatch, factor):
    name, kind = KINDS[path.suffix]
    spoil(monkeypatch, kind, factor)
    with pytest.raises(ModelError, match=f"{name} computes it wrongly on this proc") as caught:
        open_backend(path, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("factor, refused", [(0.1, False), (2, True)])
def test_int8_may_round_differently_but_not_be_another_net(
    exported, monkeypatch, tmp_path, factor, refused
):
    path = exported("two classes, offsets", ".xml")
    for suffix in (".bin", ".xml"):
        text = path.with_suffix(suffix).read_bytes()
        said, says = b"&quot;int8&quot;:false", b"&quot;int8&quot;:true"
        (tmp_path / f"m{suffix}").write_bytes(text.replace(said, says))
    assert read_export(tmp_path / "m.xml").int8
    spoil(monkeypatch, OpenvinoBackend, factor)
    if refused:
        with pytest.raises(ModelError, match="computes it wrongly"):
            open_backend(tmp_path / "m.xml")
    else:
        open_backend(tmp_path / "m.xml")
