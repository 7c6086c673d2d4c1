"""The training loop: one phase is one one-cycle schedule over a set of crops."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from fcn_detect.config import TrainSettings
from fcn_detect.errors import SettingsError
from fcn_detect.train.augment import Augmentation
from fcn_detect.train.crop_set import CropSet
from fcn_detect.train.group import Group
from fcn_detect.train.teacher import Teacher
from fcn_detect.train.whole_batch import with_whole_batch

StepReport = Callable[[int, int, float], None]  # (steps done, steps, mean loss so far)

# Crops of a batch that are augmented by one stream of random numbers. Processes share a batch in
# such parts, and so whoever augments a part gets the same windows.
PART = 16


@dataclass(frozen=True)
class EpochRecord:
    """One epoch's figures: mean loss, and accuracy and loss on the validation crops."""

    phase: int
    epoch: int
    loss: float
    validation_loss: float
    accuracy: float


class Trainer:
    """Trains one classifier on one set of crops, epoch by epoch, and can be stopped between any.

    Several processes have a share of each batch, and take the steps that one would, to rounding.

    Attributes:
        classifier: the net being trained.
        average: moving average of its weights; what is measured and kept.

    Raises:
        SettingsError: there are more processes than shares of a batch.
    """

    def __init__(
        self,
        classifier: nn.Module,
        settings: TrainSettings,
        augmentation: Augmentation,
        phase: int,
        epochs: int,
        crops: CropSet,
        outputs: int,
        teacher: Teacher | None = None,
        group: Group | None = None,
    ) -> None:
        self.group = group or Group()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.precision = _precision(settings, self.device)
        self.settings, self.augmentation = settings, augmentation
        self.phase, self.epochs, self.crops = phase, epochs, crops
        self.outputs, self.background = outputs, max(1, outputs - 1)
        self.teacher = teacher
        self.classifier = classifier.to(self.device).to(memory_format=torch.channels_last)
        self.learner = self.classifier
        if self.group.size > 1:
            rows = own_rows(self.group, settings.batch_size)
            self.classifier = with_whole_batch(
                self.classifier, self.group, rows, settings.batch_size
            )
            self.learner = nn.parallel.DistributedDataParallel(self.classifier)
        self.average = AveragedModel(
            self.classifier, multi_avg_fn=_averaging(settings.average_decay), use_buffers=True
        )
        self.steps = max(1, len(crops) // settings.batch_size)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.classifier, settings.weight_decay), lr=settings.learning_rate
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.learning_rate, total_steps=self.steps * epochs
        )
        self.epoch = 0

    def run_epoch(self, report: StepReport) -> float:
        """Trains for one epoch; returns its mean loss."""
        seed = self.settings.seed * 10_007 + self.phase * 1_009 + self.epoch
        torch.manual_seed(seed % 2**63)
        self.classifier.train()
        total = 0.0
        batches = draw_epoch(self.crops.classes, self.settings, self.steps)
        for step, index in enumerate(batches):
            loss = self._step(index)
            total += loss
            report(step + 1, self.steps, total / (step + 1))
        self.epoch += 1
        return total / self.steps

    def _step(self, index: Tensor) -> float:
        windows, classes, offsets = self._augmented(index)
        classes, offsets = classes.to(self.device), offsets.to(self.device)
        batch = windows.to(self.device).float().contiguous(memory_format=torch.channels_last)
        half = self.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            values = self.learner(batch).float()
            taught = None if self.teacher is None else self.teacher(windows)
        loss = self._loss(values, classes, offsets, taught)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.classifier.parameters(), 5.0)
        self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.classifier)
        return self.group.mean(loss)

    def _augmented(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Windows, classes and offsets of this process's share of a batch."""
        parts = torch.split(index, PART)
        seeds = torch.randint(2**63 - 1, (len(parts),)).tolist()
        after = torch.get_rng_state()
        done = [
            self._augmented_part(part.numpy(), seed)
            for part, seed in self.group.own(list(zip(parts, seeds, strict=True)))
        ]
        torch.set_rng_state(after)
        windows, classes, offsets = (torch.cat(some) for some in zip(*done, strict=True))
        return windows, classes, offsets

    def _augmented_part(self, index: NDArray[np.int64], seed: int) -> tuple[Tensor, Tensor, Tensor]:
        torch.default_generator.manual_seed(seed)
        crops = torch.from_numpy(self.crops.images[index]).permute(0, 3, 1, 2)
        classes = torch.from_numpy(self.crops.classes[index])
        windows, offsets, parts = self.augmentation(crops, classes == self.background)
        return windows, torch.where(parts, self.background, classes), offsets

    def _loss(
        self, values: Tensor, classes: Tensor, offsets: Tensor, taught: Tensor | None
    ) -> Tensor:
        """Of a batch: how wrong the classes are, and where there are objects, their places."""
        logits, found = values[:, : self.outputs], values[:, self.outputs :]
        objects = classes != self.background
        s = self.settings
        smoothing = torch.where(objects, s.label_smoothing, s.background_smoothing)
        loss = classification_loss(logits, classes, smoothing)
        if taught is not None:
            loss = loss + s.teacher_weight * taught_loss(logits, taught)
        loss = self.group.weight(len(classes), self.device) * loss
        if found.shape[1]:
            weight = s.offset_weight * self.group.weight(int(objects.sum()), self.device)
            if objects.any():
                true = offsets[objects, : found.shape[1]]
                loss = loss + weight * F.smooth_l1_loss(found[objects], true)
        return loss

    def state(self) -> dict[str, Any]:
        """Everything needed to go on, as tensors and plain values."""
        return {
            "epoch": self.epoch,
            "classifier": self.classifier.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes back to a saved state."""
        self.epoch = int(state["epoch"])
        self.classifier.load_state_dict(state["classifier"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])


def own_rows(group: Group, batch_size: int) -> slice:
    """The rows of a batch that are this process's share.

    Raises:
        SettingsError: there are more processes than parts of a batch.
    """
    parts = range(0, batch_size, PART)
    if group.size > len(parts):
        raise SettingsError(
            f"--devices: {group.size} processes cannot share a batch of {batch_size} crops; "
            f"{len(parts)} can, {PART} crops each (train.batch_size)"
        )
    own = group.own(parts)
    return slice(own[0], min(own[-1] + PART, batch_size))


def _precision(settings: TrainSettings, device: torch.device) -> str:
    """What a net is trained in on a device: `float32` or `bfloat16`."""
    if settings.precision != "auto":
        return settings.precision
    return "bfloat16" if device.type == "cuda" else "float32"


def _averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """An exponential moving average that forgets its start: early steps count more.

    Source: the decay min(d, (1 + n) / (10 + n)) after n steps, as in TensorFlow's
    ExponentialMovingAverage.
    """

    def average(averages: list[Tensor], values: list[Tensor], steps: Tensor | int) -> None:
        n = int(steps)
        weight = 1 - min(decay, (1 + n) / (10 + n))
        for mean, value in zip(averages, values, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, weight)
            else:
                mean.copy_(value)  # counters

    return torch.no_grad()(average)


def parameter_groups(classifier: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights decay; biases and norm parameters do not."""
    parameters = list(classifier.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def draw_epoch(classes: NDArray[Any], settings: TrainSettings, steps: int) -> list[Tensor]:
    """Batches of crop indices in which objects have their share, and each class alike.

    Every class is gone through in a random order, again and again, until the epoch is full.
    """
    total = steps * settings.batch_size
    objects = [int(c) for c in np.unique(classes)[:-1]]  # the last is the background
    each = max(1, int(settings.object_share * total / max(1, len(objects))))
    drawn = [_repeat_shuffled(np.flatnonzero(classes == c), each) for c in objects]
    background = np.flatnonzero(classes == classes.max())
    drawn.append(_repeat_shuffled(background, total - each * len(objects)))
    epoch = torch.cat(drawn)[torch.randperm(total)]
    return list(torch.split(epoch, settings.batch_size))


def _repeat_shuffled(members: NDArray[Any], count: int) -> Tensor:
    rounds = [torch.from_numpy(members)[torch.randperm(len(members))]]
    while sum(map(len, rounds)) < count:
        rounds.append(torch.from_numpy(members)[torch.randperm(len(members))])
    return torch.cat(rounds)[:count]


def classification_loss(logits: Tensor, classes: Tensor, smoothing: Tensor | float) -> Tensor:
    """Mean loss of `(n, outputs)` logits against `(n,)` classes, the background being the last.

    One output: binary cross entropy, class 0 being the object; more: cross entropy. `smoothing`
    is the probability mass moved off the true class, of all crops or `(n,)` of each.

    Source: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7.
    """
    if logits.shape[1] > 1:
        logs = F.log_softmax(logits, dim=1)
        true = logs.gather(1, classes[:, None])[:, 0]
        return -((1 - smoothing) * true + smoothing * logs.mean(dim=1)).mean()
    targets = (classes == 0).to(logits.dtype) * (1 - smoothing) + smoothing / 2
    return F.binary_cross_entropy_with_logits(logits[:, 0], targets)


def taught_loss(logits: Tensor, shares: Tensor) -> Tensor:
    """Mean cross entropy of `(n, outputs)` logits against a teacher's probabilities."""
    if logits.shape[1] > 1:
        return F.cross_entropy(logits, shares)
    return F.binary_cross_entropy_with_logits(logits, shares)


def predict(
    classifier: nn.Module, windows: CropSet, outputs: int, batch_size: int = 256
) -> NDArray[Any]:
    """Logits of a set of windows, float32 `(n, outputs)`, in eval mode."""
    device = next(classifier.parameters()).device
    classifier.eval()
    with torch.inference_mode():
        logits = [
            classifier(torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float())
            .float()
            .cpu()
            for images in np.array_split(windows.images, max(1, len(windows) // batch_size))
        ]
    return torch.cat(logits)[:, :outputs].numpy()


def accuracy(logits: NDArray[Any], classes: NDArray[Any]) -> float:
    """Share of crops whose most likely class is the true one."""
    one = logits.shape[1] == 1
    predicted = (logits[:, 0] <= 0).astype(int) if one else logits.argmax(axis=1)
    return float((predicted == classes).mean())
