"""OpenCV's HOG people detector on the development sets, as results that `evaluate` scores.

    python3 -m venv .venv-hog
    .venv-hog/bin/pip install 'opencv-python-headless<5'     # OpenCV 5 has no HOGDescriptor
    .venv-hog/bin/python scripts/bench/hog.py --out runs/hog
    python scripts/bench/people.py -m person --hog runs/hog

It needs no other package. Each frame is widened by a border of repeated edge pixels, where that
helps HOG (a quarter of the height on penn_fudan, none elsewhere), and enlarged so that the
smallest person looked for fills the 96 px that the window gives it; raw windows are suppressed
greedily at intersection over the smaller box above 0.65. The box is the window's middle 96 of
128 rows, 0.41 of that wide.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

MIN_HEIGHTS = {"penn_fudan": 96, "tud_campus": 96, "caltech_dev": 48}
BORDERS = {"penn_fudan": 0.25}  # share of the height; HOG is better without one elsewhere


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("FCN_DETECT_DATA", "data"))
    )
    parser.add_argument("--sets", nargs="+", default=list(MIN_HEIGHTS))
    parser.add_argument("--out", type=Path, default=Path("runs/hog"))
    parser.add_argument("--time", type=float, metavar="PX", help="only time paths read from stdin")
    args = parser.parse_args()
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    if args.time is not None:
        answer_with_seconds(hog, args.time)
    else:
        search_sets(hog, args)


def search_sets(hog, args):
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.sets:
        seconds, lines = [], []
        for path in sorted((args.data / name / "images").iterdir()):
            frame = cv2.imread(str(path))
            start = time.perf_counter()
            boxes, scores = search(hog, frame, 96 / MIN_HEIGHTS[name], BORDERS.get(name, 0.0))
            seconds.append(time.perf_counter() - start)
            lines.append(record(f"images/{path.name}", frame.shape[:2], boxes, scores))
        (args.out / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        median = statistics.median(seconds)
        print(f"{name}: {len(lines)} frames, {median:.2f} s a frame", flush=True)


def answer_with_seconds(hog, min_height):
    """For every path on stdin, a line with the seconds from file to boxes and their number."""
    for line in sys.stdin:
        start = time.perf_counter()
        frame = cv2.imread(line.rstrip("\n"))
        boxes, _ = search(hog, frame, 96 / min_height, 0.0)
        print(time.perf_counter() - start, len(boxes), flush=True)


def search(hog, frame, enlargement, border_share):
    """Person boxes (n, 4) in frame pixels and their SVM margins (n,), suppressed."""
    border = round(border_share * frame.shape[0])
    wide = cv2.copyMakeBorder(frame, *[border] * 4, cv2.BORDER_REPLICATE)
    large = cv2.resize(wide, None, fx=enlargement, fy=enlargement)
    windows, margins = hog.detectMultiScale(
        large, hitThreshold=-0.5, winStride=(8, 8), padding=(16, 16), scale=1.05, groupThreshold=0
    )
    if not len(windows):
        return np.zeros((0, 4)), np.zeros(0)
    x, y, w, h = np.asarray(windows, float).T
    height = 0.75 * h
    width = 0.41 * height
    centre = np.stack([x + w / 2, y + h / 2], 1)
    half = np.stack([width, height], 1) / 2
    boxes = np.concatenate([centre - half, centre + half], 1) / enlargement - border
    return suppress(boxes, np.ravel(margins))


def suppress(boxes, scores, overlap=0.65):
    waiting, kept = np.argsort(-scores, kind="stable"), []
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[waiting, :2])
        high = np.minimum(boxes[best, 2:], boxes[waiting, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        waiting = waiting[shared <= overlap * np.minimum(areas[best], areas[waiting])]
    return boxes[kept], scores[kept]


def record(image, frame_hw, boxes, margins):
    """One line of results; the margin becomes a score in (0, 1) that keeps its order."""
    scores = 1 / (1 + np.exp(-margins))
    order = np.lexsort((*boxes.T[::-1], -scores))
    detections = [
        {
            "label": "person",
            "score": round(float(scores[i]), 6),
            "box": [round(float(v), 2) for v in boxes[i]],
        }
        for i in order
    ]
    line = {"image": image, "width": frame_hw[1], "height": frame_hw[0]}
    return json.dumps({**line, "detections": detections, "failure": None, "warnings": []})


if __name__ == "__main__":
    main()
