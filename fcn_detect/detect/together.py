"""Images of one size, scored together in the fastest way that their backend has."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import Backend, FrameNetwork, Pixels, frame_network
from fcn_detect.detect.dense import (
    check_finite,
    forward_together,
    join_parts,
    pass_parts,
    pyramid_passes,
    score_pyramid,
    split_canvas,
)
from fcn_detect.geometry import Level, Pass
from fcn_detect.images import LoadedImage, PreparedImage, plan_frame
from fcn_detect.results import ScoreMap

# Score maps, one a level, of each image; a device may still be at work on them.
WaitForScores = Callable[[], list[list[ScoreMap]]]
# Each pass, and its map `(channels, rows, cols)`.
PassMaps = Sequence[tuple[Pass, NDArray[np.float32]]]

log = logging.getLogger(__name__)


class ScorerTogether:
    """Scores images of one size together, and fewer of them once memory has not sufficed.

    Attributes:
        backend: runs the network.
        frames: makes the pyramid, too, where the backend has such a thing.
        together: images of one forward pass. Where some are missing, it is filled with black ones:
            what an image gives depends on the number, and not on who came with it.
    """

    def __init__(self, backend: Backend, together: int) -> None:
        self.backend, self.together = backend, together
        self.frames: FrameNetwork | None = frame_network(backend)

    def start(self, images: Sequence[PreparedImage], levels: list[Level]) -> WaitForScores:
        """What gives the score maps of each image.

        Args:
            images: of one `form`, at least one.
            levels: of the pyramid of each.

        Raises:
            ModelError: some scores are not numbers; perhaps only when they are asked for.
            MemoryError: there is too little for one image, even in small parts.
        """
        groups = [images[i : i + self.together] for i in range(0, len(images), self.together)]
        try:
            pending = [self._start(group, levels) for group in groups]
        except MemoryError:
            if self.together > 1:
                self.together //= 2
                log.warning("memory is short: now %d images are searched at once", self.together)
                return self.start(images, levels)
            if self.frames is None:
                raise
            pending = [self._score_alone(images, levels)]
        return lambda: [score_maps for wait in pending for score_maps in wait()]

    def _start(self, group: Sequence[PreparedImage], levels: list[Level]) -> WaitForScores:
        canvases = [one.canvases for one in group if one.canvases is not None]
        loaded = [one.image for one in group if one.image is not None]
        if canvases:
            return _done(self._score_canvases(canvases, levels))
        if self.frames is None:
            return self._score_alone(group, levels)
        return self._start_frames(self.frames, loaded, levels)

    def _score_canvases(
        self, canvases: Sequence[list[Pixels]], levels: list[Level]
    ) -> list[list[ScoreMap]]:
        """Of images that were packed elsewhere."""
        passes = pyramid_passes(levels, self.backend.header.stride_hw)
        values = [
            forward_together(self.backend, np.stack(self._filled(some)))
            for some in zip(*canvases, strict=True)
        ]
        return [
            self._split([(one, maps[i]) for one, maps in zip(passes, values, strict=True)], levels)
            for i in range(len(canvases))
        ]

    def _start_frames(
        self, frames: FrameNetwork, images: Sequence[LoadedImage], levels: list[Level]
    ) -> WaitForScores:
        """Of images whose pyramid the network's device makes."""
        first = images[0]
        parts = pass_parts(levels, self.backend.header)
        frame_hw = (first.pixels.shape[0], first.pixels.shape[1])
        plan = plan_frame(frame_hw, first.image_hw, first.halved, tuple(levels), parts)
        wait = frames.start(self._filled([image.pixels for image in images]), plan)

        def scores() -> list[list[ScoreMap]]:
            values = [check_finite(self.backend, maps) for maps in wait()]
            return [
                self._split(list(join_parts(parts, [maps[i] for maps in values])), levels)
                for i in range(len(images))
            ]

        return scores

    def _score_alone(self, images: Sequence[PreparedImage], levels: list[Level]) -> WaitForScores:
        """Of images one by one, their canvases painted by this processor."""
        loaded = [one.image for one in images if one.image is not None]
        return _done([score_pyramid(self.backend, image.halves(), levels) for image in loaded])

    def _split(self, maps: PassMaps, levels: list[Level]) -> list[ScoreMap]:
        score_maps: dict[int, ScoreMap] = {}
        for one, values in maps:
            score_maps |= split_canvas(self.backend.header, values, one, levels)
        return [score_maps[i] for i in range(len(levels))]

    def _filled(self, arrays: Sequence[Pixels]) -> list[Pixels]:
        missing = self.together - len(arrays)
        return [*arrays, *(np.zeros_like(arrays[0]) for _ in range(missing))]


def _done(score_maps: list[list[ScoreMap]]) -> WaitForScores:
    return lambda: score_maps
