"""`fcn-detect train`: crops in, a model file out."""

from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE, INPUT, check_size, config_option, parse_box
from fcn_detect.cli.talk import tell, warn

if TYPE_CHECKING:
    from fcn_detect.results import ModelHeader


@fcn_command("train", short_help="Train a model on folders of crops.")
@click.argument("crops", nargs=-1, required=True, type=INPUT, metavar="CROPS...")
@click.option("-o", "--output", type=FILE, required=True, help="The model file to write.")
@config_option
@click.option("--net", metavar="NAME", help="Architecture. [default: valid-medium]")
@click.option(
    "--crop", metavar="WxH", callback=check_size, help="Size of the crops. [default: 64x128]"
)
@click.option(
    "--object-box",
    metavar="X0,Y0,X1,Y1",
    callback=parse_box,
    help="Where the object is in a crop, in pixels; boxes become that tight. [default: all of it]",
)
@click.option("--negatives", metavar="DIR", help="Photos without the object, to mine.")
@click.option("--background", metavar="NAME", help="Class folder that holds no object.")
@click.option("--group-by", metavar="REGEX", help="Crops that agree in it are split together.")
@click.option(
    "--init",
    metavar="MODEL",
    help="A model, by file or shipped name, to go on from: its weights, and its settings where "
    "nothing else is said; photos are named anew (--negatives).",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the crops, before mining.")
@click.option("--seed", type=click.IntRange(min=0), help="Of everything random.")
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    default=1,
    help="Processes that share the work: a GPU each, or a part of the cores. [default: 1]",
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint.")
def command(
    crops: tuple[Path, ...], output: Path, config: Path | None, init: str | None, **given: Any
) -> int:
    """Train a classifier on CROPS and write it as one model file.

    CROPS holds a folder for each class, one of them called background, optionally under train/
    and val/. Images may have any size. Several such folders are taken together. Checkpoints,
    metrics and plots go to MODEL.train/.

    \b
    Examples:
      fcn-detect train crops -o model.safetensors --negatives photos --object-box 8,16,56,112
      fcn-detect train data/person_crops -o person.safetensors --config configs/person.toml
      fcn-detect train harvested old_crops --init person.safetensors -o better.safetensors
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.config import read_settings
    from fcn_detect.errors import SettingsError

    if output.suffix != ".safetensors":
        raise SettingsError(f"-o {output}: a model file's name must end in .safetensors")
    start, below = _start(init)
    settings = read_settings(config, _changes(given), below)
    with ProgressDisplay() as display:
        if start is not None:
            rate = settings.train.learning_rate
            display.say(f"going on from {start}, with its settings, at a learning rate of {rate:g}")
        display.say("loading torch ...")
        from fcn_detect.train import TrainingJob, is_first_process, train

        job = TrainingJob(
            crops[0], output, settings, given["resume"], start, crops[1:], given["devices"]
        )
        result = train(job, display, display.say)
    if not is_first_process():
        return 0  # the first one tells
    tell(f"validation accuracy {result.metrics['validation_accuracy']:.4f}")
    if (hint := _no_better_than_guessing(result.metrics)) is not None:
        warn(f"warning: {hint}; look at the crops, and at {job.folder}/mistakes.png")
    tell(_threshold_text(result.header, result.metrics["photos"]["held_back"]))
    tell(f"model {output}; metrics and plots in {job.folder}/")
    return exit_codes.INTERRUPTED if result.interrupted else 0


def _no_better_than_guessing(metrics: dict[str, Any]) -> str | None:
    """What to say of a model that calls all crops one class, or might as well."""
    counts = {name: count["validation"] for name, count in metrics["crops"].items()}
    name, most = max(counts.items(), key=itemgetter(1))
    if metrics["validation_accuracy"] > most / sum(counts.values()):
        return None
    return f"calling every crop {name} would be as accurate"


def _threshold_text(header: "ModelHeader", photos: int) -> str:
    """The recommended threshold, and what is known of the false alarms above it."""
    from fcn_detect.postprocess import count_interval, false_alarms_above

    recommended = f"recommended threshold {header.threshold:g}"
    if not header.false_alarms or not photos:
        return f"{recommended}: false alarms were not counted, so look before you rely on it"
    seen = false_alarms_above(header.false_alarms, header.threshold)
    most = count_interval(seen)[1] / photos
    alarms = "1 false alarm" if seen == 1 else f"{seen} false alarms"
    held = "the photo" if photos == 1 else f"{photos} photos"
    return f"{recommended}: {alarms} in {held} held back, so at most {most:.2g} a photo (95 %)"


def _start(init: str | None) -> tuple[Path | None, Any]:
    """The file of the model to go on from, and the settings that it gives."""
    if init is None:
        return None, None
    from fcn_detect.backends import find_model
    from fcn_detect.config import tuning_tables
    from fcn_detect.headers import read_header

    path = find_model(init)
    return path, tuning_tables(read_header(path))


def _changes(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Options as changes to the tables of the settings."""
    model = {key: given[key] for key in ("net", "crop", "object_box", "background")}
    training = {key: given[key] for key in ("epochs", "seed", "group_by")}
    return {"model": model, "train": training, "mining": {"negatives": given["negatives"]}}
