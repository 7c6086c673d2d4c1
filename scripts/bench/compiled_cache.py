"""Whether OpenVINO's own cache of compiled graphs could be used: what it saves, what damage does.

    python scripts/bench/compiled_cache.py -m person

Compiles a model with and without the cache, in turn, then flips bits in one place after the other
of the cached file and compares the maps. Prints the median times and one line a place.
"""

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from fcn_detect.backends import find_model, open_backend
from fcn_detect.backends.export_cache import cached_export
from fcn_detect.backends.openvino_backend import SETTINGS, _taking_pixels

PLACES = 8
FLIPPED = 40  # bytes, at each place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--repeats", type=int, default=9)
    args = parser.parse_args()
    crop_h, crop_w = open_backend(args.model, "openvino").header.crop_hw
    shape = (1, 2 * crop_h, 2 * crop_w, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with (
        tempfile.TemporaryDirectory() as cache,
        cached_export(find_model(args.model), ".xml", None, "openvino", not_there) as path,
    ):
        times: dict[str, list[float]] = {"": [], cache: []}
        for _ in range(args.repeats):
            for folder, seconds in times.items():
                start = time.perf_counter()
                compiled(path, folder)
                seconds.append(time.perf_counter() - start)
        for folder, seconds in times.items():
            name = "with the cache" if folder else "without"
            print(f"{name}: {1000 * statistics.median(seconds):.0f} ms")
        true = compiled(path, "")([pixels])[0]
        (blob,) = Path(cache).iterdir()
        whole = blob.read_bytes()
        for place in range(PLACES):
            blob.write_bytes(damaged(whole, place))
            print(f"damaged in part {place + 1} of {PLACES}: {outcome(path, cache, pixels, true)}")


def compiled(path: Path, cache: str) -> Any:
    core = openvino.Core()
    settings = {**SETTINGS, "CACHE_DIR": cache} if cache else SETTINGS
    return core.compile_model(_taking_pixels(core.read_model(path)), "CPU", settings)


def not_there(path: Path) -> None:
    raise RuntimeError(f"{path}: the export is not in the cache")


def damaged(whole: bytes, place: int) -> bytes:
    size = len(whole) // PLACES
    data, chance = bytearray(whole), random.Random(place)
    for _ in range(FLIPPED):
        data[place * size + chance.randrange(size)] ^= 0xFF
    return bytes(data)


def outcome(path: Path, cache: str, pixels: Any, true: Any) -> str:
    try:
        maps = compiled(path, cache)([pixels])[0]
    except RuntimeError as error:
        return f"refused: {str(error).strip().splitlines()[-1][:60]}"
    if maps.shape != true.shape:
        return f"maps of shape {maps.shape}"
    return f"largest difference {np.abs(maps - true).max():.1e}"


if __name__ == "__main__":
    main()
