"""The end of a training: calibrate, measure, write the model, its metrics and its pictures."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from fcn_detect.files import write_atomically
from fcn_detect.images import contact_sheet
from fcn_detect.nets import save_model
from fcn_detect.postprocess import false_alarm_table, probabilities
from fcn_detect.results import Calibration, ModelHeader
from fcn_detect.train.calibrate import fit_calibration
from fcn_detect.train.crop_set import CropSet
from fcn_detect.train.crops import CropFolders
from fcn_detect.train.job import TrainingJob, TrainingResult
from fcn_detect.train.loop import EpochRecord, accuracy, predict
from fcn_detect.train.mining import FalseAlarms
from fcn_detect.train.negatives import Negatives
from fcn_detect.train.plots import plot_losses, plot_precision_recall, plot_reliability
from fcn_detect.train.reliability import measure_reliability

# The recommended threshold lets this many false alarms through per million windows.
RECOMMENDED_FALSE_ALARMS = 10.0


def finish(
    job: TrainingJob,
    header: ModelHeader,
    classifier: nn.Module,
    folders: CropFolders,
    negatives: Negatives,
    alarms: FalseAlarms | None,
    history: list[EpochRecord],
    *,
    interrupted: bool,
) -> TrainingResult:
    """Writes everything that a training leaves.

    Args:
        job: what was trained.
        header: of the net; its figures are still to be measured.
        classifier: as trained.
        folders: the crops, those to validate with as the net sees them.
        negatives: photos without the object.
        alarms: found in the photos held back; None where there are none, or time was short.
        history: of the epochs.
        interrupted: whether the training was stopped before its end.
    """
    crops = folders.validation
    logits = predict(classifier, crops, header.outputs)
    figures: dict[str, float] = {"validation_accuracy": accuracy(logits, crops.classes)}
    with_alarms = _with_false_alarms(logits, crops.classes, alarms)
    calibration = fit_calibration(*with_alarms)
    figures |= _measure_calibration(job, *with_alarms, calibration)
    table = _false_alarms(alarms, calibration)
    header = header.model_copy(
        update={
            "calibration": calibration,
            "false_alarms": table,
            "threshold": recommended_threshold(table),
            "figures": figures,
        }
    )
    save_model(job.model, header, classifier)
    metrics = {
        **figures,
        "interrupted": interrupted,
        "threshold": header.threshold,
        "parameters": sum(p.numel() for p in classifier.parameters()),
        **_counts(header, folders, negatives),
        "history": [asdict(record) for record in history],
    }
    text = json.dumps(metrics, indent=1, ensure_ascii=False) + "\n"
    write_atomically(job.folder / "metrics.json", text)
    plot_losses(history, job.folder / "loss.png")
    _plot_crops(job, header, crops, logits)
    return TrainingResult(header, metrics, interrupted)


def recommended_threshold(table: tuple[tuple[float, float], ...]) -> float:
    """The score that lets few false alarms through on photos held back; 0.5 without any."""
    if not table:
        return 0.5
    within = [score for rate, score in table if rate <= RECOMMENDED_FALSE_ALARMS]
    return round(min(0.99, max(0.5, min(within, default=table[0][1]))), 3)


def _with_false_alarms(
    logits: NDArray[np.float32], classes: NDArray[np.int64], alarms: FalseAlarms | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits and classes of the validation crops, and of the false alarms in photos held back."""
    if alarms is None:
        return logits, classes
    background = np.full(len(alarms.logits), max(1, logits.shape[1] - 1))
    return np.concatenate([logits, alarms.logits]), np.concatenate([classes, background])


def _measure_calibration(
    job: TrainingJob,
    logits: NDArray[np.float32],
    classes: NDArray[np.int64],
    calibration: Calibration,
) -> dict[str, float]:
    """The expected calibration error before and after, and a picture of both."""
    background = max(1, logits.shape[1] - 1)
    if not (classes == background).any():
        return {}
    before, after = (
        measure_reliability(probabilities(logits.T, c).sum(axis=0), classes, background)
        for c in (Calibration(), calibration)
    )
    plot_reliability({"uncalibrated": before, "calibrated": after}, job.folder / "reliability.png")
    return {"calibration_error": after.error, "uncalibrated_error": before.error}


def _false_alarms(
    alarms: FalseAlarms | None, calibration: Calibration
) -> tuple[tuple[float, float], ...]:
    """The table of false alarms per million windows, in calibrated scores."""
    if alarms is None or not alarms.cells:
        return ()
    return false_alarm_table(alarms.scores(calibration), alarms.cells)


def _counts(header: ModelHeader, folders: CropFolders, negatives: Negatives) -> dict[str, Any]:
    names = [*header.labels, header.background]
    parts = {"train": folders.train, "validation": folders.validation}
    return {
        "crops": {
            name: {part: int((crops.classes == i).sum()) for part, crops in parts.items()}
            for i, name in enumerate(names)
        },
        "split": folders.split,
        "photos": {"used": len(negatives.photos), "held_back": len(negatives.held_back)},
        "mining": negatives.rounds,
        "false_alarms_by_phase": negatives.by_phase,
        "skipped": [asdict(skip) for skip in [*folders.skipped, *negatives.skipped]],
    }


def _plot_crops(
    job: TrainingJob, header: ModelHeader, crops: CropSet, logits: NDArray[np.float32]
) -> None:
    """Precision against recall, and the crops whose true class got the smallest share."""
    shares = probabilities(logits.T, header.calibration)  # (labels, n)
    is_object = crops.classes < len(header.labels)
    plot_precision_recall(shares.max(axis=0), is_object, job.folder / "precision-recall.png")
    all_shares = np.concatenate([shares, 1 - shares.sum(axis=0, keepdims=True)])
    true_share = all_shares[crops.classes, np.arange(len(crops))]
    hardest = np.argsort(true_share, kind="stable")[:48]
    names = [*header.labels, header.background]
    captions = [f"{names[crops.classes[i]][:6]} {true_share[i]:.2f}" for i in hardest]
    contact_sheet(crops.images[hardest], captions, job.folder / "mistakes.png")
