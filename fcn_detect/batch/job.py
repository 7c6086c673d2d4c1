"""What a run is asked to do, and what it came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fcn_detect.batch.shards import Shard
from fcn_detect.errors import DataError
from fcn_detect.images import Place


@dataclass(frozen=True)
class RayCluster:
    """Where the Ray engine works.

    Attributes:
        address: of a cluster that is there; None: that of `RAY_ADDRESS`, or else a local one for
            the time of the run.
        gpus_per_worker: share of a GPU that each worker takes; 0: processors only.
        device: where the workers' networks run; None: a GPU where they take one.
    """

    address: str | None = None
    gpus_per_worker: float = 0.0
    device: str | None = None


@dataclass(frozen=True)
class BatchJob:
    """What to search, and where the results go.

    Attributes:
        folder: searched with all folders in it; a path, or an address that fsspec knows.
        run: the run's folder: results.jsonl, run.json, the journal, one file per format.
        model: the model file, for its digest.
        workers: processes that read and resize, or Ray's workers; None means as many as fit.
        networks: images that the local engine's network searches at once.
        formats: keys of `fcn_detect.formats.WRITERS`, beside those that earlier starts wrote.
        overwrite: whether to forget an earlier run in the same folder.
        retry_failed: whether to try images again that failed in a lasting way.
        check_content: whether a file has changed when its content has, rather than its time.
        timeout_s: seconds that reading and resizing one image may take.
        shard: the part of the folder to search; None: all of it.
        engine: a key of `fcn_detect.batch.ENGINES`.
        ray: for the engine of that name.
    """

    folder: Place
    run: Path
    model: Path
    workers: int | None = None
    networks: int = 1
    formats: Sequence[str] = ()
    overwrite: bool = False
    retry_failed: bool = False
    check_content: bool = False
    timeout_s: float = 60.0
    shard: Shard | None = None
    engine: str = "local"
    ray: RayCluster = RayCluster()

    @property
    def own_folder(self) -> Path:
        """Where pictures of this run itself may lie, which are never searched."""
        inside = isinstance(self.folder, Path) and self.run.resolve() == self.folder.resolve()
        return self.run / "report" if inside else self.run

    def check_folder(self) -> None:
        """Nothing, if there is such a folder.

        Raises:
            DataError: there is none.
        """
        if isinstance(self.folder, Path) and self.folder.is_file():
            raise DataError(
                f"{self.folder}: it is a file; give its folder, or use `fcn-detect detect`"
            )
        if not self.folder.is_dir():
            raise DataError(f"{self.folder}: there is no such folder of images")


@dataclass(frozen=True)
class BatchSummary:
    """What a run came to, in images.

    Attributes:
        total: in the folder, or in its shard.
        done: with detections, none or many.
        failed: with a failure.
        resumed: taken from the journal of an earlier start.
        inferred: searched by this start.
        seconds: that this start took.
        warnings: what the user should know of the run as a whole.
    """

    total: int
    done: int
    failed: int
    resumed: int
    inferred: int
    seconds: float
    warnings: tuple[str, ...] = ()
