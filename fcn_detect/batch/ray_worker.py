"""What runs in each of Ray's workers."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_detect.batch.header import model_digest
from fcn_detect.batch.job import BatchJob
from fcn_detect.batch.local_engine import LocalEngine
from fcn_detect.batch.machine import Machine
from fcn_detect.detect import Detector
from fcn_detect.errors import ModelError
from fcn_detect.results import ImageResult


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker needs to begin; paths are those of every machine.

    Attributes:
        job: of the worker: its folder, and one process that reads.
        model: the model file.
        backend: what runs it.
        device: where; None: the backend's best.
        digest: of the model file, as the run's journal names it.
        settings: of the detector, the number of threads among them.
    """

    job: BatchJob
    model: Path
    digest: str
    backend: str
    device: str | None
    settings: dict[str, Any]


class Searcher:
    """A network and a process that reads for it; both stay for all images of the worker."""

    def __init__(self, spec: WorkerSpec) -> None:
        if model_digest(spec.model) != spec.digest:
            raise ModelError(
                f"{spec.model}: {model_digest(spec.model)[:12]} here, {spec.digest[:12]} where the "
                "run was started; the model file has changed, or is another one on this machine"
            )
        detector = Detector.load(
            spec.model, backend=spec.backend, device=spec.device, **spec.settings
        )
        self._engine = LocalEngine(spec.job, detector)

    def machine(self) -> Machine:
        """What the network runs on."""
        return self._engine.machine

    def search(self, names: list[str]) -> tuple[list[ImageResult], Machine, float]:
        """The records of some images, what made them, and the seconds that it took."""
        start = time.monotonic()
        results = [result for result, _ in self._engine.search(names)]
        return results, self._engine.machine, time.monotonic() - start
