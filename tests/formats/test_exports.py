"""What other programs get: read back by our readers, or against the format's own words."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from fcn_detect.errors import DataError
from fcn_detect.formats import (
    ANNOTATION_READERS,
    WRITERS,
    Shown,
    read_cvat_annotations,
    read_results,
    read_voc_annotations,
    read_yolo_annotations,
)
from fcn_detect.results import Detections, Failure, ImageResult, VideoFrame
from fcn_detect.video import frame_name

SHOWN = Shown(["cat", "dog"], lambda _image_hw: 0.5)
BOXES = np.array([[10, 20, 30.5, 60], [0, 0, 80, 60], [5, 5, 9, 9]], np.float32)
SCORES = np.array([0.9, 0.6, 0.2], np.float32)
RESULTS = [
    ImageResult("cam/a.jpg", 80, 60, Detections(BOXES, SCORES, ["dog", "cat", "dog"])),
    ImageResult("cam/empty.png", 80, 60, Detections.empty()),
    ImageResult("cam/bad.jpg", None, None, None, Failure("truncated", "it ends early")),
]


def test_yolo_reads_back_what_is_shown(tmp_path):
    folder = WRITERS["yolo"](RESULTS, tmp_path, SHOWN)
    for result in RESULTS:
        (folder / "images" / result.image).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 60)).save(folder / "images" / result.image)
    found = {image.image.split("/")[-1]: image for image in read_yolo_annotations(folder).images}
    assert found["a.jpg"].labels == ["dog", "cat"]
    np.testing.assert_allclose(found["a.jpg"].boxes, BOXES[:2], atol=0.001)
    assert len(found["empty.png"].boxes) == len(found["bad.jpg"].boxes) == 0


def test_voc_reads_back_what_is_shown(tmp_path):
    annotations = read_voc_annotations(WRITERS["voc"](RESULTS, tmp_path, SHOWN))
    found = {image.image: image for image in annotations.images}
    assert found.keys() == {"cam/a.jpg", "cam/empty.png"}
    assert found["cam/a.jpg"].labels == ["dog", "cat"]
    np.testing.assert_allclose(found["cam/a.jpg"].boxes, BOXES[:2])
    assert (found["cam/a.jpg"].width, found["cam/a.jpg"].height) == (80, 60)


def test_cvat_reads_back_what_is_shown(tmp_path):
    annotations = read_cvat_annotations(WRITERS["cvat"](RESULTS, tmp_path, SHOWN))
    found = {image.image: image for image in annotations.images}
    assert found.keys() == {"cam/a.jpg", "cam/empty.png"}
    assert found["cam/a.jpg"].labels == ["dog", "cat"]
    np.testing.assert_array_equal(found["cam/a.jpg"].boxes, BOXES[:2])
    assert annotations.classes == ["cat", "dog"]


def test_megadetector_has_all_that_its_format_requires(tmp_path):
    content = json.loads(WRITERS["megadetector"](RESULTS, tmp_path, SHOWN).read_text())
    assert float(content["info"]["format_version"]) == 1.6
    assert content["detection_categories"] == {"1": "cat", "2": "dog"}
    images = {image["file"]: image for image in content["images"]}
    assert images["cam/bad.jpg"]["detections"] is None
    assert images["cam/bad.jpg"]["failure"].startswith("truncated")
    assert images["cam/empty.png"]["detections"] == []
    found = images["cam/a.jpg"]["detections"]
    assert [one["conf"] for one in found] == [0.9, 0.6, 0.2]
    assert found[0]["category"] == "2"
    assert found[0]["bbox"] == pytest.approx([0.125, 1 / 3, 0.25625, 2 / 3], abs=1e-6)
    assert all("failure" not in image for name, image in images.items() if "bad" not in name)


def test_labelstudio_gets_percent_of_what_is_shown(tmp_path):
    tasks = json.loads(WRITERS["labelstudio"](RESULTS, tmp_path, SHOWN).read_text())
    assert [task["data"]["image"][-9:] for task in tasks] == ["cam/a.jpg", "empty.png"]
    regions = tasks[0]["predictions"][0]["result"]
    assert [region["value"]["rectanglelabels"] for region in regions] == [["dog"], ["cat"]]
    value = regions[0]["value"]
    assert (value["x"], value["width"]) == (12.5, 25.625)
    assert tasks[1]["predictions"][0]["result"] == []


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_every_frame_of_a_clip_keeps_its_own_entry(name, tmp_path):
    """Formats exchange the ending of a path, and addresses end at a `#`."""
    found = Detections(BOXES[:1], SCORES[:1], ["cat"])
    frames = [
        ImageResult(f"cam/{clip}/{frame_name(i)}", 80, 60, found, video=VideoFrame(i, i / 25))
        for clip in ("a.mp4", "b.v2.mp4")
        for i in (0, 1, 12)
    ]
    written = WRITERS[name](frames, tmp_path, SHOWN)
    if written.is_dir():
        ends = {".txt", ".xml"}
        files = [path for path in written.rglob("frame-*") if path.suffix in ends]
        assert len({path.relative_to(written).with_suffix("").as_posix() for path in files}) == 6
    else:
        text = written.read_text()
        assert all(f"{frame.image.rpartition('/')[2]}" in text for frame in frames)
        assert len(set(re.findall(r"[ab][.v2]*\.mp4/frame-[0-9]{9}", text))) == 6


@pytest.mark.parametrize("name", ["cvat", "voc", "megadetector", "labelstudio"])
def test_names_that_are_no_text_and_markup_do_no_harm(name, tmp_path):
    for image in (b"\xff<&.jpg".decode(errors="surrogateescape"), "a\x01\n.jpg"):
        odd = ImageResult(image, 80, 60, Detections(BOXES[:1], SCORES[:1], ["cat"]))
        written = WRITERS[name]([odd], tmp_path / repr(image)[1:4], SHOWN)
        if name in ANNOTATION_READERS:
            assert len(ANNOTATION_READERS[name](written).images) == 1
        else:
            assert json.loads(written.read_text())


def test_megadetectors_output_is_read_as_it_was_written(tmp_path):
    found = read_results(WRITERS["megadetector"](RESULTS, tmp_path, SHOWN))
    assert found == sorted(RESULTS, key=lambda result: result.image)


def megadetector(tmp_path, **image):
    content = {"info": {"format_version": "1.6"}, "detection_categories": {"1": "animal"}}
    path = tmp_path / "md.json"
    path.write_text(json.dumps({**content, "images": [{"file": "a\\b.jpg", **image}]}))
    return path


def test_megadetectors_own_output_is_read_with_its_failures(tmp_path):
    found = [{"category": "1", "conf": 0.25, "bbox": [0.1, 0.2, 0.5, 0.5]}]
    found.append({**found[0], "conf": 0.75})
    (result,) = read_results(megadetector(tmp_path, detections=found, width=200, height=100))
    assert (result.image, result.detections.labels) == ("a/b.jpg", ["animal"] * 2)
    assert result.detections.scores.tolist() == [0.75, 0.25]
    np.testing.assert_allclose(result.detections.boxes[0], [20, 20, 120, 70])
    (result,) = read_results(megadetector(tmp_path, failure="image access failure"))
    assert (result.failure.kind, result.failure.message) == ("unreadable", "image access failure")


@pytest.mark.parametrize(
    "image, said",
    [
        ({"detections": []}, "--include_image_size"),
        ({"detections": [{"category": "1", "conf": 2, "bbox": [0, 0, 1, 1]}]}, "conf"),
        ({"detections": [{"category": "1", "conf": 1, "bbox": [0, 0, 1]}]}, "bbox"),
        (
            {"detections": [{"category": "9", "conf": 1, "bbox": [0, 0, 1, 1]}]}
            | {"width": 9, "height": 9},
            "detection_categories",
        ),
    ],
)
def test_what_is_wrong_in_megadetectors_output_is_said(tmp_path, image, said):
    with pytest.raises(DataError, match=said):
        read_results(megadetector(tmp_path, **image))
    (tmp_path / "other.json").write_text('{"a": 1}')
    with pytest.raises(DataError, match="MegaDetector's batch output"):
        read_results(tmp_path / "other.json")
