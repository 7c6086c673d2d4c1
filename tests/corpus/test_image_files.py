"""Every kind of image file becomes what the table of the corpus says, whoever reads it."""

import json
import os
import sys

import numpy as np
import pytest
from corpus.image_files import CLOSE, KINDS, PICTURE, READ, SAME, Kind, make_corpus

from fcn_detect.backends import find_model
from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import BatchJob, run_batch
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.errors import ImageError
from fcn_detect.images import read_image
from fcn_detect.results import FAILURE_KINDS, ModelHeader

GOOD = {SAME, CLOSE, READ}
HEADER = ModelHeader(
    net="fake",
    crop_hw=(32, 16),
    labels=("light",),
    object_box=(2.0, 4.0, 14.0, 28.0),
    stride_hw=(4, 4),
    exact=True,
)
SETTINGS = DetectSettings(keep=0.3, reduced_reading=False)

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: ascii(kind.name)[:40])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    make_corpus(folder)
    return folder


def detector(stream_pixels):
    settings = SETTINGS.model_copy(update={"stream_pixels": stream_pixels})
    return Detector(FakeBackend(HEADER), settings)


def test_the_corpus_is_large_and_knows_every_kind_of_failure_that_a_file_can_have():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) >= 60
    of_processes = {"timeout", "out_of_memory", "crashed"}
    assert {kind.outcome for kind in KINDS} == (set(FAILURE_KINDS) - of_processes) | GOOD


@each_kind
def test_a_file_is_read_right_or_fails_with_its_kind(kind: Kind, corpus):
    if kind.outcome not in GOOD | {"too_small"}:
        with pytest.raises(ImageError) as caught:
            read_image(corpus / kind.name)
        assert caught.value.kind == kind.outcome
        assert "\n" not in str(caught.value)
        return
    loaded = read_image(corpus / kind.name)
    assert any(kind.warns in warning for warning in loaded.warnings) == bool(kind.warns)
    if kind.outcome in (SAME, CLOSE):
        difference = np.abs(loaded.pixels.astype(int) - np.asarray(PICTURE))
        assert difference.mean() <= (0 if kind.outcome == SAME else 8)


@pytest.fixture(scope="module", params=["libvips", "Pillow"])
def in_parts(request):
    """A detector that reads every image in parts, by libvips or without it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "Pillow":
            patch.setitem(sys.modules, "pyvips", None)
        else:
            pytest.importorskip("pyvips")
        yield detector(stream_pixels=1)


@each_kind
def test_reading_in_parts_gives_the_record_of_reading_whole(kind: Kind, corpus, in_parts):
    expected, _ = detector(10**8).result(corpus / kind.name, kind.name)
    found, _ = in_parts.result(corpus / kind.name, kind.name)
    assert outcome(expected) == ("read" if kind.outcome in GOOD else kind.outcome)
    assert outcome(found) == outcome(expected)
    if kind.outcome in GOOD:
        assert (found.width, found.height) == (expected.width, expected.height)
        same_detections(found.detections, expected.detections)


def outcome(result):
    return "read" if result.failure is None else result.failure.kind


def same_detections(found, expected):
    assert np.array_equal(found.boxes, expected.boxes)
    assert np.array_equal(found.scores, expected.scores)


def test_a_batch_has_one_record_of_each_file_and_of_nothing_else(corpus, tmp_path):
    (tmp_path / "model").write_bytes(b"weights")
    check_batch(corpus, tmp_path / "run", tmp_path / "model", detector(10**8), "local")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_batch_on_ray_has_the_same_records(corpus, tmp_path):
    model = find_model("person-small")
    small = Detector.load(model, backend="openvino", threads=1)
    local = check_batch(corpus, tmp_path / "local", model, small, "local")
    assert check_batch(corpus, tmp_path / "ray", model, small, "ray") == local


def check_batch(corpus, run, model, detector, engine):
    """Runs the batch, compares its records with the table, and gives them."""
    job = BatchJob(corpus, run, model, workers=2, engine=engine)
    summary, _ = run_batch(job, detector)
    records = [json.loads(line) for line in (job.run / "results.jsonl").read_bytes().splitlines()]
    expected = {kind.name: kind.outcome for kind in KINDS}
    assert [record["image"] for record in records] == sorted(expected, key=os.fsencode)
    for record in records:
        failure, outcome = record["failure"], expected[record["image"]]
        assert (outcome in GOOD) if failure is None else failure["kind"] == outcome
    assert summary.failed == sum(outcome not in GOOD for outcome in expected.values())
    of_picture = [r["detections"] for r in records if expected[r["image"]] == SAME]
    assert all(detections == of_picture[0] for detections in of_picture)
    return records
