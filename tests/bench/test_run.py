"""A bench of a tiny model: which figures there are, and how they hang together; no timings."""

import json

import pytest

from fcn_detect.bench import BenchJob, plot_bench, run_bench
from fcn_detect.errors import DataError, FcnDetectError, SettingsError

# Every key of the JSON, with those inside; a list stands for a list of such.
NUMBER, TEXT = "number", "text"
WAY = {"way": TEXT, "seconds": NUMBER, "measured": NUMBER}
SCHEMA = {
    "version": TEXT,
    "repeats": NUMBER,
    "noise": NUMBER,
    "machine": {
        "processor": TEXT,
        "cores": NUMBER,
        "memory_gb": NUMBER,
        "load": NUMBER,
        "system": TEXT,
        "libraries": None,
    },
    "peak": {"gflops": NUMBER, "library": TEXT},
    "model": {"file": TEXT, "net": TEXT, "crop": None, "stride": None, "exact": NUMBER},
    "frame": {
        "image": TEXT,
        "size": None,
        "levels": NUMBER,
        "windows": NUMBER,
        "min_height": NUMBER,
    },
    "windows": {
        "backend": TEXT,
        "size": None,
        "windows": NUMBER,
        "dense_s": NUMBER,
        "crops": [WAY],
        "faster": NUMBER,
        "dense_macs": NUMBER,
        "crop_macs": NUMBER,
        "less_arithmetic": NUMBER,
    },
    "network": [
        {
            "model": TEXT,
            "backend": TEXT,
            "seconds": NUMBER,
            "macs": NUMBER,
            "gflops": NUMBER,
            "share_of_peak": NUMBER,
            "faster": NUMBER,
        }
    ],
    "left_out": None,
    "packing": {
        "levels": NUMBER,
        "passes": NUMBER,
        "canvas_pixels": NUMBER,
        "level_pixels": NUMBER,
        "packed_s": NUMBER,
        "separate_s": NUMBER,
        "faster": NUMBER,
    },
    "stages": {
        "read_s": NUMBER,
        "pack_s": NUMBER,
        "network_s": NUMBER,
        "boxes_s": NUMBER,
        "whole_s": NUMBER,
        "sum_s": NUMBER,
    },
    "folder": {
        "images": NUMBER,
        "workers": NUMBER,
        "batch": NUMBER,
        "preparing": NUMBER,
        "network": NUMBER,
        "limit": TEXT,
        "share_of_limit": NUMBER,
        "in_sequence": NUMBER,
    },
}


def check(facts, schema):
    """Every key of the schema and no other; positive numbers, texts that say something."""
    assert list(facts) == list(schema)
    for key, kind in schema.items():
        if isinstance(kind, dict):
            check(facts[key], kind)
        elif isinstance(kind, list):
            assert facts[key]
            for one in facts[key]:
                check(one, kind[0])
        elif kind is TEXT:
            assert isinstance(facts[key], str)
            assert facts[key]
        elif kind is NUMBER:
            assert facts[key] >= 0 if key in ("noise", "load") else facts[key] > 0, key


def bench(tiny, name, photo, **changes):
    job = BenchJob(str(tiny / name), [str(photo)], repeats=1, folder_images=3)
    return run_bench(BenchJob(**{**vars(job), **changes}))


@pytest.fixture(scope="module")
def report(tiny, photo):
    return bench(tiny, "tiny.safetensors", photo, backends=["torch", "torch"])


def test_all_figures_are_there_under_their_names(report):
    check(json.loads(json.dumps(report.to_dict())), SCHEMA)
    assert [one.backend for one in report.networks] == ["torch"]


def test_figures_hang_together(report):
    facts = report.to_dict()
    windows, stages, folder = report.windows, report.stages, report.folder
    assert windows.windows > 50
    assert {way.way.split(",")[-1] for way in windows.crops} == {
        "crops in batches of 256",
        " classifier as trained",
        "crops one by one",
    }
    assert 1 < windows.less_arithmetic < windows.windows
    assert stages.sum_s == pytest.approx(
        sum(facts["stages"][f"{name}_s"] for name in ("read", "pack", "network", "boxes"))
    )
    assert report.packing.canvas_pixels >= report.packing.level_pixels
    assert report.networks[0].faster == 1
    assert folder.limit in ("preparing", "network")
    assert folder.in_sequence < min(folder.preparing, folder.network)


def test_an_exported_file_goes_without_counting(tiny, photo):
    report = bench(tiny, "tiny.onnx", photo, against=str(tiny / "tiny.onnx"))
    assert [one.backend for one in report.networks] == ["openvino", "onnxruntime", "openvino"]
    assert [one.model for one in report.networks] == ["tiny.onnx"] * 3
    assert report.networks[0].gflops is None
    assert report.windows.less_arithmetic is None
    assert [way.way for way in report.windows.crops] == [
        "crops in batches of 256",
        "crops one by one",
    ]


def test_a_padded_net_is_measured_level_by_level(tiny, photo):
    report = bench(tiny, "padded.safetensors", photo, backends=["torch"])
    assert report.packing is None
    assert report.stages.pack_s == 0
    assert report.networks[0].gflops > 0


def test_a_second_file_of_other_windows_is_refused(tiny, photo):
    with pytest.raises(SettingsError, match="it has windows of 32x64 every 32 px and a padded net"):
        bench(tiny, "tiny.onnx", photo, against=str(tiny / "padded.safetensors"))


def test_what_cannot_be_measured_is_refused(tiny, photo, tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        bench(tiny, "tiny.onnx", tmp_path / "none.jpg")
    with pytest.raises(SettingsError, match="no backend is called"):
        bench(tiny, "tiny.onnx", photo, backends=["abacus"])
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(FcnDetectError, match=r"empty\.jpg: the file has no bytes"):
        bench(tiny, "tiny.onnx", tmp_path / "empty.jpg")


def test_the_figures_are_drawn(report, tmp_path):
    path = plot_bench(report, tmp_path / "new" / "bench.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [one.name for one in path.parent.iterdir()] == ["bench.png"]
