"""The group of commands, and how errors and interruptions end a run."""

import importlib
import signal
import sys
from typing import Any, NoReturn

import click

from fcn_detect.cli import exit_codes
from fcn_detect.errors import FcnDetectError

# Verb -> module that holds its `command`. A module is imported when its verb is asked for, and
# imports nothing heavy until the command runs.
COMMANDS = {
    "train": "fcn_detect.cli.train",
    "detect": "fcn_detect.cli.detect",
    "batch": "fcn_detect.cli.batch",
    "merge": "fcn_detect.cli.merge",
    "report": "fcn_detect.cli.report",
    "harvest": "fcn_detect.cli.harvest",
    "verify": "fcn_detect.cli.verify",
    "evaluate": "fcn_detect.cli.evaluate",
    "export": "fcn_detect.cli.export",
    "import": "fcn_detect.cli.import_model",
    "inspect": "fcn_detect.cli.inspect",
    "bench": "fcn_detect.cli.bench",
    "demo": "fcn_detect.cli.demo",
}


class _LazyGroup(click.Group):
    """Looks commands up in `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(COMMANDS[cmd_name]).command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fcn-detect")
def cli() -> None:
    """Crops in, boxes out: an object detector from folders of small image crops.

    \b
    fcn-detect train CROPS -o model.safetensors      learn from crops
    fcn-detect detect photo.jpg -m model.safetensors find objects in photos
    """  # noqa: D301 (click wants the character itself)


class _Terminated(BaseException):
    """SIGTERM arrived."""


def main() -> NoReturn:
    """Runs the command line; the exit code says how it ended.

    0 done; 1 failed, with one line that says why; 2 wrong usage; 3 done, but some images failed;
    130 interrupted; 143 terminated.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        code = _run(standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except FcnDetectError as error:
        code = _fail(str(error))
    except ImportError as error:
        code = _fail(_explain_import(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        code = _fail(f"{where}{error.strerror or error}")
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        code = exit_codes.INTERRUPTED
    except _Terminated:
        click.echo("terminated", err=True)
        code = exit_codes.TERMINATED
    sys.exit(code)


def _run(**options: Any) -> int:
    result = cli.main(**options)
    return result if isinstance(result, int) else 0


def _fail(message: str) -> int:
    line = " ".join(message.split("\n"))
    click.echo(click.style("error: ", fg="red", bold=True) + line, err=True)
    return exit_codes.FAILED


def _explain_import(error: ImportError) -> str:
    """What is missing, and how to get it."""
    if "libGL" in str(error):
        return (
            f"OpenCV needs a system library: {error}; install it (Debian: apt-get install libgl1) "
            "or put opencv-python-headless in opencv-python's place"
        )
    return f"a library is missing or damaged: {error}; install fcn-detect again"


def _raise_terminated(_signal: int, _frame: object) -> NoReturn:
    raise _Terminated
