"""One export: a model file in; a file that runs without PyTorch out, and a report."""

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fcn_detect.backends import Backend, Pixels, open_backend
from fcn_detect.backends.torch_backend import TorchBackend
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.export.equivalence import EquivalenceReport, compare_backends, sample_images
from fcn_detect.export.frames import find_frames
from fcn_detect.export.int8 import Calibration, Int8Attempt, find_int8
from fcn_detect.export.targets import Target, target_of
from fcn_detect.headers import probe_image, probe_values
from fcn_detect.nets import load_model
from fcn_detect.nets.graph_files import GRAPH_FORMATS, ConvertedModel, convert_model
from fcn_detect.nets.widening import widen_for_int8
from fcn_detect.results import ModelHeader, Progress, silent

# The user's own images that maps are compared on, at their own size.
MOST_OWN_IMAGES = 8


@dataclass(frozen=True)
class ExportJob:
    """What to export, and where to.

    Attributes:
        model: the model file.
        to: a key of `TARGETS`.
        output: the file to write.
        stride: pixels between windows; None means the model's own.
        calibration: the user's frames; needed for int8, else more images to compare maps on.
        int8: whether to compute with 8-bit integers.
        detect: settings of detection, over the model's own, that int8 is made and measured for.
    """

    model: Path
    to: str
    output: Path
    stride: int | None = None
    calibration: Calibration | None = None
    int8: bool = False
    detect: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportReport:
    """What became of an export.

    Attributes:
        output: the file.
        written: whether it was; not when maps differ, or int8 costs too much.
        equivalence: of the float32 graph to PyTorch.
        int8: the recipes tried, in turn; empty without int8.
    """

    output: Path
    written: bool
    equivalence: EquivalenceReport
    int8: list[Int8Attempt] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        tried = [
            {"recipe": one.recipe.name, "within": one.within, **one.cost.to_dict()}
            for one in self.int8
        ]
        facts = {"output": str(self.output), "written": self.written}
        return {**facts, "equivalence": self.equivalence.to_dict(), "int8": tried}


def export_model(job: ExportJob, progress: Progress = silent) -> ExportReport:
    """Exports a model and compares the export with PyTorch; writes it only if that holds.

    Raises:
        SettingsError: the target is unknown, or the file's name does not fit it.
        ModelError: the model file is missing or damaged.
        ConversionError: the net allows no such stride, or the target lacks an operation.
        MissingExtraError: a library that this takes is not installed.
        DataError: the frames or annotations for int8 cannot be used.
    """
    target = target_of(job.to, job.output)
    header, classifier = load_model(job.model)
    stride = header.tuned_stride if job.stride is None else job.stride
    reference = TorchBackend(header, classifier, "cpu", stride)
    model = convert_model(header, classifier, stride, job.model.name)
    progress("exporting", 0, 2, f"to {job.to}")
    fcn = widen_for_int8(model.fcn) if job.int8 else model.fcn
    graph = GRAPH_FORMATS[target.suffix].make(fcn)
    job.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=job.output.parent, prefix=".", suffix=".tmp", ignore_cleanup_errors=True
    ) as name:
        draft = _Draft(Path(name), target, model)
        floating = draft.save(graph)
        progress("exporting", 1, 2, "comparing maps")
        report = compare_backends(floating, reference, _images(job, reference.header))
        progress("exporting", 2, 2, f"{report.windows} windows compared")
        attempts: list[Int8Attempt] = []
        if job.int8 and report.holds:
            attempts = _to_int8(job, draft, graph, floating, progress)
        written = report.holds and all(one.within for one in attempts[-1:])
        if written:
            draft.put_in_place(job.output)
    return ExportReport(job.output, written, report, attempts)


class _Draft:
    """The file while it is made, in a folder of its own."""

    def __init__(self, folder: Path, target: Target, model: ConvertedModel) -> None:
        self.folder, self.target, self.model = folder, target, model
        self._numbers = itertools.count()

    def save(self, graph: Any, int8: bool = False) -> Backend:
        """Writes a graph under a new name, and opens it."""
        self.graph, self.path = graph, self.folder / f"net{next(self._numbers)}{self.target.suffix}"
        own = {"int8": True, "probe": ()} if int8 else None  # its values are not the float net's
        self._write(self.model.metadata(net=own))
        return open_backend(self.path, self.target.backend, "cpu")

    def note_int8(self, attempt: Int8Attempt) -> None:
        """Says in the file saved last what its 8-bit integers cost, and what they are to give."""
        cost = {"recipe": attempt.recipe.name, **attempt.cost.to_dict()}
        figures = {**self.model.header.figures, "int8": cost}
        backend = open_backend(self.path, self.target.backend, "cpu")
        header = backend.header
        maps = backend.maps(probe_image(header.crop_hw, header.stride_hw)[None])[0]
        own = {"int8": True, "probe": probe_values(maps)}
        self._write(self.model.metadata({"figures": figures}, own))

    def put_in_place(self, output: Path) -> None:
        """Moves the file saved last to its place, its weights first."""
        for suffix in (".bin", self.target.suffix):
            if (made := self.path.with_suffix(suffix)).exists():
                made.replace(output.with_suffix(suffix))

    def _write(self, metadata: dict[str, str]) -> None:
        GRAPH_FORMATS[self.target.suffix].save(self.graph, self.path, metadata)


def _to_int8(
    job: ExportJob, draft: _Draft, graph: Any, floating: Backend, progress: Progress
) -> list[Int8Attempt]:
    """Leaves the 8-bit graph as the draft, its cost in its header."""
    assert job.calibration is not None
    settings = DetectSettings.model_validate({**floating.header.detect, **job.detect})
    attempts = find_int8(
        graph,
        job.calibration,
        Detector(floating, settings),
        lambda graph: Detector(draft.save(graph, int8=True), settings),
        progress,
    )
    draft.note_int8(attempts[-1])
    return attempts


def _images(job: ExportJob, header: ModelHeader) -> Iterator[tuple[str, Pixels]]:
    """Images of the sizes that matter, then the user's own that hold a window."""
    yield from sample_images(header)
    if job.calibration is None:
        return
    whole = [
        frame
        for frame in find_frames(job.calibration.folder)
        if all(side >= crop for side, crop in zip(frame.size_hw, header.crop_hw, strict=True))
    ]
    for frame in whole[:MOST_OWN_IMAGES]:
        yield frame.name, frame.pixels()
