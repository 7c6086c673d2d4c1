"""The run that a page is made of: its records, what it says of itself, where its images are."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fcn_detect.bounded import read_bounded
from fcn_detect.config import DetectSettings
from fcn_detect.errors import DataError
from fcn_detect.formats import RESULTS_NAME, iterate_results
from fcn_detect.images import Place, place
from fcn_detect.results import ImageResult, ModelHeader

RUN_NAME = "run.json"
MAX_BYTES = 64_000_000
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class RunSource:
    """A run folder, or a results.jsonl alone.

    Attributes:
        path: as the user gave it.
        facts: content of run.json; empty where there is none.
        images: folder that the records' names start from; None: nobody knows.
    """

    path: Path
    facts: dict[str, Any]
    images: Place | None

    @classmethod
    def open(cls, path: Path, images: Place | None = None) -> "RunSource":
        """A run; `images` goes over the folder that it names.

        Raises:
            DataError: there is no such run, or its run.json is damaged.
        """
        results = path / RESULTS_NAME if path.is_dir() else path
        if not results.is_file():
            raise DataError(
                f"{results}: no such file; expected a run's folder, or its {RESULTS_NAME}; "
                "`fcn-detect batch FOLDER -o RUN` makes them"
            )
        facts = _read_facts(results.parent / RUN_NAME)
        named = facts.get("folder")
        if images is None and isinstance(named, str):
            images = place(named)
        return cls(path, facts, images)

    def records(self) -> Iterator[ImageResult]:
        """All records, in order.

        Raises:
            DataError: while iterating: a line is damaged, or out of order.
        """
        before = None
        for result in iterate_results(self.path):
            if before is not None and result.image <= before:
                raise DataError(
                    f"{self.path}: '{result.image}' comes after '{before}'; expected records "
                    "sorted by image, as `batch` and `detect` write them"
                )
            before = result.image
            yield result

    @property
    def name(self) -> str:
        """The last part of the path that says something."""
        path = self.path.resolve()
        named = path.parent if path.name == RESULTS_NAME else path
        return named.name

    @property
    def title(self) -> str:
        """The name of the folder that was searched, or else of the run."""
        folder = self.facts.get("folder")
        return (Path(folder).resolve().name if isinstance(folder, str) else "") or self.name

    @property
    def identity(self) -> str:
        """What corrections call the run: the folder searched, and digests of model and settings."""
        digests = [str((self.facts.get(key) or {}).get("sha256", "")) for key in _DIGESTED]
        text = json.dumps([self.facts.get("folder", self.name), *digests])
        return (
            f"{self.title}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
        )

    @property
    def header(self) -> ModelHeader | None:
        """What the model says of itself; None where the run does not hold it."""
        return _checked(ModelHeader, (self.facts.get("model") or {}).get("header"))

    @property
    def settings(self) -> DetectSettings | None:
        """How the images were searched; None where the run does not say so."""
        settings = self.facts.get("settings") or {}
        return _checked(DetectSettings, {k: v for k, v in settings.items() if k != "sha256"})


_DIGESTED = ("model", "settings")


Checked = TypeVar("Checked", bound=BaseModel)


def _checked(kind: type[Checked], values: Any) -> Checked | None:
    """The values, where there are any and they can be meant."""
    try:
        return kind.model_validate(values) if values else None
    except ValidationError:
        return None


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(read_bounded(path, MAX_BYTES))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict) or not all(
        isinstance(facts.get(key, {}), dict) for key in _DIGESTED
    ):
        raise DataError(f"{path}: it is damaged; let `fcn-detect batch` write it again")
    return facts
