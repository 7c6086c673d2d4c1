"""A whole harvest: records and corrections in, folders of crops out."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fcn_detect.detect import streaming_rules
from fcn_detect.errors import DataError, ImageError
from fcn_detect.files import open_atomically
from fcn_detect.formats import Corrections, format_result, json_text, read_corrections
from fcn_detect.harvest.folder import RECORDS_NAME, check_labels, crop_name, open_folder
from fcn_detect.harvest.job import HarvestJob, HarvestSummary
from fcn_detect.harvest.placing import CropPlace
from fcn_detect.harvest.planning import Cut, HarvestRules, Plan, plan_cuts
from fcn_detect.harvest.source import Source, read_records
from fcn_detect.images import (
    Octaves,
    cut_region,
    huge_header,
    local_file,
    read_image,
    store_image,
)
from fcn_detect.results import Failure, ImageResult, ModelHeader, Progress, silent


def harvest(job: HarvestJob, progress: Progress = silent) -> HarvestSummary:
    """Cuts crops for each class from the images that a person corrected.

    The object lies in each crop where the model's crops have it, at the size of the model's crops.
    Crops that an earlier start has cut stay; `harvest.jsonl` says of each where it is from.

    Raises:
        DataError: run or corrections cannot be used, or do not belong together.
        ModelError: the model's file is missing or damaged.
        SettingsError: the folder holds something else, or the run had another model.
    """
    source, corrections = Source.of(job), read_corrections(job.corrections)
    _check_known(corrections, source.header, job.corrections)
    records = read_records(job.run, [one.image for one in corrections.images])
    rules = _rules(job, source)
    made_of = _made_of(source, corrections, records.values(), rules)
    open_folder(job.crops, made_of, job.overwrite)
    summary = HarvestSummary(source.model)
    with open_atomically(job.crops / RECORDS_NAME) as log:
        for i, marked in enumerate(corrections.images):
            result = records[marked.image]
            if result.failure is None:
                plan = plan_cuts(result, marked, rules)
                lines = list(_carry_out(plan, source, rules.place, job.crops, summary))
            else:
                summary.failed.append(result)
                lines = [_failure_line(result)]
            for line in lines:
                log.write(json_text(line).encode() + b"\n")
            progress("cutting crops", i + 1, len(corrections.images))
    return summary


def _rules(job: HarvestJob, source: Source) -> HarvestRules:
    place, settings = CropPlace.of(source.header), source.settings
    return HarvestRules(
        place,
        job.backgrounds,
        settings.min_height or place.object_hw[0],
        settings.max_enlargement,
        job.seed,
    )


def _check_known(corrections: Corrections, header: ModelHeader, path: Path) -> None:
    """Nothing, if all labels are the model's, and can be folders.

    Raises:
        DataError: one is not.
    """
    check_labels((*header.labels, header.background))
    for marked in corrections.images:
        for one in marked.objects:
            if one.label not in header.labels:
                raise DataError(
                    f"{path}: '{marked.image}' has a box of class '{one.label}', which is none of "
                    f"the model's: {', '.join(header.labels)}"
                )


def _made_of(
    source: Source, corrections: Corrections, records: Iterable[ImageResult], rules: HarvestRules
) -> dict[str, Any]:
    """All that the crops depend on, beside the pixels."""
    digest = hashlib.sha256(json_text(corrections.model_dump()).encode())
    for result in records:
        digest.update(format_result(result).encode())
    facts = {**asdict(rules), "place": {name: list(v) for name, v in asdict(rules.place).items()}}
    return {
        "format": "fcn_detect harvest",
        "version": 1,
        "corrections": digest.hexdigest(),
        "model": source.digest,
        "labels": list(source.header.labels),
        "background": source.header.background,
        **facts,
    }


def _carry_out(
    plan: Plan, source: Source, place: CropPlace, folder: Path, summary: HarvestSummary
) -> Iterator[dict[str, Any]]:
    """Cuts what is planned of one image, and yields a record of each crop, or of the failure."""
    summary.left_out += plan.left_out
    names = [
        f"{cut.label or source.header.background}/{crop_name(plan.image, number)}"
        for number, cut in enumerate(plan.cuts, start=1)
    ]
    missing = [i for i, name in enumerate(names) if not (folder / name).exists()]
    try:
        if missing:
            octaves = _open(source, plan)
            for i in missing:
                _save(_cut(octaves, plan.cuts[i], place), folder / names[i])
    except ImageError as error:
        failure = Failure(error.kind, str(error))
        summary.failed.append(ImageResult(plan.image, None, None, None, failure))
        yield _failure_line(summary.failed[-1])
        return
    summary.images += bool(names)
    summary.there += len(names) - len(missing)
    for name, cut in zip(names, plan.cuts, strict=True):
        summary.crops[name.partition("/")[0], cut.kind] += 1
        yield {"crop": name, "image": plan.image, **asdict(cut)}


def _open(source: Source, plan: Plan) -> Octaves:
    """The image and its halves, in memory or, where it is huge, on disk.

    Raises:
        ImageError: it cannot be read, or is of another size than the run saw.
    """
    settings = source.settings
    with local_file(source.images / plan.image) as path:
        huge = huge_header(path, settings.stream_pixels)
        if huge is None:
            image = read_image(
                path,
                allow_truncated=settings.allow_truncated,
                max_pixels=settings.max_pixels,
                max_file_bytes=settings.max_file_bytes,
            )
            octaves: Octaves = image.halves()
        else:
            octaves = store_image(path, huge, streaming_rules(settings))
    if octaves.image_hw != plan.image_hw:
        (height, width), (then_h, then_w) = octaves.image_hw, plan.image_hw
        raise ImageError(
            "unreadable",
            f"the picture has {width}x{height} pixels now and had {then_w}x{then_h} when it was "
            "searched; search it again",
        )
    return octaves


def _cut(octaves: Octaves, cut: Cut, place: CropPlace) -> np.ndarray[Any, np.dtype[np.uint8]]:
    region = place.regions(np.array([cut.box]), octaves.image_hw)[0]
    x0, y0, x1, y1 = (float(value) for value in region)
    return cut_region(octaves, (x0, y0, x1, y1), place.crop_hw)


def _save(pixels: np.ndarray[Any, np.dtype[np.uint8]], path: Path) -> None:
    with open_atomically(path) as file:
        Image.fromarray(pixels).save(file, "PNG")


def _failure_line(result: ImageResult) -> dict[str, Any]:
    assert result.failure is not None
    return {"image": result.image, "failure": asdict(result.failure)}
