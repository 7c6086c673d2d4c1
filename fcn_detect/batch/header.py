"""What all records of a run were made with, and the refusal to mix them with others."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fcn_detect.batch.job import BatchJob
from fcn_detect.batch.machine import Machine
from fcn_detect.detect import Detector, dense
from fcn_detect.errors import SettingsError
from fcn_detect.files import sha256_of

# What is only shown, what a machine says for itself, and what is of clips alone.
NOT_SEARCHED_WITH = {"threshold", "false_alarms", "threads", "frame_stride"}


@dataclass(frozen=True)
class JournalHeader:
    """What the records of a run have in common; digests are SHA-256, hexadecimal.

    Two runs of equal headers on processors of one instruction set give the same bytes.

    Attributes:
        model: digest of the model file.
        settings: digest of `searched_with`.
        version: of this program, which says how a network's numbers lie in memory.
        shard: `I/N`; None: the whole folder.
        searched_with: settings and numerics, by name.
    """

    model: str
    settings: str
    version: str
    shard: str | None
    searched_with: dict[str, Any]

    @classmethod
    def of(cls, job: BatchJob, detector: Detector, machine: Machine) -> "JournalHeader":
        """The header of a job whose networks run on such a machine."""
        numerics = {key: value for key, value in asdict(machine).items() if key in NUMERICS}
        searched_with = {
            **detector.settings.model_dump(mode="json", exclude=NOT_SEARCHED_WITH),
            **numerics,
            "pass_pixels": dense.MAX_PASS_PIXELS,
        }
        text = json.dumps(searched_with, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        shard = None if job.shard is None else str(job.shard)
        return cls(model_digest(job.model), digest, version("fcn-detect"), shard, searched_with)


# Of a machine's facts those that are part of the settings; the instruction set is told apart.
NUMERICS = ("backend", "backend_version", "place", "threads")


def model_digest(model: Path) -> str:
    """SHA-256 of a model file, hexadecimal; OpenVINO's graph has its weights in a file beside."""
    weights = model.with_suffix(".bin")
    has_weights = model.suffix.lower() == ".xml" and weights.is_file()
    return sha256_of(model, weights) if has_weights else sha256_of(model)


def check_same(found: JournalHeader, expected: JournalHeader, run: Path) -> None:
    """Nothing, if records under the two headers may stand in one run.

    Raises:
        SettingsError: they may not; names both digests, and which settings differ.
    """
    changed = []
    if found.model != expected.model:
        changed.append(f"model {found.model[:12]} then, {expected.model[:12]} now")
    if found.settings != expected.settings:
        then, now = found.searched_with, expected.searched_with
        named = [
            f"{key} {then.get(key)} then, {now.get(key)} now"
            for key in sorted(then.keys() | now.keys())
            if then.get(key) != now.get(key)
        ]
        digests = f"settings {found.settings[:12]} then, {expected.settings[:12]} now"
        changed.append(f"{digests} ({', '.join(named[:4])})")
    if found.version != expected.version:
        changed.append(f"version {found.version} then, {expected.version} now")
    if found.shard != expected.shard:
        changed.append(f"shard {found.shard or 'none'} then, {expected.shard or 'none'} now")
    if changed:
        raise SettingsError(
            f"{run} was begun differently: {'; '.join(changed)}; "
            "use the same ones, another folder, or --overwrite"
        )
