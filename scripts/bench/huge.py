"""A huge image: its peak memory, its objects against crops around them, its time per megapixel.

    python scripts/bench/huge.py -m person --side 30000 [--format jpg|tif] [--photos N]
        [--compare 6000] [--max-height 600] [--data data] [--out runs/huge]

Makes a textured ground of side x side pixels with photos of people pasted at known places, and
searches it in a process of its own. For each person in those photos that is found in a cut-out
around its photo, it asks for a box of the huge image with an IoU of at least 0.8; a largest
height is set, so that both are searched at the same scales. Where windows lie depends on the
image's corner, so this is asked of three cut-outs: one that begins anywhere, one some pixels
further, and one whose windows lie where the huge image's do, on the levels that found that person.
Before and after the huge image it searches a cut-out of 12 megapixels, untiled, for its time per
megapixel: that is processor time of all threads, since other work on the machine changes it less
than the clock's. At last it compares a cut-out of `--compare` pixels a side, tiled against
untiled, box for box.

`--make-only` makes the image and ends. Needs the extra `large`.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyvips

from fcn_detect.config import data_path
from fcn_detect.geometry import box_iou

SAVING = {
    "jpg": {"Q": 92},
    "tif": {"tile": True, "compression": "jpeg", "Q": 92, "bigtiff": True},
}
GROUND = 6000  # side of the texture that the ground repeats
MARGIN = 300  # of the cut-out around a photo, at least
PHOTO_HW = (3000, 4000)  # 12 megapixels
PHOTO_TIMES = 3  # searched so often before and after the huge image
MOVED = 5  # pixels by which a second cut-out begins further
REACH = 1500  # pixels by which a third one may be larger on each side, to lie on the whole's grids
SAME_PERSON = 0.5  # least IoU of a box with a person who counts as found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--side", type=int, default=30_000)
    parser.add_argument("--format", choices=SAVING, default="jpg")
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--compare", type=int, default=0, help="side; 0: no comparison")
    parser.add_argument("--max-height", type=float, default=600)
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--out", type=Path, default=Path("runs/huge"))
    parser.add_argument("--make-only", action="store_true")
    parser.add_argument("--search", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=1, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.search is not None:
        print(json.dumps(search(args, args.search)))
        return
    args.out.mkdir(parents=True, exist_ok=True)
    image = args.out / f"ground-{args.side}.{args.format}"
    places = make(image, args)
    if not args.make_only:
        report = {**measure(image, places, args), "side": args.side, "format": args.format}
        (args.out / f"huge-{args.side}.json").write_text(json.dumps(report, indent=1) + "\n")


def make(path: Path, args: argparse.Namespace) -> list[tuple[int, int, int, int]]:
    """Writes the image, by libvips, band by band; where each photo lies: x0, y0, x1, y1."""
    rng = np.random.default_rng(0)
    again = -(-args.side // GROUND)
    ground = texture(min(args.side, GROUND)).replicate(again, again)
    ground = ground.crop(0, 0, args.side, args.side)
    cells = int(np.ceil(np.sqrt(args.photos)))
    step = args.side // cells
    places = []
    for i, (photo, _) in zip(range(args.photos), people(args.data), strict=False):
        picture = pyvips.Image.new_from_file(str(photo))[:3]
        free = step - picture.width, step - picture.height
        x, y = (
            cell * step + int(rng.integers(0, max(1, room)))
            for cell, room in zip((i % cells, i // cells), free, strict=True)
        )
        ground = ground.insert(picture, x, y)
        places.append((x, y, x + picture.width, y + picture.height))
    if not path.exists():
        print(f"making {path} ...", file=sys.stderr)
        ground.write_to_file(str(path), **SAVING[args.format])
    return places


def texture(side: int) -> pyvips.Image:
    """Clouds with noise, in memory."""
    clouds = pyvips.Image.perlin(side, side, cell_size=256, seed=1) * 30 + 120
    noise = [pyvips.Image.gaussnoise(side, side, mean=0, sigma=10, seed=i) for i in range(3)]
    ground = (clouds + noise[0]).bandjoin([clouds + noise[1], clouds + noise[2]])
    return ground.cast("uchar").copy(interpretation="srgb").copy_memory()


def people(data: Path) -> Iterator[tuple[Path, np.ndarray]]:
    """Photos of `penn_fudan` and the boxes of the people in each, x0, y0, x1, y1."""
    folder = data / "penn_fudan"
    truth = json.loads((folder / "annotations.json").read_text())
    for image in truth["images"]:
        boxes = [a["bbox"] for a in truth["annotations"] if a["image_id"] == image["id"]]
        xywh = np.array(boxes, float)
        yield (
            folder / image["file_name"],
            np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], 1),
        )


def search(args: argparse.Namespace, image: Path) -> dict[str, Any]:
    """The record of one image, the seconds it took and the memory of this process."""
    from fcn_detect.detect import Detector

    imported = peak_bytes()
    detector = Detector.load(args.model, max_height=args.max_height)
    detector(np.zeros((200, 200, 3), np.uint8))  # what the runtime does once
    loaded, seconds = peak_bytes(), []
    for _ in range(args.times):
        start = busy_s()
        result, _ = detector.result(image)
        seconds.append(busy_s() - start)
    assert result.detections is not None, result.failure
    assert result.width is not None
    assert result.height is not None
    return {
        "boxes": result.detections.boxes.tolist(),
        "scores": result.detections.scores.tolist(),
        "threshold": detector.threshold((result.height, result.width)),
        "megapixels": result.width * result.height / 1e6,
        "seconds": statistics.median(seconds),
        "imported_bytes": imported,
        "loaded_bytes": loaded,
        "peak_bytes": peak_bytes(),
        "backend": detector.backend.name,
        "warnings": result.warnings,
    }


def measure(
    image: Path, places: list[tuple[int, int, int, int]], args: argparse.Namespace
) -> dict[str, Any]:
    """All figures, printed as they come."""
    rows = pyvips.Image.new_from_file(str(image), access="sequential")
    photo = cut(rows, (0, 0), PHOTO_HW, args.out / "photo.jpg")
    before = in_another_process(photo, args, PHOTO_TIMES)
    found = in_another_process(image, args)
    after = in_another_process(photo, args, PHOTO_TIMES)
    per_megapixel = found["seconds"] / found["megapixels"]
    print(f"{found['megapixels']:.0f} megapixels by {found['backend']}; {found['warnings']}")
    mib = {name: found[f"{name}_bytes"] / 2**20 for name in ("imported", "loaded", "peak")}
    print(
        "memory: {imported:.0f} MiB imported, {loaded:.0f} with the model,".format(**mib), end=" "
    )
    print(f"{mib['peak']:.0f} at most", flush=True)
    photos = [one["seconds"] / one["megapixels"] for one in (before, after)]
    of_photo = statistics.mean(photos)
    print(f"processor seconds per megapixel: {per_megapixel:.3f}; of a 12-megapixel photo", end=" ")
    print(f"{photos[0]:.3f} before and {photos[1]:.3f} after; ratio", end=" ")
    print(f"{per_megapixel / of_photo:.2f}", flush=True)
    ious = planted(image, places, np.array(found["boxes"]).reshape(-1, 4), args)
    for words, ratios in ious.items():
        print(f"{len(ratios)} people found in crops; {words}: least IoU", end=" ")
        print(f"{min(ratios, default=1):.3f}, {sum(one >= 0.8 for one in ratios)} of at least 0.8")
    report = {"huge": found, "photos": [before, after], "iou": ious}
    if args.compare:
        report["largest_differences"] = compare(image, args)
    return report


def planted(
    image: Path,
    places: list[tuple[int, int, int, int]],
    boxes: np.ndarray,
    args: argparse.Namespace,
) -> dict[str, list[float]]:
    """For each person found in a cut-out around its photo, the IoU of boxes that should agree.

    Those of the cut-out and the whole image; of the cut-out and one that begins some pixels
    further, as much as boxes change with the place of the grid alone; and of the whole image and
    the cut-out that lies on the grid of the person's level.
    """
    from fcn_detect.detect import Detector

    detector = Detector.load(args.model, max_height=args.max_height)
    whole = pyvips.Image.new_from_file(str(image))  # decoded once, into TMPDIR
    file = args.out / "crop.png"
    of_whole: list[float] = []
    of_moved: list[float] = []
    of_grid: list[float] = []
    for (x0, y0, x1, y1), (_, truth) in zip(places, people(args.data), strict=False):
        size_hw = (y1 - y0 + 2 * MARGIN, x1 - x0 + 2 * MARGIN)
        corner = tuple(
            min(max(0, start - MARGIN), args.side - size - MOVED)
            for start, size in zip((x0, y0), size_hw[::-1], strict=True)
        )
        search = detector.search(cut(whole, corner, size_hw, file))
        further = tuple(start + MOVED for start in corner)
        moved = shifted(detector(cut(whole, further, size_hw, file)), further)
        shown = shifted(search.detections.above(detector.threshold(PHOTO_HW)), corner)
        for person in truth + np.array([x0, y0, x0, y0]):
            own = box_iou(person[None], shown)[0] if len(shown) else np.zeros(1)
            if own.max() < SAME_PERSON:
                continue
            box = shown[own.argmax()]
            of_whole.append(best_iou(box, boxes))
            of_moved.append(best_iou(box, moved))
            level = search.candidates.levels[own.argmax()]
            there, larger_hw = on_grid(detector, args.side, size_hw, corner, level)
            again = detector(cut(whole, there, larger_hw, file))
            shown_again = shifted(again.above(detector.threshold(PHOTO_HW)), there)
            own = box_iou(person[None], shown_again)[0] if len(shown_again) else np.zeros(1)
            if own.max() >= SAME_PERSON:
                of_grid.append(best_iou(shown_again[own.argmax()], boxes))
    return {
        "the crop and the whole": of_whole,
        f"the crop and one {MOVED} px further": of_moved,
        "a crop on the grid and the whole": of_grid,
    }


def shifted(detections: Any, corner_xy: tuple[int, ...]) -> np.ndarray:
    """Boxes of a cut-out, in pixels of the whole image."""
    return detections.boxes + np.array([*corner_xy, *corner_xy], float)


def best_iou(box: np.ndarray, boxes: np.ndarray) -> float:
    return float(box_iou(box[None], boxes).max(initial=0))


def on_grid(
    detector: Any, side: int, size_hw: tuple[int, int], corner_xy: tuple[int, ...], level: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A cut-out around another, on the grids of the whole image: its corner and its size.

    Windows of one level and the two beside it lie where those of the whole image do, to a fraction
    of a level's pixel, and so do the pixels of the halved image that they are made of.
    """
    from fcn_detect.detect import level_plan
    from fcn_detect.geometry import plan_pyramid
    from fcn_detect.images.octaves import halvings

    plan = level_plan(detector.header, detector.settings)
    of_whole = {one.scale: one.border for one in plan_pyramid((side, side), plan)}
    best = [(1.0, 0, 0), (1.0, 0, 0)]  # strides off the grid at most, corner, size: for x and y
    for more in range(0, 2 * REACH, 23):
        larger_hw = (size_hw[0] + more, size_hw[1] + more)
        levels = plan_pyramid(larger_hw, plan)
        near = levels[max(0, level - 1) : level + 2]
        unit = 2 ** max(halvings(one.scale) for one in near)
        for axis, stride in enumerate(detector.header.stride_hw[::-1]):
            first, last = corner_xy[axis] - more, min(corner_xy[axis], side - larger_hw[1 - axis])
            starts = np.arange(-(-max(0, first) // unit) * unit, last + 1, unit)
            away = np.zeros(len(starts))
            for one in near:
                own, its = ((b.left, b.top)[axis] for b in (one.border, of_whole[one.scale]))
                steps = (starts * one.scale + its - own) / stride
                away = np.maximum(away, np.abs(steps - np.round(steps)))
            if len(away) and away.min() < best[axis][0]:
                best[axis] = (away.min(), int(starts[away.argmin()]), larger_hw[1 - axis])
    (_, x, width), (_, y, height) = best
    return (x, y), (height, width)


def compare(image: Path, args: argparse.Namespace) -> dict[str, float]:
    """The largest differences of boxes, in px, and of scores, tiled against untiled."""
    from fcn_detect.detect import Detector

    rows = pyvips.Image.new_from_file(str(image), access="sequential")
    part = cut(rows, (0, 0), (args.compare, args.compare), args.out / "part.png")
    settings = {"max_height": args.max_height}
    whole = Detector.load(args.model, **settings).search(part).detections
    tiled = Detector.load(args.model, **settings, stream_pixels=1_000_000)(part)
    assert len(tiled) == len(whole), f"{len(tiled)} boxes, untiled {len(whole)}"
    differences = {
        "boxes": float(np.abs(tiled.boxes - whole.boxes).max(initial=0)),
        "scores": float(np.abs(tiled.scores - whole.scores).max(initial=0)),
    }
    print(f"tiled against untiled, {args.compare} px: {len(whole)} boxes;", end=" ")
    print(f"largest differences {differences['boxes']:.2g} px, {differences['scores']:.2g}")
    return differences


def in_another_process(image: Path, args: argparse.Namespace, times: int = 1) -> dict[str, Any]:
    options = ["-m", args.model, "--max-height", str(args.max_height), "--search", str(image)]
    options += ["--times", str(times)]
    command = [sys.executable, __file__, *options]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return dict(json.loads(lines[-1]))


def cut(
    image: pyvips.Image, corner_xy: tuple[int, ...], size_hw: tuple[int, int], path: Path
) -> Path:
    """Writes a part of the image to a file of its own."""
    image.crop(*corner_xy, *size_hw[::-1]).write_to_file(str(path))
    return path


def busy_s() -> float:
    """Seconds of the processor that all threads of this process took."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """The most memory that this process has held so far; Linux only."""
    # not getrusage: its figure is at least that of the process which started this one
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main()
