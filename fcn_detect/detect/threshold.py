"""The smallest score worth showing, from a model's header and the settings."""

from dataclasses import dataclass

from fcn_detect.config import DetectSettings
from fcn_detect.errors import SettingsError
from fcn_detect.geometry import PyramidPlan, count_windows
from fcn_detect.postprocess import score_for_false_alarms
from fcn_detect.results import ModelHeader


@dataclass(frozen=True)
class Threshold:
    """The smallest score worth showing in images of each size.

    It is the one that was set, or follows from the false alarms that were allowed and the number
    of windows, or else is the model's own.

    Attributes:
        header: of the model.
        settings: of the search.
        plan: of its pyramids.

    Raises:
        SettingsError: false alarms were allowed, and the model does not know how they come.
    """

    header: ModelHeader
    settings: DetectSettings
    plan: PyramidPlan

    def __post_init__(self) -> None:
        if self.settings.false_alarms is not None and not self.header.false_alarms:
            raise SettingsError(
                "--false-alarms: this model was trained without photos to count false alarms on "
                "(mining.validation, or ten or more of mining.negatives); use --threshold"
            )

    def __call__(self, image_hw: tuple[int, int]) -> float:
        """Smallest score worth showing in an image of this height and width."""
        if self.settings.threshold is not None:
            return self.settings.threshold
        if self.settings.false_alarms is None:
            return self.header.threshold
        return score_for_false_alarms(
            self.header.false_alarms,
            self.settings.false_alarms,
            count_windows(image_hw, self.plan),
        )
