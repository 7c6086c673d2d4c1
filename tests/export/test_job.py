import pytest

from fcn_detect.backends import open_backend
from fcn_detect.detect import Detector
from fcn_detect.errors import DataError, SettingsError
from fcn_detect.export import RECIPES, TARGETS, Calibration, ExportJob, export_model, job
from fcn_detect.formats import read_annotations
from fcn_detect.headers import read_export, read_header


@pytest.fixture(params=TARGETS)
def exported(request, dress_exports):
    report = dress_exports[request.param]
    return report.output, report


def test_an_export_says_what_the_model_says(exported, dress_model):
    path, report = exported
    assert report.written
    assert report.equivalence.holds
    assert report.equivalence.windows > 2000
    assert report.equivalence.max_difference < 1e-5
    assert read_header(path) == read_header(dress_model)
    assert read_export(path).source == "dress.safetensors"
    left = {file.name for file in path.parent.iterdir()}
    assert left <= {"dress.onnx", "dress.xml", "dress.bin"}


def test_an_export_finds_what_the_model_finds(exported, dress_model, frames):
    path, _ = exported
    photo = next(frames[0].rglob("*.jpg"))
    found, expected = (
        Detector.load(model, backend=name)(photo)
        for model, name in ((path, "auto"), (dress_model, "torch"))
    )
    assert found.labels == expected.labels
    assert found.boxes == pytest.approx(expected.boxes, abs=0.01)
    assert found.scores == pytest.approx(expected.scores, abs=1e-4)


def test_maps_that_differ_are_reported_and_not_written(dress_model, tmp_path, monkeypatch):
    class Wrong:
        name = "wrong"

        def __init__(self, path, *_):
            self.backend = open_backend(path, "openvino")
            self.header = self.backend.header

        def maps(self, images):
            return self.backend.maps(images) + 1

    monkeypatch.setattr(job, "open_backend", Wrong)
    report = export_model(ExportJob(dress_model, "openvino", tmp_path / "m.xml"))
    assert not report.written
    assert not report.equivalence.holds
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to, name", [("onnx", "m.xml"), ("openvino", "m.bin"), ("tpu", "m.onnx")])
def test_a_file_that_does_not_fit_its_target_is_refused(dress_model, tmp_path, to, name):
    with pytest.raises(SettingsError, match="export"):
        export_model(ExportJob(dress_model, to, tmp_path / name))


def int8(model, path, frames, **changes):
    calibration = Calibration(frames, **changes)
    to = "onnx" if path.suffix == ".onnx" else "openvino"
    return export_model(ExportJob(model, to, path, calibration=calibration, int8=True))


@pytest.mark.parametrize("suffix", [".xml", pytest.param(".onnx", marks=pytest.mark.slow)])
def test_int8_is_written_with_its_cost_where_it_costs_little(dress_model, tmp_path, frames, suffix):
    path = tmp_path / f"m{suffix}"
    report = int8(dress_model, path, frames[0], max_cost=50)
    (attempt,) = report.int8
    assert report.written
    assert (attempt.within, attempt.cost.truth, attempt.cost.frames) == (True, "agreement", 2)
    assert attempt.cost.ap50 == pytest.approx(1)
    assert attempt.cost.miss_rate == pytest.approx(0, abs=1e-6)
    assert read_export(path).int8
    assert read_export(path).probe
    figures = read_header(path).figures["int8"]
    assert figures["int8_ap50"] == pytest.approx(attempt.cost.int8_ap50, abs=1e-3)
    assert any(image.image.endswith(".jpg") for image in report.equivalence.images)


def test_int8_that_costs_too_much_is_not_written(dress_model, tmp_path, frames, monkeypatch):
    monkeypatch.setattr("fcn_detect.export.cost.Cost.within", lambda *_: False)
    monkeypatch.setattr("fcn_detect.export.int8.RECIPES", RECIPES[::2])
    truth = read_annotations(frames[1])
    report = int8(dress_model, tmp_path / "m.xml", frames[0], annotations=truth)
    assert not report.written
    assert [one.recipe for one in report.int8] == list(RECIPES[::2])
    assert [one.cost.truth for one in report.int8] == ["annotations"] * 2
    assert [one.cost.frames for one in report.int8] == [6, 6]
    assert list(tmp_path.iterdir()) == []


def test_frames_that_cannot_be_used_are_refused(dress_model, tmp_path):
    with pytest.raises(DataError, match="no such folder of images"):
        int8(dress_model, tmp_path / "m.xml", tmp_path / "none")
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "a.jpg").write_bytes(b"no image")
    with pytest.raises(DataError, match="none of its images can be read"):
        int8(dress_model, tmp_path / "m.xml", tmp_path / "frames")
