"""Memory that runs out in the network: smaller passes, the same scores, else a failure's record."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.backends.base import telling_memory
from fcn_detect.backends.fake import FakeBackend
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, streaming
from fcn_detect.results import ModelHeader

Pixels = NDArray[np.uint8]

HEADER = ModelHeader(
    net="fake",
    crop_hw=(24, 16),
    labels=("spot",),
    object_box=(4, 4, 12, 20),
    stride_hw=(4, 4),
    exact=True,
)


class Narrow(FakeBackend):
    """A backend whose memory takes only so many pixels a pass."""

    def __init__(self, header: ModelHeader, most: int) -> None:
        super().__init__(header)
        self.most, self.refused = most, 0

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        if images.shape[1] * images.shape[2] > self.most:
            self.refused += 1
            raise MemoryError
        return super().maps(images)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(1).integers(0, 256, (90, 58, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize("tiles", [False, True])
@pytest.mark.parametrize("most", [3700, 5000])
def test_smaller_passes_find_the_same(
    photo: Path, most: int, tiles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "TILE_PIXELS", 74 * 60)
    settings = DetectSettings(keep=0.3, **({"stream_pixels": 3000} if tiles else {}))
    calm, _ = Detector(FakeBackend(HEADER), settings).result(photo)
    narrow = Narrow(HEADER, most)
    found, _ = Detector(narrow, settings).result(photo)
    assert narrow.refused or (tiles and most > streaming.TILE_PIXELS)
    assert calm.detections is not None
    assert found.detections is not None
    np.testing.assert_array_equal(found.detections.boxes, calm.detections.boxes)
    np.testing.assert_array_equal(found.detections.scores, calm.detections.scores)
    assert len(calm.detections)


@pytest.mark.parametrize("tiles", [False, True])
@pytest.mark.parametrize("exact", [True, False])
def test_what_fits_into_no_pass_is_a_failure_of_its_kind(
    photo: Path, exact: bool, tiles: bool
) -> None:
    header = HEADER.model_copy(update={"exact": exact})
    settings = DetectSettings(**({"stream_pixels": 3000} if tiles and exact else {}))
    found, _ = Detector(Narrow(header, 100), settings).result(photo)
    assert found.failure is not None
    assert found.failure.kind == "out_of_memory"
    assert "memory ran out" in found.failure.message
    assert (found.width, found.height) == (58, 90)


@pytest.mark.parametrize(
    "message, memory",
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB", True),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 48 bytes", True),
        ("CUDA error: out of memory", True),
        ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", True),
        ("Status Message: std::bad_alloc", True),
        ("mat1 and mat2 shapes cannot be multiplied", False),
        ("Expected all tensors to be on the same device", False),
    ],
)
def test_runtimes_own_errors_of_memory_are_told_from_others(message: str, memory: bool) -> None:
    with pytest.raises(MemoryError if memory else RuntimeError), telling_memory(RuntimeError):
        raise RuntimeError(message)


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from fcn_detect.backends import open_backend

backend = open_backend(sys.argv[1], sys.argv[2], threads=1)
rng = np.random.default_rng(0)
sides = 500, 2000, 500
first, large, other = (rng.integers(0, 256, (1, side, side, 3), np.uint8) for side in sides)
backend.maps(first)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 20_000_000, resource.RLIM_INFINITY))
outcomes = []
for image in (large, other, first):
    try:
        outcomes.append(backend.maps(image))
    except MemoryError:
        outcomes.append(None)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
fresh = open_backend(sys.argv[1], sys.argv[2], threads=1)
assert outcomes[0] is None
for image, found in zip((other, first), outcomes[1:]):
    assert found is None or np.array_equal(found, fresh.maps(image))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")
@pytest.mark.parametrize("backend", ["torch", "onnxruntime", "openvino"])
def test_a_runtime_without_memory_gives_no_scores_rather_than_those_of_another_image(
    dress_model: Path, backend: str
) -> None:
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(dress_model), backend],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
