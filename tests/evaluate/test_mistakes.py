import numpy as np

from fcn_detect.evaluate import evaluate, worst_false_alarms, worst_misses
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult

SMALL, LARGE, FOUND = [0, 0, 10, 10], [50, 0, 90, 80], [120, 0, 160, 60]
LOW, HIGH, CROWD = [200, 0, 230, 30], [240, 0, 260, 40], [300, 0, 380, 90]


def _evaluation(images: int = 2):  # type: ignore[no-untyped-def]
    """Everything is in the first image: an object found, two missed, a crowd, two false alarms."""
    true = np.array([SMALL, LARGE, FOUND, CROWD], np.float32)
    boxes = np.array([LOW, HIGH, FOUND, CROWD], np.float32)
    found = Detections(boxes, np.array([0.3, 0.8, 0.9, 0.95]), ["car", "person", "car", "car"])
    ignore = np.array([False, False, False, True])
    labels = ["person", "car", "car", "car"]
    truth = [ImageAnnotations("data/0.jpg", 400, 100, true, labels, ignore)]
    results = [ImageResult("run/0.jpg", 400, 100, found)]
    for i in range(1, images):
        empty = np.zeros((0, 4), np.float32)
        truth.append(ImageAnnotations(f"data/{i}.jpg", 9, 9, empty, [], np.zeros(0, np.bool_)))
        results.append(ImageResult(f"run/{i}.jpg", 9, 9, Detections.empty()))
    return evaluate(results, Annotations(truth, ["person", "car"]))


def test_the_largest_misses_come_first_and_ignored_objects_never() -> None:
    misses = worst_misses(_evaluation(), 10)
    assert [miss.box.tolist() for miss in misses] == [LARGE, SMALL]
    assert [miss.label for miss in misses] == ["car", "person"]
    assert [miss.score for miss in misses] == [None, None]
    assert misses[0].names == ("data/0.jpg", "run/0.jpg")
    assert misses[0].others.tolist() == [FOUND, LOW]


def test_the_best_scored_false_alarms_come_first_and_right_ones_never() -> None:
    alarms = worst_false_alarms(_evaluation(), 10)
    assert [alarm.box.tolist() for alarm in alarms] == [HIGH, LOW]
    assert [alarm.label for alarm in alarms] == ["person", "car"]
    assert [round(alarm.score or 0, 6) for alarm in alarms] == [0.8, 0.3]
    assert alarms[1].others.tolist() == [LARGE, FOUND, CROWD]


def test_no_more_are_given_than_asked_for() -> None:
    assert [m.box.tolist() for m in worst_misses(_evaluation(), 1)] == [LARGE]
    assert [m.box.tolist() for m in worst_false_alarms(_evaluation(), 1)] == [HIGH]
    assert worst_misses(_evaluation(), 0) == []
