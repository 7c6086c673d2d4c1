"""What a model file says about itself: all that detection needs beside the weights."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

FORMAT_VERSION = 1
OffsetName = Literal["x", "y", "scale", "aspect"]


LARGEST_CROP = 10_000
"""Pixels: a classifier of larger crops would have more weights than fit any memory."""


def _printable(label: str) -> str:
    if not label or not label.isprintable():
        raise ValueError(f"{label!r} is no name of a class: expected characters that print")
    return label


def _finite(facts: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(facts, allow_nan=False, default=str)
    except ValueError:
        raise ValueError("holds NaN or an infinite number") from None
    return facts


_Facts = Annotated[dict[str, Any], AfterValidator(_finite)]
_Side = Annotated[int, Field(ge=1, le=LARGEST_CROP)]
_Rate = Annotated[float, Field(gt=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
Label = Annotated[str, AfterValidator(_printable)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


BACKGROUND_NAMES = ("background", "negative", "neg", "other")
"""What the class that is no object may be called where nobody says it; the first is tried first."""


def outputs_for(labels: Sequence[str]) -> int:
    """Number of logits: 1 with one class (sigmoid), else classes + background (softmax)."""
    return 1 if len(labels) == 1 else len(labels) + 1


class Calibration(_Frozen):
    """Turns logits into probabilities: `sigmoid(slope * logit + bias)`, or softmax alike."""

    slope: float = Field(default=1.0, gt=0)
    bias: float = 0.0


class Normalisation(_Frozen):
    """What becomes of red, green and blue in [0, 255] first: `(value - mean) / std`."""

    mean: tuple[float, float, float]
    std: tuple[_Rate, _Rate, _Rate]


class ModelHeader(_Frozen):
    """A model's description, stored as JSON in its file.

    Attributes:
        net: name of the architecture in the zoo.
        crop_hw: height and width of the crops that it classifies.
        labels: names of the classes that detections carry, without the background.
        background: name of the background class.
        object_box: where the object sits in a crop: x0, y0, x1, y1 in crop pixels.
        offsets: what the net tells of where the object sits in its window, of x, y, scale and
            aspect, in this order; empty when it tells nothing.
        stride_hw: pixels between the windows of the converted net.
        exact: whether every cell equals the classifier on its window.
        normalisation: that the net begins with; None in files that do not say.
        calibration: how logits become probabilities.
        threshold: recommended smallest score to show.
        detect: settings of detection that this model was tuned with.
        false_alarms: pairs of (false alarms per million windows, score that gives them),
            measured on held-back photos without objects; empty when there were none.
        training: the settings that the model was trained with.
        figures: what was measured after training.
        version: of this header's format.
    """

    net: str
    crop_hw: tuple[_Side, _Side]
    labels: tuple[Label, ...] = Field(min_length=1)
    background: Label = "background"
    object_box: tuple[float, float, float, float]
    offsets: tuple[OffsetName, ...] = ()
    stride_hw: tuple[_Side, _Side]
    exact: bool
    normalisation: Normalisation | None = None
    calibration: Calibration = Calibration()
    threshold: float = Field(default=0.5, ge=0, le=1)
    detect: _Facts = {}
    false_alarms: tuple[tuple[_Rate, _Share], ...] = ()
    training: _Facts = {}
    figures: _Facts = {}
    version: int = FORMAT_VERSION

    @property
    def outputs(self) -> int:
        """Number of logits; see `outputs_for`."""
        return outputs_for(self.labels)

    @property
    def channels(self) -> int:
        """Number of values that the net gives for a window: logits, then offsets."""
        return self.outputs + len(self.offsets)

    @property
    def tuned_stride(self) -> int | None:
        """The stride that the model is to be searched with; None: the net's own."""
        stride: int | None = self.detect.get("stride")
        return stride

    def converted(self, stride_hw: tuple[int, int]) -> "ModelHeader":
        """The header of the net converted with a stride; searching then asks for no other one."""
        detect = {key: value for key, value in self.detect.items() if key != "stride"}
        return self.model_copy(update={"stride_hw": stride_hw, "detect": detect})

    @model_validator(mode="after")
    def _check(self) -> "ModelHeader":
        if self.version > FORMAT_VERSION:
            raise ValueError(
                f"format version {self.version} is newer than this program's {FORMAT_VERSION}"
            )
        if len({*self.labels, self.background}) <= len(self.labels):
            raise ValueError(f"a class is named twice: {', '.join(self.labels)[:200]}")
        x0, y0, x1, y1 = self.object_box
        if not (0 <= x0 < x1 <= self.crop_hw[1] and 0 <= y0 < y1 <= self.crop_hw[0]):
            raise ValueError(
                f"object box {self.object_box} does not lie in a crop of "
                f"{self.crop_hw[1]}x{self.crop_hw[0]}"
            )
        return self
