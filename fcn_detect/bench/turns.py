"""Times taken in turns: A, B, C, A, B, C, ..., so that a busy machine is unfair to none."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from fcn_detect.results import Progress, silent

Work = Callable[[], object]

# Before each work: threads of a library go on looking for more to do for a while (OpenBLAS's, which
# multiplied matrices for the peak, made the next work take twice its time).
PAUSE_S = 0.2


@dataclass(frozen=True)
class Times:
    """What was measured, by the name of the work.

    Attributes:
        seconds: of each turn.
    """

    seconds: Mapping[str, list[float]]

    def __getitem__(self, name: str) -> float:
        """The median seconds of a work."""
        return median(self.seconds[name])

    @property
    def noise(self) -> float:
        """How far measurements of one thing lie apart, as a share of their median.

        It is the distance between the quartiles, for the median work.
        """
        shares = [np.subtract(*np.percentile(s, [75, 25])) / median(s) for s in self._all()]
        return float(median(shares))

    def _all(self) -> list[list[float]]:
        return [seconds for seconds in self.seconds.values() if median(seconds) > 0]


def time_in_turns(
    works: Mapping[str, Work],
    repeats: int,
    progress: Progress = silent,
    *,
    task: str = "measuring",
    warm: bool = False,
) -> Times:
    """The seconds of every work in each of `repeats` turns.

    Args:
        works: by name.
        repeats: turns that count.
        progress: told of every work done.
        task: that it is told of.
        warm: whether all has run before; else a first turn, which does not count, warms up.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    done = 0
    turns = range(repeats) if warm else range(-1, repeats)
    for turn in turns:
        for name, work in works.items():
            time.sleep(PAUSE_S)
            taken = seconds_of(work)
            if turn >= 0:
                seconds[name].append(taken)
            done += 1
            progress(task, done, len(turns) * len(works), name)
    return Times(seconds)


def seconds_of(work: Work) -> float:
    """Seconds that a work takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
