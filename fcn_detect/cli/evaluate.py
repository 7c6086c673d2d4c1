"""`fcn-detect evaluate`: results against true boxes."""

import json
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli.options import FILE, json_option


@click.command("evaluate", short_help="Measure results against true boxes.")
@click.argument("results", nargs=-1, required=True, type=FILE, metavar="RESULTS...")
@click.argument("annotations", type=FILE)
@json_option
@click.option("--plots", type=FILE, metavar="DIR", help="Write the curves as pictures.")
def command(
    results: tuple[Path, ...], annotations: Path, as_json: bool, plots: Path | None
) -> None:
    """Measure RESULTS (a run folder or results.jsonl) against ANNOTATIONS (COCO JSON).

    Prints COCO average precision, the log-average miss rate of the pedestrian literature, and
    the recall at given false alarms per image. Several results are evaluated one by one.
    """
    from fcn_detect.evaluate import evaluate, plot_evaluation
    from fcn_detect.formats import read_coco_annotations, read_results

    truth = read_coco_annotations(annotations)
    evaluations = {path.as_posix(): evaluate(read_results(path), truth) for path in results}
    if plots is not None:
        for path, evaluation in evaluations.items():
            folder = plots if len(evaluations) == 1 else plots / path.replace("/", "_")
            plot_evaluation(evaluation, folder)
    if as_json:
        found = {path: evaluation.to_dict() for path, evaluation in evaluations.items()}
        one = next(iter(found.values()))
        click.echo(json.dumps(one if len(found) == 1 else found, indent=1))
    else:
        _print(evaluations)


def _print(evaluations: dict[str, Any]) -> None:
    from fcn_detect.cli.tables import print_table

    shares = ["AP", "AP50", "AP75", "miss rate", "recall@0.1", "recall@1"]
    rows = [
        _row(path, label, one.figures, evaluation.images)
        for path, evaluation in evaluations.items()
        for label, one in evaluation.classes.items()
    ]
    headings = ["results", "class", *shares, "images", "boxes"]
    print_table(headings, rows, left=["results", "class"])
    for path, evaluation in evaluations.items():
        if evaluation.failed_images:
            click.echo(f"{path}: {evaluation.failed_images} images had failed", err=True)


def _row(path: str, label: str, figures: Any, images: int) -> list[str]:
    precisions = (figures.ap, figures.ap50, figures.ap75, figures.log_average_miss_rate)
    recalls = (figures.recall_at_0_1_fppi, figures.recall_at_1_fppi)
    cells = [f"{value:.3f}" for value in (*precisions, *recalls)]
    return [path, label, *cells, str(images), str(figures.boxes)]
