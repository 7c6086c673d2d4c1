"""Evaluations as tables: one row a class of each results file, intervals below."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fcn_detect.cli.tables import print_table
from fcn_detect.cli.talk import tell
from fcn_detect.evaluate import ClassEvaluation, Evaluation, Figures

Row = list[str]
NAMES = ["results", "class"]
PRECISION = {
    "AP": "ap",
    "AP50": "ap50",
    "AP75": "ap75",
    "small": "ap_small",
    "medium": "ap_medium",
    "large": "ap_large",
}
MISSES = {
    "miss rate": "log_average_miss_rate",
    "recall@0.01": "recall_at_0_01_fppi",
    "@0.1": "recall_at_0_1_fppi",
    "@1": "recall_at_1_fppi",
    "any": "max_recall",
}
# missed objects, and how many of them have a false alarm near
FOUND = ["score", "found", "missed", "(near)", "mean IoU", "IoU>=.75"]
FALSE_ALARMS = ["all", "= double", "+ near", "+ background", "(at edge)"]


def print_evaluations(evaluations: Mapping[str, Evaluation]) -> None:
    """Prints precision, misses, and the mistakes at 1 false alarm per image."""
    rows = [
        (name, label, evaluation, one)
        for name, evaluation in evaluations.items()
        for label, one in evaluation.classes.items()
    ]
    _print("average precision", ["images", "boxes", *PRECISION], rows, _precision_rows)
    _print("\nmisses, and recall at false alarms per image", list(MISSES), rows, _miss_rows)
    _print("\nobjects at 1 false alarm per image", FOUND, rows, _found_rows)
    _print("\nthese false alarms", FALSE_ALARMS, rows, _false_alarm_rows)


Measured = tuple[str, str, Evaluation, ClassEvaluation]


def _print(
    title: str,
    headings: Row,
    measured: Iterable[Measured],
    cells: Callable[[Evaluation, ClassEvaluation], Iterable[Row]],
) -> None:
    """One table; the first of a class's rows is named."""
    rows = []
    for name, label, evaluation, one in measured:
        for number, row in enumerate(cells(evaluation, one)):
            rows.append([name, label, *row] if number == 0 else ["", "95 %", *row])
    tell(title)
    print_table([*NAMES, *headings], rows, left=NAMES)


def _precision_rows(evaluation: Evaluation, one: ClassEvaluation) -> Iterable[Row]:
    yield [str(evaluation.images), str(one.figures.boxes), *_shares(one.figures, PRECISION)]
    if one.intervals is not None:
        yield ["", "", *_intervals(one, PRECISION)]


def _miss_rows(_: Evaluation, one: ClassEvaluation) -> Iterable[Row]:
    yield _shares(one.figures, MISSES)
    if one.intervals is not None:
        yield _intervals(one, MISSES)


def _found_rows(_: Evaluation, one: ClassEvaluation) -> Iterable[Row]:
    errors = one.errors
    counts = map(str, (errors.found, errors.missed, errors.missed_badly_placed))
    yield [
        _share(errors.threshold),
        *counts,
        *map(_share, (errors.mean_iou, errors.tight_share)),
    ]


def _false_alarm_rows(_: Evaluation, one: ClassEvaluation) -> Iterable[Row]:
    errors = one.errors
    kinds = (errors.duplicates, errors.badly_placed, errors.background)
    yield [str(count) for count in (errors.false_alarms, *kinds, errors.at_edge)]


def _shares(figures: Figures, names: Mapping[str, str]) -> Row:
    return [_share(getattr(figures, name)) for name in names.values()]


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _intervals(one: ClassEvaluation, names: Mapping[str, str]) -> Row:
    """`low-high` below the figures that have an interval."""
    ends: list[Any] = [getattr(one.intervals, name, None) for name in names.values()]
    return ["" if pair is None else "-".join(f"{end:.3f}" for end in pair) for pair in ends]
