"""What is to be trained, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fcn_detect.config import Settings
from fcn_detect.results import ModelHeader

Say = Callable[[str], None]  # takes one line for the user


@dataclass(frozen=True)
class TrainingJob:
    """What to train, on what, and where it goes.

    Attributes:
        crops: folder of class folders.
        model: the model file to write.
        settings: all tables of the settings file.
        resume: whether to go on from the checkpoint.
        init: a model file whose weights to begin with.
        more_crops: further folders of class folders, such as those that `init` learned from.
        devices: processes of this machine that share the work, with a GPU each where there are
            any. The model is that of one process, to rounding.
    """

    crops: Path
    model: Path
    settings: Settings = field(default_factory=Settings)
    resume: bool = False
    init: Path | None = None
    more_crops: tuple[Path, ...] = ()
    devices: int = 1

    @property
    def folder(self) -> Path:
        """Where checkpoints, metrics, mined windows and plots go: `MODEL.train/`."""
        return self.model.with_suffix(".train")


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Attributes:
        header: of the model file.
        metrics: as in `metrics.json`.
        interrupted: whether it was stopped before its end; the best so far was kept.
    """

    header: ModelHeader
    metrics: dict[str, Any]
    interrupted: bool = False
