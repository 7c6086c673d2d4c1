"""Evaluations as tables: one row a class of each results file, intervals below."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from fcn_detect.cli.tables import print_table
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
# how many objects are missed, and of these near a false alarm; false alarms, and their three kinds
MISTAKES = ["score", "found", "missed", "(near)", "false", "= double", "+ near", "+ rest"]
MISTAKES += ["(at edge)", "mean IoU", ">=0.75"]


def print_evaluations(evaluations: Mapping[str, Evaluation]) -> None:
    """Prints precision, misses, and the mistakes at 1 false alarm per image."""
    rows = [
        (name, label, evaluation, one)
        for name, evaluation in evaluations.items()
        for label, one in evaluation.classes.items()
    ]
    _print("", ["images", "boxes", *PRECISION], rows, _precision_rows)
    _print("false alarms per image", list(MISSES), rows, _miss_rows)
    _print("at 1 false alarm per image", MISTAKES, rows, _error_rows)


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
    if title:
        click.echo(f"\n{title}")
    print_table([*NAMES, *headings], rows, left=NAMES)


def _precision_rows(evaluation: Evaluation, one: ClassEvaluation) -> Iterable[Row]:
    yield [str(evaluation.images), str(one.figures.boxes), *_shares(one.figures, PRECISION)]
    if one.intervals is not None:
        yield ["", "", *_intervals(one, PRECISION)]


def _miss_rows(_: Evaluation, one: ClassEvaluation) -> Iterable[Row]:
    yield _shares(one.figures, MISSES)
    if one.intervals is not None:
        yield _intervals(one, MISSES)


def _error_rows(_: Evaluation, one: ClassEvaluation) -> Iterable[Row]:
    errors = one.errors
    counts = (errors.found, errors.missed, errors.missed_badly_placed)
    kinds = (errors.false_alarms, errors.duplicates, errors.badly_placed, errors.background)
    shares = [_share(errors.mean_iou), _share(errors.tight_share)]
    yield [_share(errors.threshold), *map(str, (*counts, *kinds, errors.at_edge)), *shares]


def _shares(figures: Figures, names: Mapping[str, str]) -> Row:
    return [_share(getattr(figures, name)) for name in names.values()]


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _intervals(one: ClassEvaluation, names: Mapping[str, str]) -> Row:
    """`low-high` below the figures that have an interval."""
    ends: list[Any] = [getattr(one.intervals, name, None) for name in names.values()]
    return ["" if pair is None else "-".join(f"{end:.3f}" for end in pair) for pair in ends]
