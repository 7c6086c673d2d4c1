import sys
from pathlib import Path

import numpy as np
import pytest

from fcn_detect.evaluate import Evaluation, evaluate, plot_evaluations
from fcn_detect.evaluate.plots import _curves
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult

PNG = b"\x89PNG\r\n\x1a\n"


def _evaluation(found: Detections, label: str) -> Evaluation:
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    truth = ImageAnnotations("a.jpg", 64, 48, boxes, [label] * 2, np.zeros(2, np.bool_))
    return evaluate([ImageResult("a.jpg", 64, 48, found)], Annotations([truth], [label, "none"]))


@pytest.mark.parametrize("label", ["person", "_a", "$x$"])
def test_two_pictures_are_written_without_a_window(tmp_path: Path, label: str) -> None:
    loaded = "matplotlib.pyplot" in sys.modules
    boxes = np.array([[0, 0, 10, 10], [40, 0, 50, 10]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8]), [label] * 2)
    for detections in (found, Detections.empty()):
        paths = plot_evaluations({"run": _evaluation(detections, label)}, tmp_path / "plots")
        assert [path.name for path in paths] == ["miss_rate.png", "precision_recall.png"]
        assert sorted((tmp_path / "plots").iterdir()) == paths
        assert all(path.read_bytes().startswith(PNG) for path in paths)
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_classes_without_objects_leave_the_axes_empty(tmp_path: Path) -> None:
    truth = ImageAnnotations(
        "a.jpg", 64, 48, np.zeros((0, 4), np.float32), [], np.zeros(0, np.bool_)
    )
    result = ImageResult("a.jpg", 64, 48, Detections.empty())
    evaluation = evaluate([result], Annotations([truth], ["person"]))
    paths = plot_evaluations({"run": evaluation}, tmp_path)
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize(
    "labels, names",
    [
        ({"ours": "person"}, ["person"]),
        ({"ours": "person", "peer": "person"}, ["ours", "peer"]),
        ({"ours": "person", "peer": "car"}, ["ours: person", "peer: car"]),
    ],
)
def test_lines_are_named_by_class_by_results_or_by_both(
    labels: dict[str, str], names: list[str]
) -> None:
    evaluations = {run: _evaluation(Detections.empty(), label) for run, label in labels.items()}
    assert [name for name, _ in _curves(evaluations)] == names
