import contextlib
import json

import pytest
from corpus.exported_files import NET

from fcn_detect.errors import ModelError
from fcn_detect.headers import EXPORT_KEY, HEADER_KEY, METADATA_READERS, read_export, read_header
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="valid-small",
    crop_hw=(56, 48),
    labels=("größer <&\"'> als",),
    object_box=(0, 0, 48, 56),
    stride_hw=(8, 8),
    exact=True,
)
TEXTS = {HEADER_KEY: HEADER.model_dump_json(), EXPORT_KEY: json.dumps(NET)}


def write_onnx(path, texts):
    import onnx

    model = onnx.ModelProto(ir_version=10, producer_name="x" * 300)
    model.opset_import.add(version=20)
    for key, value in texts.items():
        model.metadata_props.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())


def write_openvino(path, texts):
    import openvino

    place = openvino.opset13.parameter([1], openvino.Type.f32)
    model = openvino.Model([place], [place])
    for key, value in texts.items():
        model.set_rt_info(value, [key])
    openvino.save_model(model, path)


def write_safetensors(path, texts):
    import safetensors.numpy

    path.write_bytes(safetensors.numpy.save({}, texts))


WRITERS = {".onnx": write_onnx, ".xml": write_openvino, ".safetensors": write_safetensors}


@pytest.mark.parametrize("suffix", METADATA_READERS)
def test_headers_come_back_from_files_that_the_libraries_wrote(suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    WRITERS[suffix](path, TEXTS)
    assert read_header(path) == HEADER
    assert read_export(path).parameters == 7
    assert read_export(path).receptive_field.size_hw == (9, 9)


@pytest.mark.parametrize("suffix", METADATA_READERS)
def test_a_file_of_another_program_is_refused(suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    WRITERS[suffix](path, {"other": "text"})
    with pytest.raises(ModelError, match=r"no fcn_detect header; .* written by") as caught:
        read_header(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", METADATA_READERS)
@pytest.mark.parametrize("text", ["", "{", "[1]", "{}"])
def test_a_damaged_header_is_refused(suffix, text, tmp_path):
    path = tmp_path / f"m{suffix}"
    WRITERS[suffix](path, {HEADER_KEY: text})
    with pytest.raises(ModelError, match="damaged header: "):
        read_header(path)


@pytest.mark.parametrize("suffix", METADATA_READERS)
@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 40, b"<html>404</html>", b"<net", bytes(range(256))]
)
def test_what_is_no_such_file_is_refused_in_one_line(suffix, content, tmp_path):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read_header(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", METADATA_READERS)
def test_a_file_that_is_cut_anywhere_is_refused_or_read(suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    WRITERS[suffix](path, TEXTS)
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with contextlib.suppress(ModelError):
            assert read_header(path) == HEADER


@pytest.mark.parametrize("suffix", METADATA_READERS)
def test_a_missing_file_and_a_folder_are_refused(suffix, tmp_path):
    with pytest.raises(ModelError, match="there is no such model file"):
        read_header(tmp_path / f"none{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(ModelError, match="not a readable"):
        read_header(tmp_path / f"folder{suffix}")


def test_a_network_that_defines_entities_is_refused_at_once(tmp_path):
    path = tmp_path / "m.xml"
    rows = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(20))
    path.write_text(f'<!DOCTYPE net [<!ENTITY e0 "x">{rows}]><net>&e20;</net>')
    with pytest.raises(ModelError, match="the entity 'e0' is defined"):
        read_header(path)
