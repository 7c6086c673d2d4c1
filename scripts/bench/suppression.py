"""Ways from candidates to boxes, each scored on the same candidates: suppression, votes, mirrors.

    python scripts/bench/suppression.py -m person [--sets penn_fudan tud_campus] [--mirrors]
        [-o runs/suppression]

Every frame is searched once, and with `--mirrors` once more as its mirror image; the candidates are
kept in the folder, so that a second start only scores. Prints a Markdown table. What is not part of
the package (soft suppression, scores by support, mirrored frames) is written here.
"""

import argparse
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from people import MIN_HEIGHTS

from fcn_detect.config import data_path
from fcn_detect.detect import Detector
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import read_annotations
from fcn_detect.geometry import box_intersections, box_iou
from fcn_detect.images import read_image
from fcn_detect.postprocess import Candidates, Selection, decode, select, to_detections
from fcn_detect.results import ImageResult

KEEP = 0.02
Frame = tuple[str, tuple[int, int], Candidates, Candidates | None]  # name, size, own, mirrored
Way = Callable[[Candidates, Candidates | None], Candidates]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--sets", nargs="+", default=list(MIN_HEIGHTS))
    parser.add_argument("--mirrors", action="store_true")
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/suppression"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    detectors = {s: Detector.load(args.model, min_height=MIN_HEIGHTS[s]) for s in args.sets}
    frames = {name: candidates(name, one, args) for name, one in detectors.items()}
    heads = ["way", *(f"{name} {c}" for name in args.sets for c in ("AP50", "AP75", "miss rate"))]
    print("|", " | ".join(heads), "|\n|" + "---|" * len(heads))
    for label, way in ways(detectors[args.sets[0]].selection, mirrors=args.mirrors).items():
        cells = [
            cell for name in args.sets for cell in figures(name, frames[name], detectors, way, args)
        ]
        print("|", " | ".join([label, *cells]), "|", flush=True)


def candidates(name: str, detector: Detector, args: argparse.Namespace) -> list[Frame]:
    """Of every frame of a set, and of its mirror image, in the frame's own pixels."""
    cache = args.out / f"{name}.pickle"
    if cache.exists():
        return list(pickle.loads(cache.read_bytes()))  # ours, written below
    frames: list[Frame] = []
    for path in sorted((args.data / name / "images").iterdir()):
        pixels = read_image(path).pixels
        size_hw = pixels.shape[0], pixels.shape[1]
        mirrored = search(detector, pixels[:, ::-1]) if args.mirrors else None
        if mirrored is not None:
            flipped = mirrored.boxes.copy()
            flipped[:, [0, 2]] = size_hw[1] - flipped[:, [2, 0]]
            mirrored = replace(mirrored, boxes=flipped)
        frames.append((f"images/{path.name}", size_hw, search(detector, pixels), mirrored))
    cache.write_bytes(pickle.dumps(frames))
    return frames


def search(detector: Detector, pixels: NDArray[np.uint8]) -> Candidates:
    """All candidates of an image."""
    found = detector.search(np.ascontiguousarray(pixels))
    return decode(found.score_maps, detector.header, KEEP)


def ways(shipped: Selection, *, mirrors: bool) -> dict[str, Way]:
    """What is tried, by name; the first is the model's own."""
    selections = {
        "as shipped": shipped,
        "without votes": replace(shipped, voting=None),
        "votes from 0.6": replace(shipped, voting=0.6),
        "overlap with the smaller 0.6": replace(shipped, overlap=0.6),
        "overlap with the smaller 0.7": replace(shipped, overlap=0.7),
        "over the union 0.45": replace(shipped, overlap=0.45, measure="union"),
    }
    tried: dict[str, Way] = {
        label: lambda own, _mirrored, selection=selection: select(own, 1, selection)
        for label, selection in selections.items()
    }
    for width in (0.3, 0.5):
        tried[f"soft suppression, {width}"] = lambda own, _mirrored, width=width: soften(
            select(own, 1, replace(shipped, overlap=0.9, measure="union")), width, shipped.keep
        )
    tried["odds times the scores around"] = lambda own, _mirrored: support(own, shipped, 0.6)
    if mirrors:
        tried["joined with the mirrored frame's"] = lambda own, mirrored: select(
            Candidates.join([own, mirrored or own]), 1, shipped
        )
    return tried


def soften(found: Candidates, width: float, keep: float) -> Candidates:
    """Scores lowered by the overlap with better boxes, in place of boxes dropped.

    Source: Bodla et al., "Soft-NMS", ICCV 2017, equation 3.
    """
    scores, order = found.scores.copy(), []
    waiting = np.ones(len(scores), bool)
    while waiting.any() and (best := int(np.where(waiting, scores, -1).argmax())) is not None:
        if scores[best] < keep:
            break
        order.append(best)
        waiting[best] = False
        shared = box_intersections(found.boxes[[best]], found.boxes)[0]
        sides = found.boxes[:, 2:] - found.boxes[:, :2]
        area = sides[:, 0] * sides[:, 1]
        iou = shared / (area + area[best] - shared)
        scores = np.where(waiting, scores * np.exp(-(iou**2) / width), scores)
    index = np.array(order, np.intp)
    return replace(found.take(index), scores=scores[index])


def support(found: Candidates, selection: Selection, least_iou: float) -> Candidates:
    """Those selected, their odds multiplied by the sum of the scores of candidates around them."""
    stay = select(found, 1, replace(selection, voting=None))
    near = box_iou(stay.boxes, found.boxes) >= least_iou
    raised = stay.scores / (1 - stay.scores) * (near @ found.scores)
    scores = raised / (1 + raised)
    voted = select(found, 1, selection)  # the same, with their boxes
    return replace(voted, scores=scores).take(np.argsort(-scores, kind="stable"))


def figures(
    name: str,
    frames: list[Frame],
    detectors: dict[str, Detector],
    way: Way,
    args: argparse.Namespace,
) -> list[str]:
    """AP50, AP75 and the miss rate of one way on one set."""
    results = []
    for image, size_hw, own, mirrored in frames:
        found, _ = to_detections(way(own, mirrored), detectors[name].header, size_hw)
        results.append(ImageResult(image, size_hw[1], size_hw[0], found, None))
    truth = read_annotations(args.data / name / "annotations.json")
    one = evaluate(results, truth).classes["person"].figures
    return [f"{v:.3f}" for v in (one.ap50, one.ap75, one.log_average_miss_rate)]


if __name__ == "__main__":
    main()
