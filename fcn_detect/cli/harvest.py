"""`fcn-detect harvest`: a person's corrections of a run in, crops to train on out."""

import shlex
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE, INPUT
from fcn_detect.cli.talk import note, tell, warn


@fcn_command("harvest", short_help="Cut crops from corrections of a run.")
@click.argument("run", type=INPUT)
@click.argument("corrections", type=INPUT)
@click.option("-o", "--output", type=FILE, required=True, metavar="CROPS", help="A new folder.")
@click.option("-m", "--model", help="Whose crops to cut. [default: the run's model]")
@click.option("--images", type=INPUT, metavar="FOLDER", help="Where the run's images are now.")
@click.option(
    "--backgrounds",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Windows of background cut from each image that was checked.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Of the places of those windows."
)
@click.option("--overwrite", is_flag=True, help="Forget an earlier harvest in the same folder.")
def command(run: Path, corrections: Path, output: Path, model: str | None, **given: Any) -> int:
    """Cut crops from CORRECTIONS of RUN, ready to be trained on.

    CORRECTIONS is what the report page saves. What was confirmed and what was missed goes to a
    folder for each class; what was wrong goes to the background, and windows of images that were
    checked, those first that scored best. Ends with 3 when some images could not be read.

    \b
    Examples:
      fcn-detect harvest run corrections.json -o harvested
      fcn-detect train harvested old_crops --init model.safetensors --negatives photos \\
          -o better.safetensors
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.backends import find_model
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.harvest import HarvestJob, harvest

    path = None if model is None else find_model(model)
    with ProgressDisplay() as display:
        summary = harvest(HarvestJob(run, corrections, output, path, **given), display)
    _print(summary, output)
    for result in summary.failed:
        assert result.failure is not None
        warn(f"{result.image}: {result.failure}")
    return exit_codes.SOME_IMAGES_FAILED if summary.failed else 0


def _print(summary: Any, output: Path) -> None:
    from fcn_detect.backends.shipped import shipped_models
    from fcn_detect.cli.tables import print_table
    from fcn_detect.harvest import KINDS

    folders = sorted({folder for folder, _ in summary.crops})
    counts = [[summary.crops[folder, kind] for kind in KINDS] for folder in folders]
    rows = [
        [folder, str(sum(row)), *(str(n or "-") for n in row)]
        for folder, row in zip(folders, counts, strict=True)
    ]
    print_table(["folder", "crops", *KINDS], rows, left=["folder"])
    for reason, count in sorted(summary.left_out.items()):
        tell(f"left out: {count} {reason}")
    there = f", {summary.there} of them by an earlier start" if summary.there else ""
    tell(f"{summary.crops.total()} crops of {summary.images} images{there}, in {output}/")
    shipped = {path: name for name, path in shipped_models().items()}
    model = shlex.quote(shipped.get(summary.model, str(summary.model)))
    note(
        f"train on with: fcn-detect train {shlex.quote(str(output))} OLD_CROPS --init {model} "
        "--negatives PHOTOS -o better.safetensors"
    )
