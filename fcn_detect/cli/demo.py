"""`fcn-detect demo`: the whole story on rendered pictures, offline."""

from pathlib import Path

import click

from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE
from fcn_detect.cli.talk import tell


@fcn_command("demo", short_help="See it all work, on rendered pictures.")
@click.option(
    "-o", "--output", type=FILE, default=Path("demo-output"), show_default=True, metavar="DIR"
)
def command(output: Path) -> None:
    """Render dresses, learn them from crops, find them in camera scenes, and say how well.

    Takes some minutes on two cores and needs no network.

    \b
    Examples:
      fcn-detect demo -o demo-output
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.cli.progress import ProgressDisplay

    with ProgressDisplay() as display:
        display.say("loading torch ...")
        from fcn_detect.demo import run_demo
        from fcn_detect.demo.story import describe

        summary = run_demo(output, display, display.say)
    tell("\nWhat the demo found:")
    for line in describe(summary):
        tell(f"- {line}")
