"""Results and true boxes side by side, in an order that does not depend on the input's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import DataError
from fcn_detect.evaluate.matching import Boxes
from fcn_detect.evaluate.naming import pair_by_path_ending
from fcn_detect.geometry import order_by_score
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult


@dataclass(frozen=True, eq=False)
class ImagePair:
    """One image's detections, best first, and its true boxes, sorted by x0, y0, x1, y1.

    Attributes:
        found: what the result holds; nothing where the image failed.
        truth: what is annotated.
        image: path as the result writes it.
        size_wh: pixels, of the result, or of the annotation where the result has none; infinite
            where neither knows it.
    """

    found: Detections
    truth: ImageAnnotations
    image: str = ""
    size_wh: tuple[float, float] = (np.inf, np.inf)

    def found_of(self, label: str) -> Detections:
        """The detections of one class."""
        keep = [i for i, name in enumerate(self.found.labels) if name == label]
        return Detections(self.found.boxes[keep], self.found.scores[keep], [label] * len(keep))

    def truth_of(self, label: str) -> tuple[Boxes, NDArray[np.bool_]]:
        """The true boxes `(m, 4)` of one class and their ignore flags `(m,)`."""
        keep = [i for i, name in enumerate(self.truth.labels) if name == label]
        return self.truth.boxes[keep], self.truth.ignore[keep]


def with_all_classes(annotations: Annotations, results: Sequence[ImageResult]) -> Annotations:
    """The annotations, with the results' labels for classes where their format lists none.

    Where not one label is in both, nothing is added: one side has other names.
    """
    found = {label for result in results for label in result.found.labels}
    known = set(annotations.classes)
    if annotations.lists_classes or (known and not found & known):
        return annotations
    return replace(annotations, classes=sorted(known | found))


def pair_results(results: Sequence[ImageResult], annotations: Annotations) -> list[ImagePair]:
    """Pairs every result with its annotated image, sorted by the annotated image's name.

    An image that failed counts as one without detections.

    Raises:
        DataError: nothing is annotated, names do not pair, or a result has a label that the
            annotations do not know.
    """
    if not annotations.images or not annotations.classes:
        raise DataError("the annotations hold no images or no classes; expected at least one each")
    _check_labels(results, annotations.classes)
    images = annotations.images
    partners = pair_by_path_ending([r.image for r in results], [a.image for a in images])
    pairs = zip(results, (images[j] for j in partners), strict=True)
    return [_sorted(r, truth) for r, truth in sorted(pairs, key=lambda pair: pair[1].image)]


def other_sizes(results: Sequence[ImageResult], annotations: Annotations) -> list[str]:
    """One line on each image that was searched at another size than its true boxes are of."""
    partners = pair_by_path_ending(
        [r.image for r in results], [a.image for a in annotations.images]
    )
    pairs = zip(results, (annotations.images[j] for j in partners), strict=True)
    return [
        f"{r.image} has {r.width}x{r.height} px in the results, {a.width}x{a.height} in the "
        "annotations"
        for r, a in pairs
        if r.width and r.height and (r.width, r.height) != (a.width, a.height)
    ]


def _check_labels(results: Iterable[ImageResult], classes: Sequence[str]) -> None:
    found = {label for r in results if r.detections for label in r.detections.labels}
    if not found <= set(classes):
        raise DataError(
            f"the results have the labels {sorted(found)}, the annotations {sorted(classes)}; "
            "every label of the results must be annotated: rename one side"
        )


def _sorted(result: ImageResult, truth: ImageAnnotations) -> ImagePair:
    found = result.found
    best = order_by_score(found.boxes, found.scores)
    order = order_by_score(truth.boxes, np.zeros(len(truth.labels)))
    return ImagePair(
        Detections(found.boxes[best], found.scores[best], [found.labels[i] for i in best]),
        ImageAnnotations(
            truth.image,
            truth.width,
            truth.height,
            truth.boxes[order],
            [truth.labels[i] for i in order],
            truth.ignore[order],
        ),
        result.image,
        (result.width or truth.width or np.inf, result.height or truth.height or np.inf),
    )
