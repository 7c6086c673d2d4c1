"""run.json, read again: what a finished run was made with, and whether runs belong together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, NonNegativeInt, ValidationError

from fcn_detect.batch.header import NOT_SEARCHED_WITH, NUMERICS
from fcn_detect.batch.machine import Machine
from fcn_detect.batch.outputs import MAX_BYTES, RUN_NAME
from fcn_detect.batch.shards import Shard
from fcn_detect.bounded import read_bounded
from fcn_detect.config import DetectSettings, check_settings
from fcn_detect.errors import DataError, SettingsError
from fcn_detect.formats import WRITERS
from fcn_detect.results import ModelHeader


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class _Model(_Open):
    path: InstanceOf[str]
    sha256: str


class _Settings(_Open):
    sha256: str


class _Machine(_Open):
    model_config = ConfigDict(extra="forbid")

    backend: str
    backend_version: str
    place: str
    threads: int
    instruction_set: str
    images: NonNegativeInt


class _Counts(_Open):
    total: NonNegativeInt
    done: NonNegativeInt
    failed: NonNegativeInt
    resumed: NonNegativeInt
    inferred: NonNegativeInt


class _Run(_Open):
    """What run.json holds that others rely on."""

    version: str
    model: _Model
    settings: _Settings
    searched_with: dict[str, Any]
    folder: InstanceOf[str]
    shard: Annotated[str, Field(pattern="^[0-9]{1,9}/[0-9]{1,9}$")] | None
    labels: list[str]
    formats: list[Literal[*WRITERS]]  # type: ignore[valid-type]
    machines: list[_Machine]
    warnings: list[InstanceOf[str]]
    counts: _Counts
    seconds: float
    finished: str


@dataclass(frozen=True)
class RunFacts:
    """What a finished run says of itself.

    Attributes:
        run: its folder.
        content: of run.json.
        machines: what made its records, and how many of them.
    """

    run: Path
    content: dict[str, Any]
    machines: dict[Machine, int]

    @property
    def header(self) -> ModelHeader:
        """What the model says of itself, without its training; a DataError if it is damaged."""
        try:
            return ModelHeader.model_validate(self.content["model"].get("header"))
        except ValidationError:
            raise _damaged(self.run) from None

    @property
    def settings(self) -> DetectSettings:
        """How the images were searched; raises as `told_settings` does."""
        return told_settings(self.run, self.content["settings"])

    @property
    def asked(self) -> dict[str, Any]:
        """The settings that were asked for, without what follows from the machine."""
        left_out = {*NUMERICS, *NOT_SEARCHED_WITH} - {"backend"}
        return {k: v for k, v in self.content["searched_with"].items() if k not in left_out}

    @property
    def shard(self) -> Shard | None:
        """The part of the folder that was searched; None: all of it."""
        text = self.content["shard"]
        return None if text is None else Shard.parse(text)


def read_facts(run: Path) -> RunFacts:
    """What a finished run says of itself.

    Raises:
        DataError: there is no such run, or it is not finished.
    """
    try:
        content = json.loads(read_bounded(run / RUN_NAME, MAX_BYTES))
        found = _Run.model_validate(content).machines
    except FileNotFoundError:
        raise DataError(
            f"{run}: no {RUN_NAME}; expected a finished run; let `fcn-detect batch` finish it"
        ) from None
    except (ValueError, RecursionError):
        raise _damaged(run) from None
    machines = {Machine(**one.model_dump(exclude={"images"})): one.images for one in found}
    return RunFacts(run, content, machines)


def told_settings(run: Path, told: Mapping[str, Any]) -> DetectSettings:
    """How the images of a run were searched, of what run.json tells of it.

    Raises:
        SettingsError: there is no such setting, or it is out of range.
    """
    asked = {key: value for key, value in told.items() if key != "sha256"}
    return check_settings({"detect": asked}, f"{run / RUN_NAME}: ").detect


def check_alike(facts: Sequence[RunFacts]) -> None:
    """Nothing, if records of the runs may stand side by side; what machines they had is free.

    Raises:
        SettingsError: model, settings or version differ; names both digests.
    """
    first = facts[0]
    for other in facts[1:]:
        for what, key in (("models", "model"), ("settings", "settings")):
            same = first.asked == other.asked if key == "settings" else _same(first, other, key)
            if not same:
                digests = [one.content[key]["sha256"][:12] for one in (first, other)]
                _refuse(first, other, f"different {what}, {digests[0]} and {digests[1]}")
        versions = [one.content["version"] for one in (first, other)]
        if versions[0] != versions[1]:
            _refuse(first, other, f"different versions, {versions[0]} and {versions[1]}")


def check_complete(facts: Sequence[RunFacts]) -> None:
    """Nothing, if the runs are all shards of a folder, or none is a shard.

    Raises:
        DataError: a shard is missing or there twice, or they are of different partings.
    """
    shards = [one.shard for one in facts]
    if not any(shards):
        return
    counts = sorted({shard.count if shard else 1 for shard in shards})
    if len(counts) > 1:
        raise DataError(
            f"the runs are shards of {' and of '.join(map(str, counts))}; expected one parting"
        )
    found = sorted(shard.index for shard in shards if shard)
    missing = [str(i) for i in range(1, counts[0] + 1) if i not in found]
    twice = sorted({str(i) for i in found if found.count(i) > 1})
    if missing or twice:
        wrong = f"shard {', '.join(missing)} is missing" if missing else ""
        wrong += f"{'; ' if missing and twice else ''}" + (
            f"shard {', '.join(twice)} is there twice" if twice else ""
        )
        raise DataError(f"{wrong}; expected each of the {counts[0]} shards once")


def _damaged(run: Path) -> DataError:
    return DataError(f"{run / RUN_NAME}: it is damaged, or of another version")


def _same(first: RunFacts, other: RunFacts, key: str) -> bool:
    return bool(first.content[key]["sha256"] == other.content[key]["sha256"])


def _refuse(first: RunFacts, other: RunFacts, difference: str) -> None:
    raise SettingsError(
        f"{first.run} and {other.run} were made with {difference}; merge runs of one model, one "
        "table of settings and one version"
    )
