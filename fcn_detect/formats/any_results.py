"""Results of any format that we read, told apart by their path."""

from pathlib import Path

from fcn_detect.formats.jsonl import read_jsonl_results
from fcn_detect.formats.megadetector_results import read_megadetector_results
from fcn_detect.results import ImageResult


def read_results(path: Path) -> list[ImageResult]:
    """The results of a run's folder, a `results.jsonl`, or MegaDetector's batch output (`.json`).

    Raises:
        DataError: there is no such file, or it is damaged; names the file and the place in it.
    """
    if path.suffix.lower() == ".json" and path.is_file():
        return read_megadetector_results(path)
    return read_jsonl_results(path)
