"""How many false alarms a score lets through, measured on photos without objects.

The count is that after suppression, per million windows searched, so that it carries over to
images of another size and to other settings of the pyramid.
"""

import numpy as np
from numpy.typing import NDArray

FalseAlarmTable = tuple[tuple[float, float], ...]  # (false alarms per million windows, score)

ROWS = 40


def false_alarm_table(scores: NDArray[np.floating], windows: int) -> FalseAlarmTable:
    """Pairs of (false alarms per million windows, the score that gives them), few to many.

    Args:
        scores: of false alarms after suppression, on photos not trained on.
        windows: number searched in those photos.
    """
    ordered = np.sort(scores)[::-1]
    ranks = np.unique(np.geomspace(1, max(1, len(ordered)), ROWS).round().astype(int))
    return tuple(
        (float(rank) * 1e6 / windows, float(ordered[rank - 1]))
        for rank in ranks
        if rank <= len(ordered)
    )


def score_for_false_alarms(table: FalseAlarmTable, false_alarms: float, windows: int) -> float:
    """The smallest score at which an image is expected to give so many false alarms.

    Between the rows of the table it is interpolated over the logarithm of the rate. A rate below
    the first row was never seen: the score of the one best false alarm is the strictest there is.
    Above the last row nothing was kept, and its score is the most lenient.

    Args:
        table: as `false_alarm_table` makes it, at least one row.
        false_alarms: wanted in one image, on average, above 0.
        windows: number searched in that image.
    """
    rates, scores = np.array(table).T
    rate = false_alarms * 1e6 / max(1, windows)
    return float(np.interp(np.log(rate), np.log(rates), scores))


def false_alarms_above(table: FalseAlarmTable, threshold: float) -> int:
    """How many false alarms scored so high in the photos that they were counted on."""
    rates = [rate for rate, score in table if score >= threshold]
    return round(max(rates, default=0.0) / table[0][0])


def count_interval(count: float) -> tuple[float, float]:
    """Means, least and largest, that a count of rare events is compatible with, at 95 %.

    Source: Byar's approximation of the exact interval of a Poisson mean (Rothman and Boice,
    "Epidemiologic Analysis with a Programmable Calculator", 1979).
    """
    low, high = (
        max(0.0, n * (1 - 1 / (9 * n) + z / (3 * n**0.5)) ** 3) if n else 0.0
        for n, z in ((count, -1.96), (count + 1, 1.96))
    )
    return low, high
