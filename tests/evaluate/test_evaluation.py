import json
import math
import random

import numpy as np
import pytest

from fcn_detect.errors import DataError
from fcn_detect.evaluate import evaluate, other_sizes
from fcn_detect.results import Annotations, Detections, Failure, ImageAnnotations, ImageResult

CLASSES = ["person", "car"]


def _truth(name: str, boxes: object, labels: list[str], ignore: object) -> ImageAnnotations:
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    return ImageAnnotations(name, 640, 480, corners, labels, np.array(ignore, np.bool_))


def _scene(seed: int, count: int = 12) -> Annotations:
    rng = np.random.default_rng(seed)
    images = []
    for i in range(count):
        n = int(rng.integers(0, 5))
        corners = rng.integers(0, 300, (n, 2))
        boxes = np.concatenate([corners, corners + rng.integers(20, 90, (n, 2))], axis=1)
        labels = [CLASSES[k] for k in rng.integers(0, 2, n)]
        images.append(_truth(f"images/{i:03}.jpg", boxes, labels, rng.random(n) < 0.2))
    return Annotations(images, CLASSES)


def _perfect(annotations: Annotations) -> list[ImageResult]:
    return [
        ImageResult(a.image, 640, 480, Detections(a.boxes, np.full(len(a.labels), 0.9), a.labels))
        for a in annotations.images
    ]


def _noisy(annotations: Annotations, seed: int) -> list[ImageResult]:
    """Shaken boxes and false ones, with few distinct scores, so that there are ties."""
    rng = np.random.default_rng(seed)
    results = []
    for a in annotations.images:
        shaken = a.boxes + rng.integers(-9, 9, a.boxes.shape).astype(np.float32)
        false = rng.integers(0, 200, (4, 2))
        boxes = np.concatenate([shaken, np.concatenate([false, false + 50], axis=1)])
        labels = [*a.labels, *(CLASSES[k] for k in rng.integers(0, 2, 4))]
        scores = (rng.integers(1, 6, len(labels)) / 6).astype(np.float32)
        results.append(ImageResult(a.image[7:], 640, 480, Detections(boxes, scores, labels)))
    return results


def _shuffled_within(result: ImageResult, rng: random.Random) -> ImageResult:
    assert result.detections is not None
    d, order = result.detections, rng.sample(range(len(result.detections)), len(result.detections))
    mixed = Detections(d.boxes[order], d.scores[order], [d.labels[i] for i in order])
    return ImageResult(result.image, result.width, result.height, mixed)


def _shuffled_truth(a: ImageAnnotations, rng: random.Random) -> ImageAnnotations:
    order = rng.sample(range(len(a.labels)), len(a.labels))
    return _truth(a.image, a.boxes[order], [a.labels[i] for i in order], a.ignore[order])


def test_perfect_detections_have_ap_one_and_almost_no_misses() -> None:
    annotations = _scene(0)
    evaluation = evaluate(_perfect(annotations), annotations)
    for figures in (evaluation.overall, *(one.figures for one in evaluation.classes.values())):
        assert figures.ap == figures.ap50 == figures.ap75 == pytest.approx(1)
        assert figures.log_average_miss_rate == pytest.approx(1e-10)
        assert figures.recall_at_0_1_fppi == figures.recall_at_1_fppi == figures.max_recall == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_images_boxes_and_detections_changes_nothing(seed: int) -> None:
    annotations = _scene(seed)
    results, rng = _noisy(annotations, seed), random.Random(seed)
    mixed = Annotations([_shuffled_truth(a, rng) for a in annotations.images], CLASSES[::-1])
    rng.shuffle(mixed.images)
    shuffled = [_shuffled_within(result, rng) for result in results]
    rng.shuffle(shuffled)
    assert evaluate(shuffled, mixed).to_dict() == evaluate(results, annotations).to_dict()


def test_counts_and_curve_of_a_small_case() -> None:
    truth = [
        _truth("x/a.jpg", [[0, 0, 10, 10], [50, 0, 60, 10]], ["person"] * 2, [False, True]),
        _truth("x/b.jpg", [[0, 0, 10, 10]], ["person"], [False]),
        _truth("x/c.jpg", [], [], []),
    ]
    boxes = [[0, 0, 10, 10], [50, 0, 60, 10], [30, 30, 40, 40]]
    found = Detections(np.array(boxes), np.array([0.5, 0.9, 0.7]), ["person"] * 3)
    results = [
        ImageResult("a.jpg", 640, 480, found),
        ImageResult("b.jpg", None, None, None, Failure("truncated", "")),
        ImageResult("c.jpg", 640, 480, Detections.empty()),
    ]
    evaluation = evaluate(results, Annotations(truth, ["person"]))
    assert (evaluation.images, evaluation.failed_images) == (3, 1)
    figures = evaluation.classes["person"].figures
    assert figures.to_dict() == evaluation.overall.to_dict()
    assert (figures.boxes, figures.ignored_boxes, figures.detections) == (2, 1, 3)
    assert evaluation.to_dict()["classes"]["person"]["curve"] == {
        "fppi": [pytest.approx(1 / 3)],
        "miss_rate": [0.5],
    }
    assert (figures.recall_at_0_1_fppi, figures.recall_at_1_fppi, figures.max_recall) == (
        0,
        0.5,
        0.5,
    )
    # 1/3 false positive per image is reached at 0.562 and 1 of the nine references
    assert figures.log_average_miss_rate == pytest.approx(0.5 ** (2 / 9))


def test_overall_is_the_mean_of_the_classes_that_have_objects() -> None:
    truth = [_truth("a.jpg", [[0, 0, 9, 9], [20, 20, 29, 29]], ["person", "car"], [False] * 2)]
    found = Detections(np.array([[0, 0, 9, 9]]), np.array([0.5]), ["person"])
    evaluation = evaluate(
        [ImageResult("a.jpg", 9, 9, found)], Annotations(truth, ["person", "car", "dog"])
    )
    assert evaluation.overall.ap == pytest.approx(0.5)
    assert evaluation.overall.log_average_miss_rate == pytest.approx((1 + 1e-10) / 2)
    assert evaluation.classes["car"].figures.log_average_miss_rate == 1.0
    assert math.isnan(evaluation.classes["dog"].figures.ap)


def test_json_has_no_nan_where_there_is_nothing_to_find() -> None:
    found = Detections(np.array([[0, 0, 9, 9]]), np.array([0.5]), ["person"])
    truth = Annotations([_truth("a.jpg", [], [], [])], ["person"])
    report = evaluate([ImageResult("a.jpg", 9, 9, found)], truth).to_dict()
    assert report["overall"]["ap"] is report["overall"]["log_average_miss_rate"] is None
    json.dumps(report, allow_nan=False)


def test_labels_that_are_not_annotated_are_an_error_with_both_lists() -> None:
    found = Detections(np.array([[0, 0, 9, 9]]), np.array([0.5]), ["pedestrian"])
    with pytest.raises(DataError, match=r"\['pedestrian'\].*\['car', 'person'\]"):
        evaluate(
            [ImageResult("a.jpg", 9, 9, found)],
            Annotations([_truth("a.jpg", [], [], [])], CLASSES),
        )


@pytest.mark.parametrize("annotations", [Annotations([], ["a"]), Annotations([], [])])
def test_annotations_without_images_are_refused(annotations: Annotations) -> None:
    with pytest.raises(DataError, match="no images or no classes"):
        evaluate([], annotations)


def test_names_that_do_not_pair_are_refused() -> None:
    with pytest.raises(DataError, match="without result"):
        evaluate([], _scene(0))


def test_images_of_another_size_than_their_annotations_are_told() -> None:
    truth = Annotations([_truth(name, [], [], []) for name in ("a.jpg", "b.jpg")], CLASSES)
    results = [
        ImageResult("a.jpg", 320, 240, Detections.empty()),
        ImageResult("b.jpg", 640, 480, Detections.empty()),
    ]
    (line,) = other_sizes(results, truth)
    assert line == "a.jpg has 320x240 px in the results, 640x480 in the annotations"


def test_a_class_that_a_format_without_a_list_has_no_box_of_is_none_of_a_mistake() -> None:
    box = [[10, 10, 50, 90]]
    truth = Annotations([_truth("a.jpg", box, ["person"], [False])], ["person"], False)
    boxes = np.array([*box, [200, 200, 260, 260]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8], np.float32), ["person", "car"])
    evaluation = evaluate([ImageResult("a.jpg", 640, 480, found)], truth)
    assert list(evaluation.classes) == ["car", "person"]
    assert evaluation.overall.ap50 == 1
    other = Detections(boxes[:1], np.array([0.9], np.float32), ["pedestrian"])
    with pytest.raises(DataError, match="rename one side"):
        evaluate([ImageResult("a.jpg", 640, 480, other)], truth)
