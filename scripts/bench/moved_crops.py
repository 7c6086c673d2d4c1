"""How far boxes move with the place of the grid alone: one person, cut out of a scene three times.

    python scripts/bench/moved_crops.py -m person-small [--voting 0.5 0.4 0.3]
        [--set '{"step": 1.1}'] [--photos 16]

Photos of `penn_fudan` are laid on a textured ground, and each is cut out with three margins that
differ by a few pixels. For each person shown in one cut-out it takes the best intersection over
union with a box of another. Windows lie elsewhere in each, and nothing else differs. `--voting`
lists values of `detect.box_voting`, `--set` further settings.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from huge import SAME_PERSON, people, texture

from fcn_detect.config import data_path
from fcn_detect.detect import Detector
from fcn_detect.geometry import box_iou
from fcn_detect.images import read_image
from fcn_detect.postprocess import Candidates, decode, select, to_detections
from fcn_detect.results import Detections

MARGINS = (300, 295, 298)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person-small")
    parser.add_argument("--voting", type=float, nargs="+", default=[0.5])
    parser.add_argument("--set", dest="settings", type=json.loads, default={}, help="of [detect]")
    parser.add_argument("--photos", type=int, default=16)
    parser.add_argument("--max-height", type=float, default=600)
    parser.add_argument("--data", type=Path, default=data_path("data"))
    args = parser.parse_args()
    detector = Detector.load(args.model, max_height=args.max_height, **args.settings)
    scenes = [
        (truth, [searched(detector, photo, margin) for margin in MARGINS])
        for _, (photo, truth) in zip(range(args.photos), people(args.data), strict=False)
    ]
    for voting in args.voting:
        found = np.array([iou for scene in scenes for iou in moved(detector, scene, voting)])
        print(f"box_voting {voting:g}: {len(found)} pairs of boxes, mean IoU {found.mean():.3f},")
        print(f"  {np.mean(found >= 0.8):.1%} of at least 0.8, the least {found.min():.3f}")


Scene = tuple[np.ndarray, list[tuple[int, Candidates, tuple[int, int]]]]


def searched(
    detector: Detector, photo: Path, margin: int
) -> tuple[int, Candidates, tuple[int, int]]:
    """The candidates of a cut-out, its margin and its size."""
    pixels = read_image(photo).pixels
    height, width = pixels.shape[:2]
    side = max(height, width) + 2 * max(MARGINS)
    scene = np.array(texture(side).numpy())
    first = max(MARGINS)
    scene[first : first + height, first : first + width] = pixels
    rows, cols = (slice(first - margin, first + s + margin) for s in (height, width))
    search = detector.search(np.ascontiguousarray(scene[rows, cols]))
    keep = detector.selection.smallest_score
    return margin, decode(search.score_maps, detector.header, keep), search.image.image_hw


def moved(detector: Detector, scene: Scene, voting: float) -> Iterator[float]:
    """Of each person shown in a cut-out, the best IoU of the box with those of another."""
    truth, cuts = scene
    selection = replace(detector.selection, voting=voting)
    boxes = []
    for margin, candidates, image_hw in cuts:
        selected = select(candidates, len(detector.header.labels), selection)
        found: Detections = to_detections(selected, detector.header, image_hw)[0]
        shown = found.above(detector.threshold(image_hw)).boxes - margin
        boxes.append((shown, found.boxes - margin))
    for i, (shown, _) in enumerate(boxes):
        for _, others in boxes[:i] + boxes[i + 1 :]:
            for person in truth if len(shown) else []:
                own = box_iou(person[None], shown)[0]
                if own.max() >= SAME_PERSON:
                    yield float(box_iou(shown[own.argmax()][None], others).max(initial=0))


if __name__ == "__main__":
    main()
