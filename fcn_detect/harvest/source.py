"""What a run says that a harvest needs: its model, its images, its records."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_detect.batch import RUN_NAME, model_digest, read_facts, told_settings
from fcn_detect.bounded import bounded_lines, open_regular
from fcn_detect.config import DetectSettings
from fcn_detect.errors import DataError, FcnDetectError, SettingsError
from fcn_detect.formats import RESULTS_NAME, parse_result, record_name
from fcn_detect.harvest.job import HarvestJob
from fcn_detect.headers import read_header
from fcn_detect.images import Place, place
from fcn_detect.results import ImageResult, ModelHeader


@dataclass(frozen=True)
class Source:
    """Where crops come from.

    Attributes:
        images: folder of the images.
        model: the model's file.
        header: what it says of itself.
        digest: SHA-256 of the model's file, hexadecimal.
        settings: that the images were searched with.
    """

    images: Place
    model: Path
    header: ModelHeader
    digest: str
    settings: DetectSettings

    @classmethod
    def of(cls, job: HarvestJob) -> "Source":
        """The run's own, or what the job names in their place.

        Raises:
            DataError: the run is not finished, or its images are not where it says.
            ModelError: the model's file is missing or damaged.
            SettingsError: the run was made with another file than lies at the model's place, or by
            another version of this program.
        """
        content = _facts(job)
        images = job.images or place(content["folder"])
        if not images.is_dir():
            raise DataError(f"{images}: no such folder; name that of the run's images (--images)")
        model = job.model or Path(content["model"]["path"])
        if not model.is_file():
            raise DataError(f"{model}: no such file; name the model (-m) whose crops to cut")
        header, digest = read_header(model), model_digest(model)
        if job.model is None and digest != content["model"]["sha256"]:
            raise SettingsError(
                f"{model}: not the file that {job.run} was made with; name the model (-m) whose "
                "crops to cut"
            )
        settings = told_settings(job.run, content.get("settings", header.detect))
        return cls(images, model, header, digest, settings)


def _facts(job: HarvestJob) -> dict[str, Any]:
    """run.json; nothing where it is not there, as after `detect`, and nothing of it is needed."""
    if (job.run / RUN_NAME).is_file() or job.model is None or job.images is None:
        return read_facts(job.run).content
    return {}


def read_records(run: Path, images: Collection[str]) -> dict[str, ImageResult]:
    """The records of some of a run's images, by name.

    Raises:
        DataError: there is no results file, one of its records is damaged, or an image has none.
    """
    path, wanted = run / RESULTS_NAME, set(images)
    found: dict[str, ImageResult] = {}
    try:
        with open_regular(path) as file:
            for number, line in enumerate(bounded_lines(file), start=1):
                if record_name(line) in wanted:
                    found |= _record(path, number, line)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected a run's folder") from None
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {error}") from None
    missing = sorted(wanted - found.keys())
    if missing:
        raise DataError(
            f"{run}: {len(missing)} corrected images have no record, the first is "
            f"'{missing[0]}'; give the run that was corrected"
        )
    return found


def _record(path: Path, number: int, line: bytes) -> dict[str, ImageResult]:
    try:
        result = parse_result(line.decode())
    except (FcnDetectError, UnicodeDecodeError) as error:
        raise DataError(f"{path}, line {number}: {error}") from None
    return {result.image: result}
