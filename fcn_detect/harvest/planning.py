"""What to cut from one image: objects, false alarms, and background that was looked at."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fcn_detect.formats import ImageCorrections, MarkedBox
from fcn_detect.geometry import box_intersections, box_iou
from fcn_detect.harvest.placing import CropPlace
from fcn_detect.results import ImageResult

Boxes = NDArray[np.float64]
Kind = Literal["confirmed", "missed", "wrong", "background"]

KINDS: tuple[Kind, ...] = ("confirmed", "missed", "wrong", "background")

# What shares more with an object, by intersection over union, is no background: windows are cut
# at random places inside crops, and some would show the object.
MOST_OVERLAP = 0.3

# Places tried for each window of background that is to touch no object.
TRIES = 20


@dataclass(frozen=True)
class HarvestRules:
    """How crops are chosen.

    Attributes:
        place: where objects lie in crops.
        backgrounds: windows of background cut from each image that was checked.
        min_height: smallest object looked for, in pixels of the image.
        max_enlargement: of an object, to come to its size in a crop.
        seed: of the places of background windows.
    """

    place: CropPlace
    backgrounds: int = 20
    min_height: float = 0.0
    max_enlargement: float = 4.0
    seed: int = 0


@dataclass(frozen=True)
class Cut:
    """One crop to be cut.

    Attributes:
        kind: what the box was marked as.
        label: of the class that it belongs to; None: the background.
        box: x0, y0, x1, y1 in pixels of the image.
        score: that the run gave it; None where the run had not found it.
    """

    kind: Kind
    label: str | None
    box: tuple[float, float, float, float]
    score: float | None = None


@dataclass
class Plan:
    """What to cut from one image.

    Attributes:
        image: as the run's records call it.
        image_hw: its height and width.
        cuts: in the order of their numbers.
        left_out: boxes that were marked and are not cut, by the reason.
    """

    image: str
    image_hw: tuple[int, int]
    cuts: list[Cut] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def plan_cuts(result: ImageResult, marked: ImageCorrections, rules: HarvestRules) -> Plan:
    """What to cut from an image that was searched.

    - Objects, confirmed and missed, each with its label.
    - Wrong boxes as background, unless they lie on an object.
    - Where the whole image was checked, `rules.backgrounds` further windows of background: the
      detections that are no objects, best score first, then places at random that touch no object.
    """
    assert result.height is not None
    assert result.width is not None
    plan = Plan(result.image, (result.height, result.width))
    smallest = rules.place.object_hw[0] / rules.max_enlargement
    known: list[tuple[Kind, Sequence[MarkedBox]]] = [
        ("confirmed", marked.confirmed),
        ("missed", marked.missed),
    ]
    for kind, boxes in known:
        for one in boxes:
            if one.box[3] - one.box[1] < smallest:
                plan.left_out[f"less than {smallest:g} px tall"] += 1
            elif _is_outside(one, plan.image_hw):
                plan.left_out["outside the image"] += 1
            else:
                plan.cuts.append(Cut(kind, one.label, one.box, one.score))
    objects = _corners(marked.objects)
    for one in marked.wrong:
        if _overlaps(one.box, objects):
            plan.left_out["wrong, but on an object"] += 1
        elif _is_outside(one, plan.image_hw):
            plan.left_out["outside the image"] += 1
        else:
            plan.cuts.append(Cut("wrong", None, one.box, one.score))
    if marked.checked:
        plan.cuts += _background(result, marked, objects, rules)
    return plan


def _background(
    result: ImageResult, marked: ImageCorrections, objects: Boxes, rules: HarvestRules
) -> list[Cut]:
    """Windows of an image's background, those first that the run took for objects."""
    wrong = _corners(marked.wrong)
    found = [
        Cut("background", None, box, score)
        for box, score in _found(result)
        if not _overlaps(box, objects) and not np.isclose(wrong, box, atol=0.02).all(axis=1).any()
    ][: rules.backgrounds]
    places = _random_places(result, objects, rules, rules.backgrounds - len(found))
    return found + [Cut("background", None, box) for box in places]


def _found(result: ImageResult) -> Iterator[tuple[tuple[float, float, float, float], float]]:
    """All that the run kept, best first."""
    assert result.detections is not None
    for box, score, _label in result.detections:
        x0, y0, x1, y1 = (float(value) for value in box)
        if x0 < x1 and y0 < y1:
            yield (x0, y0, x1, y1), score


def _random_places(
    result: ImageResult, objects: Boxes, rules: HarvestRules, count: int
) -> Iterator[tuple[float, float, float, float]]:
    """Object-shaped boxes inside the image that touch no object, small ones as often as large."""
    height, width = result.height or 1, result.width or 1
    object_h, object_w = rules.place.object_hw
    largest = min(height, width * object_h / object_w)
    smallest = min(max(rules.min_height, object_h / rules.max_enlargement), largest)
    digest = hashlib.sha256(result.image.encode(errors="surrogateescape")).digest()
    rng = np.random.default_rng([rules.seed, int.from_bytes(digest[:8])])
    for _ in range(count):
        for _ in range(TRIES):
            h = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
            w = h * object_w / object_h
            x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
            box = (float(x), float(y), float(x) + w, float(y) + h)
            if not box_intersections(np.array([box]), objects).any():
                yield box
                break


def _corners(boxes: Sequence[MarkedBox]) -> Boxes:
    return np.array([one.box for one in boxes], np.float64).reshape(-1, 4)


def _overlaps(box: Sequence[float], objects: Boxes) -> bool:
    return bool((box_iou(np.array([box]), objects) > MOST_OVERLAP).any())


def _is_outside(one: MarkedBox, image_hw: tuple[int, int]) -> bool:
    x0, y0, x1, y1 = one.box
    return x0 >= image_hw[1] or y0 >= image_hw[0] or x1 <= 0 or y1 <= 0
