"""A folder through `batch`, beside what preparing and the network could do alone."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from fcn_detect.backends import BACKENDS, open_backend
from fcn_detect.batch import BatchJob, run_batch, share_cores
from fcn_detect.batch.decoders import DecoderPool
from fcn_detect.bench.turns import Times, Work
from fcn_detect.detect import Detector
from fcn_detect.errors import ImageError
from fcn_detect.images import PreparedImage
from fcn_detect.processes import available_cores

BATCH, PREPARING, NETWORK = "batch", "preparing alone", "network alone"
TIMEOUT_S = 60.0
# Images that the network alone is timed on: every one costs it the same.
MOST_ALONE = 20


@dataclass(frozen=True)
class FolderSpeed:
    """Images a second.

    Attributes:
        images: in the folder.
        workers: processes that read and resize.
        batch: of the real run, from start to written records.
        preparing: read and resized by the processes, their start included; nothing else runs.
        network: on images that lie ready.
    """

    images: int
    workers: int
    batch: float
    preparing: float
    network: float

    @property
    def limit(self) -> str:
        """The slower of the two."""
        return "preparing" if self.preparing < self.network else "network"

    @property
    def share_of_limit(self) -> float:
        """Of the images a second of the slower one that the real run reaches."""
        return self.batch / min(self.preparing, self.network)

    @property
    def in_sequence(self) -> float:
        """Images a second if both had all cores to themselves, one after the other.

        The network and the processes share the cores: where both keep all of them busy, this is
        what to expect, and the slower limit is out of reach.
        """
        return 1 / (1 / self.preparing + 1 / self.network)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "limit": self.limit,
            "share_of_limit": self.share_of_limit,
            "in_sequence": self.in_sequence,
        }


class FolderBench:
    """The works of `FolderSpeed`, to be timed.

    Args:
        detector: searches.
        model: its file.
        copies: images of one folder.
        prepared: some of them, as the network gets them.
        run: a folder for results, replaced by every run.
    """

    def __init__(
        self,
        detector: Detector,
        model: Path,
        copies: Sequence[Path],
        prepared: Sequence[PreparedImage],
        run: Path,
    ) -> None:
        self.detector, self.model, self.copies, self.run = detector, model, copies, run
        self.workers = max(1, min(available_cores(), len(copies)))
        self._searcher, self._networks = _as_batch_does(detector, model)
        self._ready = list(islice(cycle(prepared), min(len(copies), MOST_ALONE)))
        self._score()  # warms up

    def works(self) -> dict[str, Work]:
        """What is to be timed."""
        return {BATCH: self._batch, PREPARING: self._prepare, NETWORK: self._score}

    def result(self, times: Times) -> FolderSpeed:
        """What the times say."""
        count = len(self.copies)
        return FolderSpeed(
            count,
            self.workers,
            batch=count / times[BATCH],
            preparing=count / times[PREPARING],
            network=len(self._ready) / times[NETWORK],
        )

    def _batch(self) -> None:
        shutil.rmtree(self.run, ignore_errors=True)
        folder, networks = self.copies[0].parent, self._networks
        run_batch(BatchJob(folder, self.run, self.model, networks=networks), self._searcher)

    def _prepare(self) -> None:
        with DecoderPool(self.workers, TIMEOUT_S, self.detector.preparation) as pool:
            for answer in pool.prepare(self.copies):
                if answer.failure is not None:
                    raise ImageError(answer.failure.kind, answer.failure.message)

    def _score(self) -> None:
        for prepared in self._ready:
            self.detector.score_prepared(prepared)


def _as_batch_does(detector: Detector, model: Path) -> tuple[Detector, int]:
    """A detector whose passes share the cores, and how many there are at once."""
    backend, settings = detector.backend, detector.settings
    threads, networks = share_cores(backend)
    if backend.name not in BACKENDS or threads == backend.threads:
        return detector, networks
    how = (backend.place, settings.stride, threads, settings.precision)
    return Detector(open_backend(model, backend.name, *how), settings), networks
