"""What a threshold costs: the false alarms that it is expected to let through."""

from dataclasses import dataclass

from fcn_detect.detect import Threshold, level_plan
from fcn_detect.errors import SettingsError
from fcn_detect.geometry import PyramidPlan, count_windows
from fcn_detect.postprocess import count_interval
from fcn_detect.report.page.run_source import DEFAULT_THRESHOLD, RunSource

_ORDINARY_HW = (1080, 1920)


@dataclass(frozen=True)
class Costs:
    """What a run knows of its thresholds.

    Attributes:
        threshold: recommended, or asked for.
        table: pairs of (false alarms per million windows, score that gives them), few to many;
            empty where the model was trained without photos to count them on.
        plan: of the pyramids that were searched; None where the run does not tell.
    """

    threshold: float
    table: tuple[tuple[float, float], ...] = ()
    plan: PyramidPlan | None = None

    @classmethod
    def of(cls, source: RunSource) -> "Costs":
        """Of a run, as far as run.json and the model's header in it say."""
        header, settings = source.header, source.settings
        if header is None or settings is None:
            written = source.facts.get("threshold")
            return cls(float(written) if isinstance(written, int | float) else DEFAULT_THRESHOLD)
        try:
            plan = level_plan(header, settings)
            shown = Threshold(header, settings, plan)(_ORDINARY_HW)
        except SettingsError:  # no run of this program's
            return cls(header.threshold)
        return cls(shown, header.false_alarms, plan)

    def windows(self, image_hw: tuple[int, int]) -> int:
        """Number of windows searched in an image of this size; 0 where nobody knows."""
        return 0 if self.plan is None else count_windows(image_hw, self.plan)

    def rows(self) -> list[list[float]]:
        """What each score lets through: (score, false alarms per million windows, least, largest).

        The last two are what the count is compatible with, at 95 %. Scores fall from row to row;
        the first row stands for all scores above the one best false alarm. Empty where false
        alarms were not counted or windows are not known.
        """
        if not self.table or self.plan is None:
            return []
        one = self.table[0][0]  # the rate of a single false alarm in all windows searched
        counted = [(0.0, 1.0), *((rate / one, score) for rate, score in self.table)]
        return [
            [score, *(one * count for count in (n, *count_interval(n)))] for n, score in counted
        ]
