"""`fcn-detect import`: a classifier trained elsewhere as a model file."""

import json
import math
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE, INPUT, json_option, parse_box, parse_size
from fcn_detect.cli.talk import tell


def _parse_colour(_ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """A click callback: '0.485,0.456,0.406', as a tuple."""
    if value is None:
        return None
    try:
        red, green, blue = map(float, value.split(","))
    except ValueError:
        raise click.BadParameter(f"'{value}' is not 3 numbers with commas between") from None
    if not all(map(math.isfinite, (red, green, blue))):
        raise click.BadParameter(f"'{value}' holds a number that is none")
    if param.name == "std" and min(red, green, blue) <= 0:
        raise click.BadParameter(f"'{value}': deviations are above 0")
    return red, green, blue


@fcn_command("import", short_help="Turn your own classifier into a model.")
@click.argument("checkpoint", type=INPUT)
@click.option("--net", required=True, metavar="NAME", help="Its architecture, by name.")
@click.option(
    "--crop", required=True, metavar="WxH", callback=parse_size, help="Size of its crops."
)
@click.option(
    "--classes", required=True, metavar="A,B", help="Names of its outputs, in their order."
)
@click.option("--background", metavar="NAME", help="Which class is no object.")
@click.option(
    "--mean",
    metavar="R,G,B",
    callback=_parse_colour,
    help="Taken off its pixels in [0, 1]. [default: ImageNet's]",
)
@click.option(
    "--std",
    metavar="R,G,B",
    callback=_parse_colour,
    help="They are then divided by. [default: ImageNet's]",
)
@click.option(
    "--object-box",
    metavar="X0,Y0,X1,Y1",
    callback=parse_box,
    help="Where the object sits in a crop, in pixels. [default: the whole crop]",
)
@click.option("-o", "--output", required=True, type=FILE, metavar="MODEL", help="File to write.")
@json_option
def command(checkpoint: Path, output: Path, as_json: bool, **given: Any) -> int:
    """Turn a trained classifier's weights into a model file, and prove that it is the same.

    CHECKPOINT is a .safetensors file, or what torch.save(net.state_dict(), ...) wrote; nothing in
    it is run. The logits of random crops are compared with those of the weights as they were, and
    on a rendered scene every window of the dense map with the classifier. Ends with 1, and writes
    nothing, when either promise does not hold.

    \b
    Examples:
      fcn-detect import classifier.pt --net torchvision:resnet18 --crop 64x128 \\
          --classes background,person -o person.safetensors
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.nets import save_model
    from fcn_detect.nets.checkpoint import read_checkpoint
    from fcn_detect.nets.importing import import_classifier

    with ProgressDisplay() as display:
        display.say("reading the weights ...")
        imported = import_classifier(read_checkpoint(checkpoint), _foreign(given))
        display.say("comparing every window of a scene ...")
        report = _verify(imported)
    header = imported.header
    if report.holds:
        save_model(output, header, imported.classifier)
    facts = {
        "output": str(output),
        "written": report.holds,
        "labels": list(header.labels),
        "difference": imported.difference,
        "equivalence": report.to_dict(),
    }
    if as_json:
        click.echo(json.dumps(facts, indent=1))
    else:
        tell(_describe(facts, header))
    return 0 if report.holds else exit_codes.FAILED


def _foreign(given: dict[str, Any]) -> Any:
    from fcn_detect.nets.importing import ForeignNet

    scaled: dict[str, Any] = {
        name: tuple(255 * v for v in given.pop(name))
        for name in ("mean", "std")
        if given[name] is not None
    }
    given = {name: value for name, value in given.items() if name not in ("mean", "std")}
    classes = tuple(name.strip() for name in given.pop("classes").split(",") if name.strip())
    if not classes:
        raise click.UsageError("--classes needs at least one name")
    return ForeignNet(crop_hw=given.pop("crop"), classes=classes, **given, **scaled)


def _verify(imported: Any) -> Any:
    """The dense map of a rendered scene against the classifier, every window."""
    import numpy as np

    from fcn_detect.backends.torch_backend import TorchBackend
    from fcn_detect.detect import EquivalenceReport, level_plan, verify_images
    from fcn_detect.results import TOLERANCE
    from fcn_detect.scenes import render_scene

    backend = TorchBackend(imported.header, imported.classifier, "cpu")
    size_hw = tuple(max(256, crop + 64) for crop in imported.header.crop_hw)
    pixels = render_scene(np.random.default_rng(0), size_hw, dresses=0).image
    level = level_plan(backend.header).level(size_hw, 1.0)
    compared = list(verify_images(backend, [("rendered scene", pixels, level)]))
    return EquivalenceReport(backend.header.exact, TOLERANCE, compared)


def _describe(facts: dict[str, Any], header: Any) -> str:
    report = facts["equivalence"]
    kind = "exact: no padding" if header.exact else "padded: the map is another function"
    promise = "holds" if facts["written"] else "DOES NOT HOLD; nothing is written"
    promised = "every window" if header.exact else "the head alone"
    return "\n".join(
        [
            f"{header.net} finds {', '.join(header.labels)}; stride {header.stride_hw[0]}, {kind}",
            f"logits of random crops differ by {facts['difference']:.1e} from the checkpoint's",
            f"{report['windows']} windows of a scene: largest difference "
            f"{report['max_difference']:.1e}, {report['flipped']} decisions flipped",
            f"equality of {promised} {promise}; the model is {facts['output']}"
            if facts["written"]
            else f"equality of {promised} {promise}",
        ]
    )
