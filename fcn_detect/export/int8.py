"""The cheapest 8-bit form of a net that does not cost too much in detections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_detect.detect import Detector
from fcn_detect.export.cost import Cost, CostMeter
from fcn_detect.export.frames import Frame, calibration_levels, find_frames
from fcn_detect.export.quantization import Recipe, quantize
from fcn_detect.results import Annotations, Progress

# The fastest first; tried in turn until one costs little enough.
RECIPES = (
    Recipe("all layers in int8", ends_in_float=False),
    Recipe("the same, biases corrected one after the other", ends_in_float=False, fast_bias=False),
    Recipe("first and last layer in float32"),
    Recipe("the same, biases corrected one after the other", fast_bias=False),
)
# Levels that ranges are taken from, and the most pixels of one.
LEVELS = 300
LARGEST_LEVEL = 2_000_000
# Without annotations every third frame is held back to measure agreement on.
HELD_BACK = 3


@dataclass(frozen=True)
class Int8Attempt:
    """One recipe and what it costs."""

    recipe: Recipe
    cost: Cost
    within: bool


@dataclass(frozen=True)
class Calibration:
    """What int8 is made and measured with.

    Attributes:
        folder: of frames.
        annotations: their true boxes; None: agreement is measured.
        max_cost: points of AP50 that may be lost.
    """

    folder: Path
    annotations: Annotations | None = None
    max_cost: float = 0.5


def find_int8(
    graph: Any,
    calibration: Calibration,
    floating: Detector,
    opened: Callable[[Any], Detector],
    progress: Progress,
) -> list[Int8Attempt]:
    """The recipes tried; the last one is the first that costs little enough, if any does.

    Args:
        graph: of the float model.
        calibration: frames, and what may be lost.
        floating: the float model's detector.
        opened: writes an 8-bit graph and gives its detector.
        progress: told how far it is.

    Raises:
        DataError: no frame can be used, or there is nothing on them to measure by.
        MissingExtraError: nncf is not installed.
    """
    frames = find_frames(calibration.folder)
    used, measured = _split(frames, calibration.annotations is not None)
    levels = calibration_levels(used, floating, LEVELS, LARGEST_LEVEL)
    meter = CostMeter(floating, measured, calibration.annotations, progress)
    attempts: list[Int8Attempt] = []
    for i, recipe in enumerate(RECIPES):
        progress("taking ranges for int8", i, len(RECIPES), recipe.name)
        cost = meter.measure(opened(quantize(graph, levels, recipe)))
        attempts.append(Int8Attempt(recipe, cost, cost.within(calibration.max_cost)))
        if attempts[-1].within:
            break
    progress("taking ranges for int8", len(RECIPES), len(RECIPES), attempts[-1].recipe.name)
    return attempts


def _split(frames: Sequence[Frame], annotated: bool) -> tuple[list[Frame], list[Frame]]:
    """Frames to take ranges from, and frames to measure on: all of them where they have boxes."""
    if annotated or len(frames) < HELD_BACK:
        return list(frames), list(frames)
    used = [frame for i, frame in enumerate(frames) if (i + 1) % HELD_BACK]
    return used, list(frames[HELD_BACK - 1 :: HELD_BACK])
