"""`fcn-detect completion`: what a shell must run to complete our commands."""

import click

from fcn_detect.cli.commands import command as fcn_command

SHELLS = ["bash", "zsh", "fish"]


@fcn_command("completion", short_help="Print what makes a shell complete commands.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script for SHELL that completes commands, options, files and shipped models.

    \b
    Examples:
      eval "$(fcn-detect completion bash)"                            in ~/.bashrc
      eval "$(fcn-detect completion zsh)"                             in ~/.zshrc
      fcn-detect completion fish > ~/.config/fish/completions/fcn-detect.fish
    """  # noqa: D301 (click wants the character itself)
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    group = ctx.find_root().command
    click.echo(found(group, {}, "fcn-detect", "_FCN_DETECT_COMPLETE").source())
