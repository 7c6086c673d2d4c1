import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.errors import DataError
from fcn_detect.formats import format_result, parse_result, read_results, write_results
from fcn_detect.results import FAILURE_KINDS, Detections, Failure, ImageResult, VideoFrame

PERSON = ImageResult(
    "cam1/0001.jpg",
    768,
    576,
    Detections(
        np.array([[312, 88.5, 352, 184.5]], np.float32),
        np.array([0.981642], np.float32),
        ["person"],
    ),
)
PERSON_LINE = (
    '{"image": "cam1/0001.jpg", "width": 768, "height": 576, "detections": [{"label": "person", '
    '"score": 0.981642, "box": [312.0, 88.5, 352.0, 184.5]}], "failure": null, "warnings": []}'
)
BROKEN = ImageResult("cam1/0002.jpg", None, None, None, Failure("truncated", "…"))
BROKEN_LINE = (
    '{"image": "cam1/0002.jpg", "width": null, "height": null, "detections": null, '
    '"failure": {"kind": "truncated", "message": "…"}, "warnings": []}'
)

FRAME = replace(PERSON, image="clip.mp4/frame-000000012", video=VideoFrame(12, 0.48))
FRAME_LINE = PERSON_LINE.replace("cam1/0001.jpg", FRAME.image)[:-1] + (
    ', "video": {"frame": 12, "time_s": 0.48}}'
)

names = st.one_of(
    st.text(min_size=1).filter(str.isprintable),
    st.binary(min_size=1)
    .filter(lambda name: b"\0" not in name)
    .map(lambda name: name.decode(errors="surrogateescape")),
)
sizes = st.one_of(st.none(), st.integers(1, 10**6))
times = st.integers(-(10**9), 10**15).map(lambda us: us / 10**6)
videos = st.none() | st.builds(
    VideoFrame, st.integers(0, 2**62), times, st.one_of(st.none(), times)
)


@st.composite
def detections(draw: st.DrawFn) -> Detections:
    count = draw(st.integers(0, 4))
    lengths = st.floats(0, 4096, width=32)
    corners = [[draw(lengths) for _ in range(4)] for _ in range(count)]
    boxes = np.array(corners, np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    scores = [draw(st.floats(0, 1, width=32)) for _ in range(count)]
    return Detections(boxes, np.array(scores, np.float32), [draw(names) for _ in range(count)])


@st.composite
def results(draw: st.DrawFn) -> ImageResult:
    image, width, height = draw(names), draw(sizes), draw(sizes)
    warnings = tuple(draw(st.lists(st.text(), max_size=2)))
    video = draw(videos)
    if draw(st.booleans()):
        found = draw(detections())
        return ImageResult(image, width, height, found, warnings=warnings, video=video)
    failure = Failure(draw(st.sampled_from(sorted(FAILURE_KINDS))), draw(st.text()))
    return ImageResult(image, width, height, None, failure, warnings, video)


@pytest.mark.parametrize(
    "result, line", [(PERSON, PERSON_LINE), (BROKEN, BROKEN_LINE), (FRAME, FRAME_LINE)]
)
def test_a_line_is_written_as_documented_and_read_back(result: ImageResult, line: str) -> None:
    assert format_result(result) == line
    assert parse_result(line) == result


@settings(deadline=None)
@given(results())
def test_reading_a_written_line_and_writing_it_again_is_the_identity(result: ImageResult) -> None:
    line = format_result(result)
    assert "\n" not in line
    assert format_result(parse_result(line.encode().decode())) == line
    assert parse_result(line).image == result.image


@settings(deadline=None, max_examples=40)
@given(st.lists(results(), max_size=5, unique_by=lambda result: result.image))
def test_a_file_read_and_written_again_has_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, many: list[ImageResult]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    write_results(many, folder / "results.jsonl")
    write_results(reversed(many), folder / "again.jsonl")
    read = read_results(folder)
    write_results(read, folder / "third.jsonl")
    contents = {path.read_bytes() for path in folder.iterdir()}
    assert len(contents) == 1
    assert read_results(folder / "third.jsonl") == read


def test_lines_are_sorted_by_the_bytes_of_the_name(tmp_path: Path) -> None:
    images = ["b", "a/\U0001f600", "a/\uffee", "a/é", "a/z", "a-", "A"]
    empty = [ImageResult(name, 1, 1, Detections.empty()) for name in images]
    write_results(empty, tmp_path / "results.jsonl")
    read = [result.image for result in read_results(tmp_path)]
    assert read == sorted(images, key=lambda name: name.encode())


def test_line_separators_of_unicode_do_not_split_a_record(tmp_path: Path) -> None:
    odd = ImageResult("a\u2028b\x85c\x0cd.jpg", 1, 1, Detections.empty())
    write_results([odd], tmp_path / "results.jsonl")
    assert read_results(tmp_path) == [odd]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"image": 3}, "image"),
        ({"width": "768"}, "width"),
        ({"width": 0}, "width"),
        ({"detections": None}, "detections or a failure"),
        ({"failure": {"kind": "crashed", "message": ""}}, "detections or a failure"),
        ({"failure": {"kind": "tired", "message": ""}, "detections": None}, "tired"),
        ({"failure": {"kind": "crashed"}, "detections": None}, "failure.message"),
        ({"detections": [{"label": "a", "score": 1.5, "box": [0, 0, 1, 1]}]}, "scores"),
        ({"detections": [{"label": "a", "score": 0.5, "box": [0, 0, 1]}]}, "detections.0.box"),
        ({"detections": [{"label": "a", "score": 0.5, "box": [0, 0, -1, 1]}]}, "boxes"),
        ({"detections": [{"label": "a", "score": 0.5, "box": [0, 0, 1e300, 1]}]}, "box"),
        ({"detections": [{"label": "a", "score": float("nan"), "box": [0, 0, 1, 1]}]}, "score"),
        ({"colour": "red"}, "colour"),
        ({"warnings": "none"}, "warnings"),
        ({"video": {"frame": -1, "time_s": 0.0}}, "video.frame"),
        ({"video": {"frame": 1}}, "video.time_s"),
        ({"video": {"frame": 1, "time_s": float("inf")}}, "video.time_s"),
        ({"video": {"frame": 1, "time_s": 0.0, "clip": "a"}}, "video.clip"),
    ],
)
def test_a_record_out_of_bounds_is_refused_by_name(change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_result(json.dumps({**json.loads(PERSON_LINE), **change}))


@pytest.mark.parametrize("bad", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(PERSON_LINE.encode() + b"\n" + bad + b"\n")
    with pytest.raises(DataError, match=r"results\.jsonl, line 2: ") as caught:
        read_results(tmp_path)
    assert "\n" not in str(caught.value).strip()


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"results\.jsonl: no such file"):
        read_results(tmp_path)
