from fcn_detect.formats import WRITERS, Shown, StoredResults, write_results
from fcn_detect.formats.stored import in_order
from fcn_detect.results import Detections, Failure, ImageResult

RESULTS = [
    ImageResult("b.jpg", None, None, None, Failure("empty", "no bytes")),
    ImageResult("a.jpg", 4, 3, Detections.empty()),
    ImageResult('"detections": null', 4, 3, Detections.empty()),
]


def stored(folder):
    write_results(RESULTS, folder / "results.jsonl")
    return StoredResults(folder / "results.jsonl", len(RESULTS))


def test_stored_results_are_the_results_in_order_again_and_again(tmp_path):
    results = stored(tmp_path)
    for _ in range(2):
        assert list(results) == sorted(RESULTS, key=lambda result: result.image)
    assert in_order(results) is results
    assert len(results) == 3
    assert RESULTS[0] in results


def test_failures_are_found_and_nothing_that_looks_like_one(tmp_path):
    assert [result.image for result in stored(tmp_path).failures()] == ["b.jpg"]


def test_formats_written_from_a_file_are_those_written_from_memory(tmp_path):
    shown = Shown(["light"], lambda _image_hw: 0.0)
    for write in WRITERS.values():
        one = write(stored(tmp_path), tmp_path / "1", shown)
        other = write(RESULTS, tmp_path / "2", shown)
        for path in (one, other):
            assert path.exists()
        if one.is_file():
            assert one.read_bytes() == other.read_bytes()
