"""Image in, detections out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from fcn_detect.backends import Backend, MirroredBackend, Pixels, find_model, open_backend
from fcn_detect.config import DetectSettings, read_settings
from fcn_detect.detect import dense
from fcn_detect.detect.large_heat_map import LargeHeatMap
from fcn_detect.detect.level_plan import level_plan, why_too_small
from fcn_detect.detect.limits import streaming_rules
from fcn_detect.detect.search import Search
from fcn_detect.detect.streaming import TiledSearch, find_in_tiles
from fcn_detect.detect.threshold import Threshold
from fcn_detect.detect.together import ScorerTogether, WaitForScores
from fcn_detect.errors import ImageError
from fcn_detect.geometry import Level, count_windows, plan_pyramid
from fcn_detect.headers import read_header
from fcn_detect.images import (
    DEFAULT_MAX_PIXELS,
    Address,
    HalfStore,
    LoadedImage,
    Octaves,
    PictureHeader,
    Place,
    Preparation,
    PreparedImage,
    StreamingRules,
    from_array,
    from_pil,
    halvings,
    huge_header,
    local_file,
    place,
    read_image,
    store_image,
)
from fcn_detect.postprocess import (
    Candidates,
    Selection,
    decode,
    select,
    to_detections,
)
from fcn_detect.results import (
    Detections,
    Failure,
    ImageResult,
    Progress,
    ScoreMap,
    silent,
)
from fcn_detect.video import Frame

ImageSource = str | Place | Image.Image | Pixels
# As `store_image` does it, or in another process.
StoreImage = Callable[[Path, PictureHeader, StreamingRules, Progress], HalfStore]

log = logging.getLogger(__name__)


class Detector:
    """Finds the objects that a model was trained on.

    Attributes:
        backend: what runs the converted net.
        settings: how images are searched.
    """

    def __init__(self, backend: Backend, settings: DetectSettings | None = None) -> None:
        self.header = backend.header
        self.settings = settings or DetectSettings.model_validate(self.header.detect)
        self.backend = MirroredBackend(backend) if self.settings.mirrored else backend
        self.plan = level_plan(self.header, self.settings)
        self.scorer = ScorerTogether(self.backend, self.settings.images_per_pass)
        self.selection = Selection(
            overlap=self.settings.nms_overlap,
            measure=self.settings.nms_measure,
            across_classes=self.settings.nms_across_classes,
            voting=self.settings.box_voting,
            keep=self.settings.keep,
            limit=self.settings.max_detections,
        )
        self._threshold = Threshold(self.header, self.settings, self.plan)

    @classmethod
    def load(
        cls,
        model: str | Path = "person",
        *,
        backend: str = "auto",
        device: str | None = None,
        config: str | Path | None = None,
        **settings: Any,
    ) -> "Detector":
        """A detector from a shipped model's name, a model file or an exported one.

        Args:
            model: name or path.
            backend: `auto` or a backend's name.
            device: as the backend names it; None means its best.
            config: a settings file whose `[detect]` table goes over the model's own settings.
            **settings: of `DetectSettings`, over both; None means not given.

        Raises:
            ModelError: there is no such model, or its file is damaged.
            SettingsError: a setting is unknown or out of range.
            ConversionError: the net allows no such stride.
        """
        given = {key: value for key, value in settings.items() if value is not None}
        if config is not None:
            file = read_settings(Path(config)).detect.model_dump(exclude_unset=True)
            given = _laid_over(file, given)
        settings = _laid_over(read_header(find_model(model)).detect, given)
        checked = read_settings(None, {"detect": settings}).detect
        how = (checked.stride, checked.threads, checked.precision)
        opened = open_backend(model, backend, device, *how)
        log.info("%s runs on %s; set: %s", model, opened.name, settings or "nothing")
        return cls(opened, checked)

    def __call__(self, image: ImageSource) -> Detections:
        """The objects in an image: a path or address, a PIL image, or RGB uint8 `(h, w, 3)`.

        Raises:
            ImageError: the image cannot be read or searched; its `kind` says why.
        """
        try:
            return self._find_in(self._open(image)).detections
        except ImageError as error:
            if not isinstance(image, str | Path | Address):
                raise
            raise ImageError(error.kind, f"{image}: {error}") from error

    def search(self, image: ImageSource) -> Search:
        """The objects in an image, with all score maps that led to them; raises as a call does.

        An image is never searched in tiles here: it must be one that can be read whole.
        """
        return self._search(self.read(image))

    def at_full_size(self, search: Search | TiledSearch, path: Place) -> Search | TiledSearch:
        """The same, with all pixels of its file, for pictures of it.

        Raises:
            ImageError: the file cannot be read any more.
        """
        if isinstance(search, TiledSearch) or not search.image.halved:
            return search
        with local_file(path) as file:
            return replace(search, image=self._read(file, 0))

    def read(self, image: ImageSource) -> LoadedImage:
        """An image, as small as a file's decoder can make it without a level missing anything.

        Raises:
            ImageError: it cannot be read.
        """
        if not isinstance(image, str | Path | Address):
            return from_pil(image) if isinstance(image, Image.Image) else from_array(image)
        with local_file(place(image)) as path:
            return self._read(path, self.halvings)

    @property
    def halvings(self) -> int:
        """How often any image is halved before its largest level is made."""
        return halvings(self.plan.largest_scale) if self.settings.reduced_reading else 0

    @property
    def preparation(self) -> Preparation:
        """How images are read and packed in other processes, for `start`.

        They are only read where the network's device makes the canvases itself.
        """
        packed = self.header.exact and self.scorer.frames is None
        plan = self.plan if packed else None
        return Preparation(
            self.settings.allow_truncated,
            self.halvings,
            plan,
            dense.MAX_PASS_PIXELS,
            self.stream_pixels,
            self.settings.max_pixels,
            self.settings.max_file_bytes,
        )

    @property
    def stream_pixels(self) -> int:
        """Pixels of an image or a level above which the search goes in tiles.

        A padded net's tiles would not be its map: it searches whole what can be read whole.
        """
        return self.settings.stream_pixels if self.header.exact else DEFAULT_MAX_PIXELS

    def in_tiles(self, image_hw: tuple[int, int]) -> bool:
        """Whether an image of this size is searched in tiles, or refused by a padded net."""
        levels = plan_pyramid(image_hw, self.plan) if self.header.exact else []
        sizes = [image_hw, *(level.size_hw for level in levels)]
        return any(height * width > self.stream_pixels for height, width in sizes)

    def score_prepared(self, prepared: PreparedImage) -> list[ScoreMap]:
        """The score maps of an image that was read and packed elsewhere.

        Raises:
            ImageError: no window fits.
        """
        (score_maps,) = self.start([prepared])()
        return score_maps

    def start(self, group: Sequence[PreparedImage]) -> WaitForScores:
        """What gives the score maps of images of one `form`, which a device may be at work on.

        Raises:
            ImageError: no window fits.
            MemoryError: there is too little for one of them alone.
        """
        return self.scorer.start(group, self.levels(group[0].image_hw))

    def levels(self, image_hw: tuple[int, int]) -> list[Level]:
        """The pyramid of an image of this size.

        Raises:
            ImageError: no window fits.
        """
        levels = plan_pyramid(image_hw, self.plan)
        if not levels:
            raise ImageError("too_small", why_too_small(self.plan, image_hw))
        return levels

    def find(
        self, image_hw: tuple[int, int], score_maps: list[ScoreMap]
    ) -> tuple[Detections, Candidates, tuple[str, ...]]:
        """The objects that the score maps of an image show.

        Returns:
            The detections, the cell behind each, and what the user should know.
        """
        candidates = decode(score_maps, self.header, self.selection.smallest_score)
        return self._select(candidates, image_hw)

    def threshold(self, image_hw: tuple[int, int]) -> float:
        """Smallest score worth showing in an image of this size; see `Threshold`."""
        return self._threshold(image_hw)

    def windows(self, image_hw: tuple[int, int]) -> int:
        """Number of windows searched in an image of this size, over all levels."""
        return count_windows(image_hw, self.plan)

    def result(
        self,
        path: Place,
        name: str | None = None,
        *,
        heat: bool = False,
        progress: Progress = silent,
        store: StoreImage = store_image,
    ) -> tuple[ImageResult, Search | TiledSearch | None]:
        """One file's record, a failure included, and the search where there was one.

        Args:
            path: of the image.
            name: what the record calls it; None means the path.
            heat: whether a search in tiles keeps a heat map.
            progress: of a search in tiles, in megapixels.
            store: lays a huge image on disk.
        """
        name = path.as_posix() if name is None else name
        return self._result(name, lambda: self._open(path, progress, store), heat, progress)

    def frame_result(
        self, frame: Frame, name: str, *, heat: bool = False
    ) -> tuple[ImageResult, Search | TiledSearch | None]:
        """A frame's record and search, as those of a photo with its pixels.

        Args:
            frame: of a clip or a stream.
            name: what the record calls it.
            heat: whether a search in tiles keeps a heat map.
        """
        image = LoadedImage(frame.pixels, frame.warnings)
        result, search = self._result(name, lambda: image, heat, silent)
        return replace(result, video=frame.video), search

    def _result(
        self,
        name: str,
        read: Callable[[], LoadedImage | HalfStore],
        heat: bool,
        progress: Progress,
    ) -> tuple[ImageResult, Search | TiledSearch | None]:
        height = width = None
        try:
            image = read()
            height, width = image.image_hw
            search = self._find_in(image, heat, progress)
        except (ImageError, MemoryError) as error:
            failure = failure_of(error)
            log.info("%s: %s: %s", name, failure.kind, failure.message)
            return ImageResult(name, width, height, None, failure), None
        log.info("%s: %dx%d px, %d detections", name, width, height, len(search.detections))
        return ImageResult(name, width, height, search.detections, None, search.warnings), search

    def prepared_result(
        self, name: str, prepared: PreparedImage, score_maps: list[ScoreMap]
    ) -> ImageResult:
        """The record of an image that was read elsewhere, from its score maps."""
        detections, _, warnings = self.find(prepared.image_hw, score_maps)
        height, width = prepared.image_hw
        return ImageResult(name, width, height, detections, None, prepared.warnings + warnings)

    def _open(
        self, image: ImageSource, progress: Progress = silent, store: StoreImage = store_image
    ) -> LoadedImage | HalfStore:
        """An image, read whole, or onto the disk where it is huge.

        Raises:
            ImageError: it cannot be read.
        """
        if not isinstance(image, str | Path | Address):
            return self.read(image)
        with local_file(place(image)) as path:
            return self._open_file(path, progress, store)

    def _open_file(
        self, path: Path, progress: Progress, store: StoreImage
    ) -> LoadedImage | HalfStore:
        huge = huge_header(path, self.stream_pixels)
        if huge is None:
            return self.read(path)
        if not self.header.exact:
            raise ImageError(
                "too_large",
                f"the picture has {huge.pixels:,} pixels, and above {self.stream_pixels:,} it is "
                f"searched in tiles, which the padded net {self.header.net} cannot do exactly; "
                "use an unpadded net, or shrink the picture",
            )
        return store(path, huge, streaming_rules(self.settings), progress)

    def _read(self, path: Path, halvings: int) -> LoadedImage:
        """A file, read whole within the limits that are set."""
        return read_image(
            path,
            allow_truncated=self.settings.allow_truncated,
            max_pixels=self.settings.max_pixels,
            max_file_bytes=self.settings.max_file_bytes,
            halvings=halvings,
        )

    def _find_in(
        self, image: LoadedImage | HalfStore, heat: bool = False, progress: Progress = silent
    ) -> Search | TiledSearch:
        if isinstance(image, HalfStore):
            return self._search_tiles(image, tuple(image.notes), heat, progress)
        if self.header.exact and self.in_tiles(image.image_hw):
            return self._search_tiles(image.halves(), image.warnings, heat, progress)
        return self._search(image)

    def _search_tiles(
        self, octaves: Octaves, warnings: tuple[str, ...], heat: bool, progress: Progress
    ) -> TiledSearch:
        levels = self.levels(octaves.image_hw)
        heat_map = LargeHeatMap(octaves.image_hw, levels, self.header) if heat else None
        keep = self.selection.smallest_score
        found = find_in_tiles(self.backend, octaves, levels, keep, heat_map, progress)
        detections, candidates, more = self._select(found, octaves.image_hw)
        rows, cols = levels[0].grid(self.header.crop_hw, self.header.stride_hw).size_hw
        size = f"searched in tiles: the largest score map has {rows:,} rows and {cols:,} columns"
        warnings = (*warnings, size, *more)
        return TiledSearch(octaves, levels, detections, candidates, warnings, heat_map)

    def _search(self, image: LoadedImage) -> Search:
        levels = self.levels(image.image_hw)
        score_maps = self._score(image, levels)
        detections, candidates, warnings = self.find(image.image_hw, score_maps)
        return Search(image, levels, score_maps, detections, candidates, image.warnings + warnings)

    def _select(
        self, candidates: Candidates, image_hw: tuple[int, int]
    ) -> tuple[Detections, Candidates, tuple[str, ...]]:
        """What stays of all candidates of an image; see `find`."""
        selected = select(candidates, len(self.header.labels), self.selection)
        detections, index = to_detections(selected, self.header, image_hw)
        warnings: tuple[str, ...] = ()
        if len(detections) == self.settings.max_detections:
            warnings = (f"only the {len(detections)} best detections are kept (--max-detections)",)
        return detections, selected.take(index), warnings

    def _score(self, image: LoadedImage, levels: list[Level]) -> list[ScoreMap]:
        bare = PreparedImage(image.image_hw, image.warnings, None, image)
        (score_maps,) = self.scorer.start([bare], levels)()
        return score_maps


def failure_of(error: ImageError | MemoryError) -> Failure:
    """What the record of an image says whose search ended so."""
    if isinstance(error, ImageError):
        return Failure(error.kind, str(error))
    return Failure(
        "out_of_memory",
        "memory ran out while the image was searched, in the smallest passes, too; free some, or "
        "look for larger objects only (--min-height)",
    )


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Both, `above` going first; its threshold or false alarms hide either of those below."""
    shown = {"threshold", "false_alarms"}
    hidden = shown if shown & above.keys() else set()
    return {**{key: value for key, value in below.items() if key not in hidden}, **above}
