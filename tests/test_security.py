"""Nothing that a file contains leads out of the output folder, or commands a terminal."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.cli.talk import printable
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.files import LONGEST_NAME, name_that_fits
from fcn_detect.formats import WRITERS, Shown
from fcn_detect.harvest.folder import crop_name
from fcn_detect.report.photos import PhotoWriter, safe_name
from fcn_detect.results import Detections, ImageResult, ModelHeader

HEADER = ModelHeader(
    net="fake",
    crop_hw=(32, 16),
    labels=("../../../up",),
    object_box=(2, 4, 14, 28),
    stride_hw=(4, 4),
    exact=True,
)
HOSTILE = ["../../up.png", "/up.png", "a/../../up.png", "..", ".", "a/..", "//up", "~/up", "C:\\up"]
HOSTILE += ["..\\..\\up.png", "-rf", "$(up)", "|up", "up\n.png", "\x1b[2J.png", "n" * 251 + ".png"]
HOSTILE += ["n" * 251 + ".jpg", "é" * 120 + ".jpeg", "é" * 120 + ".webp", "con", "up:stream.png"]

names = st.text("ab./\\:~ \n\x1b\udcff", min_size=1, max_size=12)


def files(folder):
    """All that lies in a folder and its folders, hidden files included."""
    return {path for path in folder.rglob("*") if not path.is_dir()}


def found(image):
    box, score = np.array([[1, 2, 15, 30]], np.float32), np.array([0.9], np.float32)
    return ImageResult(image, 60, 40, Detections(box, score, list(HEADER.labels)))


@pytest.mark.parametrize("name", WRITERS)
def test_formats_write_below_their_folder_and_a_file_for_each_image(name, tmp_path):
    run = tmp_path / "deep" / "in" / "run"
    run.mkdir(parents=True)
    WRITERS[name]([found(image) for image in HOSTILE], run, Shown(HEADER.labels, lambda _: 0.5))
    assert all(path.is_relative_to(run) for path in files(tmp_path))


@pytest.mark.parametrize("name", ["voc", "yolo"])
def test_long_names_have_a_file_each(name, tmp_path):
    long = [image for image in HOSTILE if len(os.fsencode(image)) > 200]
    WRITERS[name]([found(image) for image in long], tmp_path, Shown(HEADER.labels, lambda _: 0.5))
    assert len([path for path in files(tmp_path) if len(path.name) > 100]) == len(long) == 4


@pytest.mark.parametrize("image", HOSTILE)
def test_pictures_are_written_below_their_folder(image, tmp_path):
    pixels = np.full((60, 40, 3), 20, np.uint8)
    pixels[20:40, 12:26] = 250
    detector = Detector(FakeBackend(HEADER), DetectSettings(keep=0.3))
    search = detector.search(pixels)
    result = ImageResult(image, 40, 60, search.detections)
    out = tmp_path / "deep" / "in" / "out"
    writer = PhotoWriter(out, lambda _: 0.3, heat_maps=True, crops=True)
    writer.write(result, search, HEADER.calibration)
    assert len(files(out)) == 2 + len(search.detections) >= 3
    assert files(tmp_path) == files(out)


@given(names)
def test_no_name_leads_out_of_a_folder(name):
    folder = Path("/deep/in/out")
    for path in (folder / safe_name(name), folder / crop_name(name, 1)):
        assert Path(os.path.normpath(path)).is_relative_to(folder)
        assert path != folder


@given(st.lists(st.text("aé\udcff", min_size=1, max_size=300), min_size=2, max_size=2, unique=True))
def test_names_fit_and_stay_apart(pair):
    first, second = (name_that_fits(name, ".txt") for name in pair)
    assert first != second
    assert len(os.fsencode(first)) <= LONGEST_NAME
    assert first.endswith(".txt")


@given(st.text())
def test_a_terminal_gets_no_controls(text):
    shown = printable(text)
    assert all(
        letter in "\t\n" or not (ord(letter) < 32 or 127 <= ord(letter) < 160) for letter in shown
    )
    assert printable(shown) == shown


def test_the_name_of_a_photo_commands_no_terminal(run_cli, tmp_path):
    (tmp_path / "\x1b[2J\x07.png").write_bytes(b"")
    command = ["detect", tmp_path, "--json", "-m", "person-small", "--backend", "torch"]
    code, _, err = run_cli(*command)
    assert code == 3
    assert r"\x1b[2J\x07.png" in err
    assert "\x1b[2J" not in err
