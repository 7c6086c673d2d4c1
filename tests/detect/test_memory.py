"""The memory of a search in tiles, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

SEARCH = """
import sys
from pathlib import Path
import cv2, pyvips
from fcn_detect.backends.fake import FakeBackend
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.results import ModelHeader

def peak_mib():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024

header = ModelHeader(net="fake", crop_hw=(112, 56), labels=("spot",),
                     object_box=(8, 8, 48, 104), stride_hw=(8, 8), exact=True)
detector = Detector(FakeBackend(header), DetectSettings(step=2))
before = peak_mib()
result, search = detector.result(Path(sys.argv[1]), heat=True)
assert result.failure is None, result.failure
print(result.width, result.height, peak_mib() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's figures")
def test_memory_grows_far_less_than_the_image(tmp_path: Path) -> None:
    pyvips = pytest.importorskip("pyvips")
    peaks = {}
    for side in (7_500, 15_000):
        noise = pyvips.Image.gaussnoise(side, side, mean=90, sigma=20).cast("uchar")
        path = tmp_path / f"{side}.jpg"
        noise.bandjoin([noise, noise]).copy(interpretation="srgb").write_to_file(str(path))
        run = subprocess.run(
            [sys.executable, "-c", SEARCH, str(path)], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        width, height, peak = map(int, run.stdout.split())
        assert (width, height) == (side, side)
        peaks[side] = peak
        path.unlink()
    assert peaks[15_000] < 400  # MiB; its pixels alone are 644
    assert peaks[15_000] < 2 * peaks[7_500]  # of four times the pixels
