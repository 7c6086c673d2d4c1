import pytest

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import share_cores, sharing


@pytest.mark.parametrize(
    "cores, shared",
    [(1, (1, 1)), (2, (1, 2)), (4, (1, 4)), (7, (2, 3)), (8, (2, 4)), (64, (16, 4))],
)
def test_passes_share_the_cores_and_are_few(header, monkeypatch, cores, shared):
    monkeypatch.setattr(sharing, "available_cores", lambda: cores)
    backend = FakeBackend(header)
    backend.name = "openvino"
    assert share_cores(backend) == shared


@pytest.mark.parametrize(
    "name, place", [("torch", "cpu"), ("onnxruntime", "cuda"), ("fake", "cpu")]
)
def test_one_pass_at_a_time_where_more_would_not_be_at_once(header, name, place):
    backend = FakeBackend(header)
    backend.name, backend.place, backend.threads = name, place, 3
    assert share_cores(backend) == (3, 1)
