"""`fcn-detect merge`: runs of shards in, the run of the whole folder out."""

from pathlib import Path

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import FILE, INPUT, formats_option
from fcn_detect.cli.talk import tell, warn


@fcn_command("merge", short_help="Put runs of shards together.")
@click.argument("runs", nargs=-1, required=True, type=INPUT, metavar="RUN...")
@click.option("-o", "--output", type=FILE, required=True, metavar="RUN", help="The new run.")
@formats_option
@click.option("--overwrite", is_flag=True, help="Forget an earlier run in the new run's folder.")
def command(runs: tuple[Path, ...], output: Path, formats: tuple[str, ...], overwrite: bool) -> int:
    """Put the runs of all shards of a folder together, or of several folders.

    Gives the files that one run over all of it would have given, and its journal, so that
    `fcn-detect batch FOLDER -o RUN --retry-failed` can go on from it. Ends with 3 when some images
    failed.

    \b
    Examples:
      fcn-detect merge run-1 run-2 run-3 -o run
    """  # noqa: D301 (click wants the character itself)
    from fcn_detect.batch import merge_runs

    summary, _ = merge_runs(runs, output, formats, overwrite)
    for warning in summary.warnings:
        warn(f"warning: {warning}")
    tell(
        f"{summary.total} images of {len(runs)} runs: {summary.done} searched, "
        f"{summary.failed} failed"
    )
    tell(f"records are in {output}/results.jsonl")
    return exit_codes.SOME_IMAGES_FAILED if summary.failed else 0
