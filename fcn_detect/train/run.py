"""A whole training: crops in, one model file out; can be stopped and taken up again."""

import hashlib
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn

from fcn_detect.backends import check_mirrored, find_model
from fcn_detect.config import Settings
from fcn_detect.errors import DataError, ModelError, SettingsError, first_misfit
from fcn_detect.files import discard_leftovers, sha256_of
from fcn_detect.headers import read_header
from fcn_detect.locking import lock
from fcn_detect.nets import build_net, load_model, to_fully_convolutional
from fcn_detect.postprocess import probabilities
from fcn_detect.results import ModelHeader, OffsetName, Progress, outputs_for, silent
from fcn_detect.train.augment import Augmentation
from fcn_detect.train.checkpoint import load_checkpoint, save_checkpoint
from fcn_detect.train.crop_set import CropSet
from fcn_detect.train.crops import CropFolders, load_crops
from fcn_detect.train.devices import is_first_process, opened_group
from fcn_detect.train.finish import finish
from fcn_detect.train.group import Group
from fcn_detect.train.job import Say, TrainingJob, TrainingResult
from fcn_detect.train.loop import (
    EpochRecord,
    Trainer,
    accuracy,
    classification_loss,
    own_rows,
    predict,
)
from fcn_detect.train.mining import FalseAlarms
from fcn_detect.train.negatives import HELD_BACK_PER_PHOTO, Negatives
from fcn_detect.train.teacher import Teacher

CHECKPOINT_NAME = "checkpoint.pt"

# A round of mining must leave at most this share of the false alarms, or it was the last.
LEAST_GAIN = 0.95


def train(
    job: TrainingJob, progress: Progress = silent, say: Say = lambda _line: None
) -> TrainingResult:
    """Trains a classifier on crops and writes its model file.

    Where `job.devices` or torchrun says so, this is one of several processes, and all return the
    same. The first phase trains on the crops, and on random windows of the negatives where a folder
    of them is set; each round of mining then adds the false alarms of the net so far and trains on.
    After each epoch a checkpoint is written. An interruption keeps the best weights so far.

    Args:
        job: what to train.
        progress: told how far the work is.
        say: told what the user should know, a line at a time.

    Raises:
        DataError: the crops cannot be used, or another process trains this model.
        SettingsError: the settings do not fit each other, or a checkpoint does not fit what is
            learned from.
        ModelError: `init` or the checkpoint is damaged or missing.
        ProcessError: another process of this training died; `resume` goes on.
        KeyboardInterrupt: stopped before anything was worth keeping.
    """
    own_rows(Group(size=job.devices), job.settings.train.batch_size)  # before anything is started
    job.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if is_first_process():
            stack.enter_context(lock(job.folder, str(job.folder)))
            discard_leftovers(job.folder)
        group = stack.enter_context(opened_group(job.devices, _follow, job))
        if group.is_first:
            return _Training(job, group, progress, say).run()
        return _follow(group, job)


def _follow(group: Group, job: TrainingJob) -> TrainingResult:
    """The training as another process than the first one sees it, which has no voice."""
    return _Training(job, group, silent, lambda _line: None).run()


class _Training:
    """One training under way; `run` is the whole of it.

    Attributes:
        history: one record an epoch, over all phases.
        best: validation loss and weights of what an interruption keeps: the best epoch of this
            phase, or the end of the last one where that is better.
    """

    def __init__(self, job: TrainingJob, group: Group, progress: Progress, say: Say) -> None:
        self.job, self.settings, self.progress, self.say = job, job.settings, progress, say
        self.group = group
        self.folders = _load_folders(job)
        self.validation = self.folders.validation.middle(
            job.settings.model.margins_hw, job.settings.model.window_hw
        )
        self.header = _header(job.settings, self.folders)
        self.classifier = _first_net(job, self.header)
        if job.settings.detect.mirrored:  # mining would find out hours later
            check_mirrored(self.header)
        self.teacher = _teacher(job.settings, self.header)
        self.negatives = Negatives(job.settings, self.header, progress, group)
        self.history: list[EpochRecord] = []
        self.best: tuple[float, dict[str, Any]] | None = None
        teacher = None if self.teacher is None else job.settings.train.teacher
        self.learned_from = {
            "set of crops": _digest_crops(self.folders),
            "model to go on from": None if job.init is None else sha256_of(job.init),
            "teacher": None if teacher is None else sha256_of(find_model(teacher)),
            "set of photos": self.negatives.digest(),
        }

    def run(self) -> TrainingResult:
        """Trains, mines, trains on, measures and writes; see `train`."""
        self._introduce()
        self._compare_with_first()
        state = self._load_state()
        try:
            self._train_phases(state)
            alarms = self.negatives.count_false_alarms(self.classifier)
        except KeyboardInterrupt:
            if self.best is None:
                raise
            self.say("interrupted: keeping the best weights so far")
            self.classifier.load_state_dict(self.best[1])
            return self._finish(None, interrupted=True)
        return self.group.from_first(self._finish(alarms) if self.group.is_first else None)

    def _finish(self, alarms: FalseAlarms | None, *, interrupted: bool = False) -> TrainingResult:
        return finish(
            self.job,
            self.header,
            self.classifier,
            replace(self.folders, validation=self.validation),
            self.negatives,
            alarms,
            self.history,
            interrupted=interrupted,
        )

    def _compare_with_first(self) -> None:
        """Sees to it that all processes learn the same, from the same things."""
        mine = (self.settings, self.learned_from)
        if mine != self.group.from_first(mine):
            raise DataError(
                f"process {self.group.rank} of {self.group.size} has other settings, crops or "
                "models to begin with than process 0; all need the same command and files"
            )

    def _introduce(self) -> None:
        """Says what is learned from what, before the long work begins."""
        folders = self.folders
        height, width = self.header.crop_hw
        corners = ", ".join(f"{v:g}" for v in self.header.object_box)
        self.say(
            f"learning {', '.join(folders.labels)} against {folders.background}: "
            f"{len(folders.train)} crops to train on, {len(folders.validation)} to validate"
        )
        self.say(f"split: {folders.split}")
        self.say(f"object box: {corners} in windows of {width}x{height} (model.object_box)")
        if self.header.object_box == (0, 0, width, height):
            self.say(
                "boxes will be as large as the crops: where there is room around the object, say "
                "where it ends (--object-box)"
            )
        for i, label in enumerate(folders.labels):
            if not (folders.train.classes == i).any():
                self.say(f"no crops of {label}: what the model knows of it may fade")
        if not self.negatives.held_back:
            self.say(
                "no photos without the object are held back to count false alarms on: the "
                "recommended threshold will be 0.5, a guess; give ten photos or more "
                "(--negatives), or others (mining.validation)"
            )
        for skip in folders.skipped:
            self.say(f"left out: {skip}")

    def _train_phases(self, state: dict[str, Any] | None) -> None:
        """The first training, then one phase after each round of mining."""
        background = len(self.header.labels)
        windows = self.negatives.random_windows()
        crops = self.folders.train.with_background(windows, "photo", background)
        if not (crops.classes == background).any():
            raise DataError(
                f"{self.settings.mining.negatives}: no photo gave a window; give "
                "photos that can be read, or crops of what is no object"
            )
        rounds = self.settings.mining.rounds if self.negatives.photos else 0
        first = 0 if state is None else int(state["phase"])
        for phase in range(rounds + 1):
            if phase > 0 and self._is_done(phase):
                break
            if phase > 0:
                mined = self._mined(phase, phase <= first)
                if not len(mined):
                    self.say("mining ends: there is no false alarm to learn from")
                    break
                crops = crops.with_background(mined, f"mined-{phase}", background)
            if phase >= first:
                self._train_phase(phase, crops, state if phase == first else None)

    def _is_done(self, phase: int) -> bool:
        """Whether the phase before brought too little for another round of mining."""
        counts = self.negatives.by_phase
        if len(counts) < phase:
            shares = self.group.from_first(self._object_scores() if self.group.is_first else None)
            self.negatives.count_after_phase(self.classifier, shares, self.say)
        if phase < 2 or not self.negatives.held_back:
            return False
        now, before = counts[phase - 1], counts[phase - 2]
        # at the most that are counted of a photo, nobody knows how many there are
        done = LEAST_GAIN * before <= now < HELD_BACK_PER_PHOTO
        if done:
            self.say("mining ends: the last round made false alarms no rarer")
        return done

    def _object_scores(self) -> NDArray[np.float64]:
        """Probabilities of the validation crops that show an object, `(n,)`."""
        logits = predict(self.classifier, self.validation, self.header.outputs)
        shares = probabilities(logits.T, self.header.calibration).max(axis=0)
        return np.asarray(shares[self.validation.classes < len(self.header.labels)])

    def _mined(self, phase: int, before: bool) -> NDArray[np.uint8]:
        folder = self.job.folder
        if before:
            return self.negatives.mined_before(phase, folder)
        return self.negatives.mine(phase, self.classifier, folder, self.say)

    def _train_phase(self, phase: int, crops: CropSet, state: dict[str, Any] | None) -> None:
        epochs = self.settings.mining.epochs if phase else self.settings.train.epochs
        augmentation = Augmentation(
            self.settings.augment, self.settings.model, self.header.object_box
        )
        trainer = Trainer(
            self.classifier,
            self.settings.train,
            augmentation,
            phase,
            epochs,
            crops,
            self.header.outputs,
            self.teacher,
            self.group,
        )
        if state is not None:
            trainer.load_state(state["trainer"])
        while trainer.epoch < epochs:
            self._run_epoch(trainer)
        self.classifier.load_state_dict(trainer.average.module.state_dict())
        if self.group.is_first:
            self.best = (self.history[-1].validation_loss, _copy_state(self.classifier))

    def _run_epoch(self, trainer: Trainer) -> None:
        phase = trainer.phase
        name = f"epoch {trainer.epoch + 1}/{trainer.epochs}"
        name += f" after mining {phase}" if phase else ""
        before = f"accuracy {self.history[-1].accuracy:.4f}" if self.history else ""

        def report(step: int, steps: int, loss: float) -> None:
            self.progress(name, step, steps, f"loss {loss:.4f} {before}")

        loss = trainer.run_epoch(report)
        if not self.group.is_first:
            return
        validation_loss, correct = self._validate(trainer.average.module)
        self.history.append(EpochRecord(phase, trainer.epoch, loss, validation_loss, correct))
        if self.best is None or validation_loss < self.best[0]:
            self.best = (validation_loss, _copy_state(trainer.average.module))
        self._save_state(trainer)

    def _validate(self, classifier: nn.Module) -> tuple[float, float]:
        crops = self.validation
        logits = predict(classifier, crops, self.header.outputs)
        loss = classification_loss(torch.from_numpy(logits), torch.from_numpy(crops.classes), 0.0)
        return float(loss), accuracy(logits, crops.classes)

    def _load_state(self) -> dict[str, Any] | None:
        if not self.job.resume:
            return None
        state = load_checkpoint(self.job.folder / CHECKPOINT_NAME, self.settings, self.learned_from)
        self.history = [EpochRecord(**record) for record in state["history"]]
        self.negatives.rounds = list(state["rounds"])
        self.negatives.by_phase = list(state["by_phase"])
        self.best = (float(state["best"][0]), state["best"][1])
        return state

    def _save_state(self, trainer: Trainer) -> None:
        assert self.best is not None
        state = {
            "settings": self.settings.model_dump(),
            "learned_from": self.learned_from,
            "phase": trainer.phase,
            "trainer": trainer.state(),
            "history": [asdict(record) for record in self.history],
            "rounds": self.negatives.rounds,
            "by_phase": self.negatives.by_phase,
            "best": [self.best[0], self.best[1]],
        }
        save_checkpoint(self.job.folder / CHECKPOINT_NAME, state)


def _load_folders(job: TrainingJob) -> CropFolders:
    settings = job.settings
    return load_crops(
        job.crops,
        settings.model.crop,
        more=job.more_crops,
        labels=None if job.init is None else read_header(job.init).labels,
        background=settings.model.background,
        needs_background=settings.mining.negatives is None,
        group_by=settings.train.group_by,
        seed=settings.train.seed,
    )


def _header(settings: Settings, folders: CropFolders) -> ModelHeader:
    """The header of the net to be trained, before anything is measured."""
    model = settings.model
    window_hw, (top, left) = model.window_hw, model.margins_hw
    whole = (0.0, 0.0, float(model.crop[1]), float(model.crop[0]))
    x0, y0, x1, y1 = model.object_box or whole
    channels = outputs_for(folders.labels) + len(_offsets(settings))
    net = build_net(model.net, window_hw, channels)
    fcn = to_fully_convolutional(net, window_hw)
    try:
        return ModelHeader(
            net=settings.model.net,
            crop_hw=window_hw,
            labels=folders.labels,
            background=folders.background,
            object_box=(x0 - left, y0 - top, x1 - left, y1 - top),
            offsets=_offsets(settings),
            stride_hw=fcn.stride_hw,
            exact=fcn.exact,
            detect=settings.detect.model_dump(exclude_unset=True),
            training=settings.model_dump(mode="json", exclude={"detect"}),
        )
    except ValidationError as error:
        raise SettingsError(first_misfit(error, "model.object_box")) from None


def _offsets(settings: Settings) -> tuple[OffsetName, ...]:
    """What windows cut inside the crops tell of the object's place."""
    told = settings.model.cuts_inside and settings.train.offset_weight > 0
    return ("x", "y", "scale") if told else ()


def _teacher(settings: Settings, student: ModelHeader) -> Teacher | None:
    train = settings.train
    if train.teacher is None or not train.teacher_weight:
        return None
    return Teacher(train.teacher, student, mirrors=settings.augment.flip > 0)


def _first_net(job: TrainingJob, header: ModelHeader) -> nn.Module:
    """Random weights by the seed, or those of `init`."""
    torch.manual_seed(job.settings.train.seed)
    if job.init is None:
        return build_net(header.net, header.crop_hw, header.channels)
    start, classifier = load_model(job.init)
    found = (start.net, start.crop_hw, start.channels)
    expected = (header.net, header.crop_hw, header.channels)
    if found != expected:
        raise ModelError(f"{job.init}: its net, crop and outputs are {found}, not {expected}")
    return classifier


def _digest_crops(folders: CropFolders) -> str:
    """SHA-256 of all crops and their classes, hexadecimal."""
    digest = hashlib.sha256()
    for crops in (folders.train, folders.validation):
        for values in (crops.images, crops.classes):
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def _copy_state(classifier: nn.Module) -> dict[str, Any]:
    return {name: t.detach().cpu().clone() for name, t in classifier.state_dict().items()}
