"""A run's images, searched again here: how far scores and boxes of two machines lie apart."""

from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from fcn_detect.batch.facts import RunFacts, read_facts
from fcn_detect.batch.machine import Machine
from fcn_detect.detect import Detector
from fcn_detect.errors import DataError
from fcn_detect.formats import RESULTS_NAME, StoredResults, format_result, parse_result
from fcn_detect.images import place
from fcn_detect.results import ImageResult, Progress, pair_detections, silent

# Largest difference of scores, which are probabilities, between machines that agree.
SCORE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Difference:
    """How far two records of an image lie apart; zeros where they are the same.

    Attributes:
        score: largest difference of the scores of a pair of detections.
        box_px: largest difference of a coordinate, in pixels.
        alone: detections that only one of the two has.
        alone_score: the highest score of those.
        outcome: whether the image failed in one of the two only, or in another way.
    """

    score: float = 0.0
    box_px: float = 0.0
    alone: int = 0
    alone_score: float = 0.0
    outcome: bool = False


@dataclass(frozen=True)
class RunComparison:
    """What searching a run's images again gave.

    Attributes:
        then: the machines that made the run's records.
        now: this one.
        differences: of each image compared, by its name.
        of_images: number of images in the run.
        keep: smallest score that the records keep.
    """

    then: list[Machine]
    now: Machine
    differences: dict[str, Difference]
    of_images: int
    keep: float

    @property
    def largest(self) -> Difference:
        """The largest of each difference, over all images; `alone` is their sum."""
        found = [Difference(), *self.differences.values()]
        return Difference(
            score=max(one.score for one in found),
            box_px=max(one.box_px for one in found),
            alone=sum(one.alone for one in found),
            alone_score=max(one.alone_score for one in found),
            outcome=any(one.outcome for one in found),
        )

    @property
    def holds(self) -> bool:
        """Whether scores agree; a detection that is alone may lie at the edge of being kept."""
        worst = self.largest
        edge = self.keep + SCORE_TOLERANCE
        return worst.score <= SCORE_TOLERANCE and worst.alone_score <= edge and not worst.outcome

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        largest = self.largest
        return {
            "then": [asdict(machine) for machine in self.then],
            "now": asdict(self.now),
            "images": len(self.differences),
            "of_images": self.of_images,
            "max_score_difference": largest.score,
            "max_box_difference_px": largest.box_px,
            "detections_in_one_only": largest.alone,
            "their_highest_score": largest.alone_score,
            "outcomes_differ": largest.outcome,
            "holds": self.holds,
        }


def compare_with_run(
    facts: RunFacts, detector: Detector, sample: int, progress: Progress = silent
) -> RunComparison:
    """Searches images of a run again, spread evenly over it, and compares the records.

    Args:
        facts: of the run.
        detector: with the run's settings.
        sample: most images that are searched.
        progress: told how many are done.

    Raises:
        DataError: the run holds no images, or its folder is gone.
    """
    folder, total = place(facts.content["folder"]), facts.content["counts"]["total"]
    if not folder.is_dir() or not total:
        raise DataError(f"{facts.run}: its images, of {folder}, are not here; mount that folder")
    step, differences = -(-total // sample), dict[str, Difference]()
    stored = StoredResults(facts.run / RESULTS_NAME, total)
    for then in islice(stored, 0, None, step):
        now = detector.result(folder / then.image, then.image)[0]
        differences[then.image] = difference(then, parse_result(format_result(now)))
        progress("searching again", len(differences), -(-total // step))
    return RunComparison(
        sorted(facts.machines),
        Machine.of(detector.backend),
        differences,
        total,
        detector.settings.keep,
    )


def run_settings(run: Path) -> tuple[RunFacts, dict[str, Any]]:
    """What a run says of itself, and its settings, without its threads.

    Raises:
        DataError: there is no such run, or it is not finished.
    """
    facts = read_facts(run)
    left_out = {"sha256", "threads"}
    settings = {k: v for k, v in facts.content["settings"].items() if k not in left_out}
    return facts, settings


def difference(then: ImageResult, now: ImageResult) -> Difference:
    """How far two records of one image lie apart."""
    if then.detections is None or now.detections is None:
        kinds = [one.failure and one.failure.kind for one in (then, now)]
        return Difference(outcome=kinds[0] != kinds[1])
    score = box_px = 0.0
    pairing = pair_detections(then.detections, now.detections)
    for i, j in pairing.pairs:
        score = max(score, abs(float(then.detections.scores[i] - now.detections.scores[j])))
        box_px = max(
            box_px, float(np.abs(then.detections.boxes[i] - now.detections.boxes[j]).max())
        )
    alone = [float(then.detections.scores[i]) for i in pairing.first_alone]
    alone += [float(now.detections.scores[j]) for j in pairing.second_alone]
    return Difference(score, box_px, len(alone), max(alone, default=0.0))
