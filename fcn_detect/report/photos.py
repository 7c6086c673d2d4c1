"""The folder that `detect` leaves: photos with boxes, heat maps, cut-outs."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.detect import Search, TiledSearch, heat_map
from fcn_detect.errors import SettingsError
from fcn_detect.files import name_that_fits, open_atomically, parts_below
from fcn_detect.images import Halves, Octaves
from fcn_detect.report.drawing import draw_detections, draw_heat_map
from fcn_detect.report.large_photos import overview, write_large_heat_map
from fcn_detect.results import Calibration, ImageResult

KEPT_SUFFIXES = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


class PhotoWriter:
    """Writes the pictures of one run, one photo after the other.

    Attributes:
        folder: where they go; photos keep their folders below it.
        threshold: smallest score drawn and cut out, of an image's height and width.
        heat_maps: whether to write `NAME.heatmap.jpg`, or `.tif` of an image searched in tiles.
        crops: whether to write `NAME.crops/LABEL-NN.png`, best first.
    """

    def __init__(
        self,
        folder: Path,
        threshold: Callable[[tuple[int, int]], float],
        *,
        heat_maps: bool = False,
        crops: bool = False,
    ) -> None:
        self.folder, self.threshold = folder, threshold
        self.heat_maps, self.crops = heat_maps, crops
        self._owners: dict[PurePosixPath, str] = {}

    def write(
        self, result: ImageResult, search: Search | TiledSearch, calibration: Calibration
    ) -> None:
        """All the pictures of one searched photo."""
        self._write_boxes(result, search.octaves)
        self.write_more(result, search, calibration)

    def write_more(
        self, result: ImageResult, search: Search | TiledSearch, calibration: Calibration
    ) -> None:
        """The heat map and the cut-outs that are asked for, as of a frame that a clip shows."""
        if self.heat_maps:
            self.write_heat_map(result.image, search, calibration)
        if self.crops:
            self.write_crops(result.image, search)

    def write_boxes(self, result: ImageResult, pixels: NDArray[np.uint8]) -> None:
        """A photo, RGB uint8 `(h, w, 3)`, with the boxes of its record."""
        self._write_boxes(result, Halves(pixels))

    def write_heat_map(
        self, image: str, search: Search | TiledSearch, calibration: Calibration
    ) -> None:
        """Where the model sees objects: `NAME.heatmap.jpg`, after a search in tiles `.tif`."""
        path = self._path(image)
        if isinstance(search, TiledSearch):
            if search.heat is not None:
                write_large_heat_map(search.octaves, search.heat, path)
            return
        image_hw = (search.pixels.shape[0], search.pixels.shape[1])
        heat = heat_map(search.score_maps, calibration, image_hw)
        _save(
            draw_heat_map(search.pixels, heat),
            path.with_name(name_that_fits(path.name, ".heatmap.jpg")),
        )

    def write_crops(self, image: str, search: Search | TiledSearch) -> None:
        """`NAME.crops/LABEL-NN.png`: every object shown, best first."""
        path = self._path(image)
        octaves = search.octaves
        shown = search.detections.above(self.threshold(octaves.image_hw))
        for i, (box, _score, label) in enumerate(shown):
            x0, y0, x1, y1 = (int(v) for v in (*np.floor(box[:2]), *np.ceil(box[2:])))
            cut = np.asarray(octaves.part(0, range(y0, y1), range(x0, x1)))
            name = name_that_fits(quote(label, safe=" "), f"-{i:02d}.png")  # it may hold slashes
            _save(cut, path.with_name(name_that_fits(path.name, ".crops")) / name)

    def _write_boxes(self, result: ImageResult, octaves: Octaves) -> None:
        found = result.found
        shown = found.above(self.threshold(octaves.image_hw))
        pixels, scale = overview(octaves)
        smaller = replace(shown, boxes=shown.boxes * np.float32(scale))
        _save(draw_detections(pixels, smaller), self._path(result.image))

    def _path(self, image: str) -> Path:
        """Where the pictures of a photo go, which is never where the photo is.

        Of two photos whose names become one there, the second gets a mark.
        """
        name = PurePosixPath(safe_name(image))
        if self._owners.setdefault(name, image) != image:
            mark = hashlib.sha256(os.fsencode(image)).hexdigest()[:8]
            name = name.with_name(name_that_fits(f"{name.stem}~{mark}", name.suffix))
        path = self.folder / name
        if os.path.realpath(path.parent) == os.path.realpath(Path(image).parent):
            raise SettingsError(
                f"-o {self.folder}: the picture of {image} would lie beside it, and might replace "
                "it; give another folder"
            )
        return path


def safe_name(image: str) -> str:
    """A path below a folder for a photo's path: no root, no way up, a suffix we can write."""
    parts = [part.replace(":", "_") for part in parts_below(image.replace("\\", "/"))]
    parts = parts or ["image"]
    if Path(parts[-1]).suffix.lower() not in KEPT_SUFFIXES:
        parts[-1] = name_that_fits(parts[-1], ".jpg")
    return "/".join(parts)


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    kind = KEPT_SUFFIXES[path.suffix.lower()]
    options = {"quality": 90} if kind == "JPEG" else {}
    with open_atomically(path) as file:
        Image.fromarray(pixels).save(file, kind, **options)
