"""A run in, a page out that opens without a server and without a network."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from fcn_detect.detect import Detector
from fcn_detect.files import write_atomically
from fcn_detect.images import Place
from fcn_detect.processes import available_cores
from fcn_detect.report.page.about import about_run, repeats_text
from fcn_detect.report.page.choice import (
    Choice,
    rank_by_chance,
    rank_by_difference,
    rank_by_score,
)
from fcn_detect.report.page.costs import Costs
from fcn_detect.report.page.entries import EntryWriter
from fcn_detect.report.page.folder import INDEX_NAME, page_folder, write_data, write_frame
from fcn_detect.report.page.job import PageJob, PageSummary
from fcn_detect.report.page.pictures import Drawn, draw_heat, draw_pictures
from fcn_detect.report.page.repeats import RepeatFinder, RepeatRule, Spot, SpotIndex
from fcn_detect.report.page.run_source import RunSource
from fcn_detect.report.page.side_by_side import SideBySide
from fcn_detect.results import ImageResult, Progress, silent

SHARD_IMAGES = 500
REPEATS_NAME = "repeats.json"

Pair = tuple[ImageResult, ImageResult | None]


def write_page(
    job: PageJob, detector: Detector | None = None, progress: Progress = silent
) -> PageSummary:
    """Writes a page that shows a run, and `repeats.json` beside its index.

    The records are walked through twice, so that memory grows with what is shown and not with the
    run.

    Args:
        job: what to show.
        detector: that of the run, for heat maps; None: there are none.
        progress: told how far each step is.

    Raises:
        DataError: there is no such run, or a record is damaged.
        SettingsError: the page's folder holds something else.
        OSError: the page cannot be written.
    """
    return PageWriter(job, detector, progress).write()


class PageWriter:
    """Writes one page; see `write_page`."""

    def __init__(self, job: PageJob, detector: Detector | None, progress: Progress) -> None:
        self.job, self.detector, self.progress = job, detector, progress
        self.run = RunSource.open(job.run, job.images)
        self.other = None if job.beside is None else RunSource.open(job.beside)
        self.costs = Costs.of(self.run)
        self.rule = RepeatRule(job.repeats, least_score=self.costs.threshold / 2)
        self._windows = lru_cache(maxsize=1000)(self.costs.windows)
        self._windows_sum = self._searched = 0
        self._pictureless: list[str] = []

    def write(self) -> PageSummary:
        """Writes it all."""
        with page_folder(self.job.page) as folder:
            choice, spots, only_other = self._survey()
            shown = choice.numbers()
            self._write_images(folder, shown, choice, spots, only_other)
            write_atomically(folder / REPEATS_NAME, repeats_text(self.rule, spots))
        return PageSummary(
            index=self.job.page / INDEX_NAME,
            total=choice.total,
            shown=len(shown),
            without_picture=len(self._pictureless),
            spots=len(spots),
            only_beside=only_other,
            first_note=next(iter(self._pictureless), ""),
        )

    def _survey(self) -> tuple[Choice, list[Spot], int]:
        """Which images to show, the spots of the run, and how many only the other run has."""
        choice, finder = Choice(self.job.limit), RepeatFinder(self.rule)
        pairs = self._pairs()
        expected = int(self.run.facts.get("counts", {}).get("total", 0))
        for result, other in pairs:
            finder.see(result)
            choice.see(self._rank(result, other), result.failure is not None)
            if choice.total % 1000 == 0:
                self.progress("reading records", choice.total, max(expected, choice.total))
        self.progress("reading records", choice.total, choice.total)
        return choice, finder.spots(), pairs.only_second

    def _pairs(self) -> SideBySide:
        other = None if self.other is None else self.other.records()
        return SideBySide(self.run.records(), other)

    def _rank(self, result: ImageResult, other: ImageResult | None) -> tuple[float, ...]:
        if self.job.sample:
            return rank_by_chance(result)
        if self.other is not None:
            return rank_by_difference(result, other, self.costs.threshold)
        return rank_by_score(result)

    def _write_images(
        self, folder: Path, shown: set[int], choice: Choice, spots: list[Spot], only_other: int
    ) -> None:
        """Pictures and data of all images shown, then the page around them."""
        header = self.run.header
        writer = EntryWriter(header.labels if header else (), self.job.keep)
        index = SpotIndex(spots, self.rule.overlap)
        chosen = (pair for number, pair in enumerate(self._pairs()) if number in shown)
        shards: list[str] = []
        with ThreadPoolExecutor(available_cores()) as pool:
            for shard in _chunks(chosen, SHARD_IMAGES):
                start = len(shards) * SHARD_IMAGES
                drawn = self._draw(pool, folder, start, shard)
                entries = []
                for number, (result, other) in enumerate(shard):
                    found = index.spots_of(result)
                    entries.append(writer.entry(result, drawn[number], found, other))
                    self._count(result, drawn[number])
                self._add_heat(folder, start, shard, entries)
                shards.append(f"data/{len(shards):04d}.js")
                write_data(folder / shards[-1], "receive", entries)
                self.progress("making pictures", start + len(shard), len(shown))
        about = about_run(self.run, self.costs, self.job.page) | {
            "beside": None if self.other is None else self.other.name,
            "onlyBeside": only_other,
            "labels": writer.labels,
            "keep": self.job.keep,
            "windowsPerImage": self._windows_sum / self._searched if self._searched else 0,
            "images": choice.total,
            "shown": len(shown),
            "failed": choice.failed,
            "chosen": "sample" if self.job.sample else "differences" if self.other else "best",
            "spots": [[*spot.view, list(spot.box), spot.images] for spot in spots],
        }
        write_frame(folder, self.run.title, about, shards)

    def _draw(
        self, pool: ThreadPoolExecutor, folder: Path, start: int, shard: list[Pair]
    ) -> list[Drawn]:
        """The pictures of some images, as many at a time as there are processors."""

        def draw(number: int) -> Drawn:
            result = shard[number][0]
            if result.failure is not None:
                return Drawn(False)
            thumbnail, picture = (
                _picture(folder, kind, start + number) for kind in ("thumbnails", "pictures")
            )
            height, width = result.height, result.width
            searched = (height, width) if height and width else None
            where = self._path(result)
            return draw_pictures(where, thumbnail, picture, self.job.picture_side, searched)

        return list(pool.map(draw, range(len(shard))))

    def _add_heat(
        self, folder: Path, start: int, shard: list[Pair], entries: list[dict[str, Any]]
    ) -> None:
        if self.detector is None:
            return
        for number, (result, _) in enumerate(shard):
            if "picture" in entries[number]:
                path = _picture(folder, "heat", start + number)
                entries[number]["heat"] = draw_heat(self.detector, self._path(result), path)
            self.progress("making heat maps", number + 1, len(shard))

    def _path(self, result: ImageResult) -> Place:
        return (self.run.images or Path()) / result.image

    def _count(self, result: ImageResult, drawn: Drawn) -> None:
        if result.failure is None and result.width is not None and result.height is not None:
            self._windows_sum += self._windows((result.height, result.width))
            self._searched += 1
        if drawn.note:
            self._pictureless.append(f"{result.image}: {drawn.note}")


def _picture(folder: Path, kind: str, number: int) -> Path:
    """The file of an image's picture: named by number, whatever the image is called."""
    suffix = "png" if kind == "heat" else "jpg"
    return folder / kind / f"{number // SHARD_IMAGES:04d}" / f"{number:06d}.{suffix}"


def _chunks(pairs: Iterable[Pair], size: int) -> Iterator[list[Pair]]:
    stream = iter(pairs)
    while chunk := list(islice(stream, size)):
        yield chunk
