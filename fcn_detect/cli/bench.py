"""`fcn-detect bench`: how fast it is on this machine."""

import json
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import BACKENDS, FILE, Number, json_option, model_option, stride_option


@fcn_command("bench", short_help="Measure the speed on this machine.")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@model_option
@click.option(
    "--against",
    metavar="FILE",
    help="A second file of the same windows, such as an 8-bit export, measured in turn.",
)
@click.option(
    "--backend",
    "backends",
    multiple=True,
    type=click.Choice(BACKENDS),
    metavar="NAME",
    help="What runs the network; may be given again. [default: all that are there]",
)
@click.option("--device", help="Where it runs, as the backend names it: cpu, cuda, cuda:1.")
@click.option(
    "--min-height",
    type=Number(min=0, min_open=True),
    metavar="PX",
    help="Smallest object looked for, in pixels of the photo. [default: the model's own]",
)
@stride_option
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="Turns of measuring; medians are given.",
)
@click.option(
    "--folder-images",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Images in the folder that batch searches: copies of those given.",
)
@click.option("-o", "--output", type=FILE, metavar="DIR", help="Write bench.json and bench.png.")
@json_option
def command(output: Path | None, as_json: bool, **given: Any) -> None:
    """Measure the network, single frames and folders, each in turn with all others.

    Without images, rendered scenes of 768x576 are used; single-frame figures are of the first
    image. Compare figures of one run only: another run has other neighbours on the machine.

    \b
    Examples:
      fcn-detect bench --min-height 50
      fcn-detect bench -m person.xml --against person-int8.xml photos -o bench
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay

    with ProgressDisplay() as display:
        display.say("loading the networks ...")
        from fcn_detect.bench import BenchJob, plot_bench, run_bench

        report = run_bench(BenchJob(**given), display)
    text = json.dumps(report.to_dict(), indent=1)
    if output is not None:
        from fcn_detect.files import write_atomically

        write_atomically(output / "bench.json", text + "\n")
        plot_bench(report, output / "bench.png")
    if as_json:
        click.echo(text)
    else:
        from fcn_detect.cli.bench_tables import print_bench

        print_bench(report)
    if output is not None:
        click.echo(f"bench.json and bench.png are in {output}/", err=True)
