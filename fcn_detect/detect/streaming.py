"""A pyramid of any size, searched part by part: the memory is that of one part.

An unpadded net's cell sees its own window and nothing else, and a part's pixels are the level's
own (`images.level_part`). So the scores are those of the level in one piece, to the rounding of
the runtime, and no box is cut or doubled at the border of two tiles.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fcn_detect.backends import Backend, Pixels
from fcn_detect.detect.dense import forward, score_canvas
from fcn_detect.detect.large_heat_map import LargeHeatMap
from fcn_detect.geometry import Level, Pass, Tile, is_too_large, plan_passes, plan_tiles
from fcn_detect.images import KeptBlocks, Octaves, level_part, paint_passes
from fcn_detect.postprocess import CandidatePool, Candidates, decode
from fcn_detect.results import Detections, Progress, ScoreMap, silent

# Largest tile, in pixels of its level: what one forward pass takes.
TILE_PIXELS = 4_000_000

_MEGA = 1_000_000


@dataclass(frozen=True, eq=False)
class TiledSearch:
    """What searching one image in tiles gave. Its score maps are not kept.

    Attributes:
        octaves: the image; where it lies on disk, its files go with this object.
        levels: the pyramid.
        detections: the boxes that stay.
        candidates: the cell behind each detection, in the same order; boxes are not clipped.
        warnings: what the user should know.
        heat: where the model sees objects; None where it was not asked for.
    """

    octaves: Octaves
    levels: list[Level]
    detections: Detections
    candidates: Candidates
    warnings: tuple[str, ...]
    heat: LargeHeatMap | None = None


@dataclass(frozen=True, eq=False)
class ScoredPart:
    """A part of a level's map, scored.

    Attributes:
        level: its index.
        tile: which cells they are.
        score_map: of the tile, on the tile's own grid.
    """

    level: int
    tile: Tile
    score_map: ScoreMap


@dataclass(frozen=True)
class _Step:
    """One forward pass: how its pixels are made, and what its map holds."""

    pixels: Callable[[], Pixels]
    score: Callable[[Pixels], list[ScoredPart]]


def find_in_tiles(
    backend: Backend,
    octaves: Octaves,
    levels: Sequence[Level],
    keep: float,
    heat: LargeHeatMap | None = None,
    progress: Progress = silent,
) -> Candidates:
    """The candidates of all levels that `select` can still take, as those of whole maps.

    Args:
        backend: runs an exact net.
        octaves: the image.
        levels: of its pyramid.
        keep: smallest score of a candidate.
        heat: is told of every score, where it is given.
        progress: is told the megapixels of the levels that are done.
    """
    pool = CandidatePool(len(backend.header.labels))
    total = sum(level.size_hw[0] * level.size_hw[1] for level in levels)
    done = 0.0
    for part in score_parts(backend, octaves, levels):
        pool.add(_placed(decode([part.score_map], backend.header, keep), part))
        if heat is not None:
            heat.add(part.level, part.tile, part.score_map)
        done += _share(part, levels[part.level])
        progress("searching", round(done / _MEGA), max(1, round(total / _MEGA)), "megapixels")
    return pool.candidates()


def score_parts(
    backend: Backend, octaves: Octaves, levels: Sequence[Level]
) -> Iterator[ScoredPart]:
    """The maps of all levels in parts of about `TILE_PIXELS`, each cell in just one of them.

    While the network runs, a thread makes the pixels of the next part.

    Raises:
        ValueError: the net pads, so that a tile's cells would not be the level's.
    """
    if not backend.header.exact:
        raise ValueError(f"the padded net {backend.header.net} cannot score a level in tiles")
    steps = _steps(backend, octaves, levels)
    with ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(steps[0].pixels)
        for i, step in enumerate(steps):
            pixels = following.result()
            if i + 1 < len(steps):
                following = ahead.submit(steps[i + 1].pixels)
            yield from step.score(pixels)


def _steps(backend: Backend, octaves: Octaves, levels: Sequence[Level]) -> list[_Step]:
    """All forward passes: small levels packed on canvases, large ones in tiles."""
    header = backend.header
    sizes = tuple(level.size_hw for level in levels)
    steps, kept = [], KeptBlocks()
    for one in plan_passes(sizes, header.stride_hw, TILE_PIXELS):
        if not is_too_large(one, TILE_PIXELS):
            paint = partial(_paint, octaves, levels, one)
            steps.append(_Step(paint, partial(_score_pass, backend, levels, one)))
            continue
        level = levels[one.pieces[0]]
        for tile in plan_tiles(level.grid(header.crop_hw, header.stride_hw), TILE_PIXELS):
            cut = partial(level_part, octaves, level, tile.pixel_rows, tile.pixel_cols, kept=kept)
            steps.append(_Step(cut, partial(_score_tile, backend, one.pieces[0], tile)))
    return steps


def _paint(octaves: Octaves, levels: Sequence[Level], one: Pass) -> Pixels:
    return paint_passes(octaves, levels, [one])[0]


def _score_pass(
    backend: Backend, levels: Sequence[Level], one: Pass, canvas: Pixels
) -> list[ScoredPart]:
    parts = []
    for piece, score_map in score_canvas(backend, canvas, one, levels).items():
        rows, cols = score_map.grid.size_hw
        whole = Tile(range(rows), range(cols), score_map.grid)
        parts.append(ScoredPart(piece, whole, score_map))
    return parts


def _score_tile(backend: Backend, level: int, tile: Tile, pixels: Pixels) -> list[ScoredPart]:
    values = forward(backend, pixels)
    return [ScoredPart(level, tile, ScoreMap.split(values, backend.header.outputs, tile.grid))]


def _placed(found: Candidates, part: ScoredPart) -> Candidates:
    """Candidates of a tile, as cells of their level's map."""
    return replace(
        found,
        levels=np.full_like(found.levels, part.level),
        rows=found.rows + part.tile.rows.start,
        cols=found.cols + part.tile.cols.start,
    )


def _share(part: ScoredPart, level: Level) -> float:
    """The pixels of a level that a part stands for; those of all its parts are all of it."""
    rows, cols = part.tile.rows, part.tile.cols
    grid = part.tile.grid
    cells = (level.size_hw[0] - grid.crop_hw[0]) // grid.stride_hw[0] + 1
    cells *= (level.size_hw[1] - grid.crop_hw[1]) // grid.stride_hw[1] + 1
    return level.size_hw[0] * level.size_hw[1] * len(rows) * len(cols) / cells
