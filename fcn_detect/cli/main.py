"""The group of commands, and how errors and interruptions end a run."""

import errno
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.talk import print_error
from fcn_detect.errors import FcnDetectError, did_you_mean

# Heading -> verb -> module that holds its `command`. A module is imported when its verb is asked
# for, and imports nothing heavy until the command runs.
GROUPS = {
    "Learn": {
        "train": "fcn_detect.cli.train",
        "harvest": "fcn_detect.cli.harvest",
        "import": "fcn_detect.cli.import_model",
    },
    "Search": {
        "detect": "fcn_detect.cli.detect",
        "batch": "fcn_detect.cli.batch",
        "merge": "fcn_detect.cli.merge",
    },
    "Judge": {
        "report": "fcn_detect.cli.report",
        "evaluate": "fcn_detect.cli.evaluate",
        "verify": "fcn_detect.cli.verify",
        "inspect": "fcn_detect.cli.inspect",
        "bench": "fcn_detect.cli.bench",
    },
    "More": {
        "export": "fcn_detect.cli.export",
        "demo": "fcn_detect.cli.demo",
        "completion": "fcn_detect.cli.completion",
    },
}
# What to do when the system refuses to write.
FREE, ELSEWHERE = (
    "free some, then start the same command again",
    "give a folder that can be written",
)
CURES = {
    errno.ENOSPC: FREE,
    errno.EDQUOT: FREE,
    errno.EFBIG: FREE,
    errno.EROFS: ELSEWHERE,
    errno.EACCES: ELSEWHERE,
    errno.EPERM: ELSEWHERE,
}
COMMANDS = {verb: module for group in GROUPS.values() for verb, module in group.items()}


class _LazyGroup(click.Group):
    """Looks commands up in `GROUPS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(COMMANDS[cmd_name]).command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does; an unknown verb is answered with the nearest one."""
        word = args[0]
        if word not in COMMANDS and not word.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{word}'{did_you_mean(word, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes a section for each group of verbs."""
        for heading, verbs in GROUPS.items():
            rows = [(verb, self.get_command(ctx, verb).get_short_help_str()) for verb in verbs]
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=12)


@click.group(
    cls=_LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "FCN_DETECT",
    },
)
@click.version_option(package_name="fcn-detect")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Crops in, boxes out: an object detector from folders of small image crops.

    \b
    Examples:
      fcn-detect train CROPS -o model.safetensors       learn from crops
      fcn-detect detect photo.jpg -m model.safetensors  find objects in photos
      fcn-detect batch FOLDER -o run                    search a camera's folder

    Environment variables set any option: FCN_DETECT_BATCH_WORKERS=4 is --workers of batch.
    FCN_DETECT_MODEL, _BACKEND, _DEVICE and _THREADS hold for all commands. NO_COLOR is heeded.

    Ends with 0 when done, 1 when it failed, 2 when the command was wrong, 3 when some images
    failed, 130 when interrupted, 143 when terminated.
    """  # noqa: D301 (click wants the character itself)
    if os.environ.get("NO_COLOR"):
        ctx.color = False


class _Terminated(BaseException):
    """SIGTERM arrived."""


def main() -> NoReturn:
    """Runs the command line; the exit code says how it ended.

    0 done; 1 failed, with one line that says why; 2 wrong usage; 3 done, but some images failed;
    130 interrupted; 143 terminated.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    if sys.stderr is None:  # closed: no other file may get its number
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 (to the end)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # its warnings are said in our own words
    try:
        code = _run(prog_name="fcn-detect", standalone_mode=False)
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
        code = _fail(_explain_system(error))
    except MemoryError:
        code = _fail("memory ran out; free some, then start the same command again")
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
    print_error(" ".join(message.split("\n")))
    return exit_codes.FAILED


def _explain_system(error: OSError) -> str:
    """What could not be done to which file, and what to do."""
    where = f"{error.filename}: " if error.filename else ""
    cure = CURES.get(error.errno or 0)
    return f"{where}{error.strerror or error}" + (f"; {cure}" if cure else "")


def _explain_import(error: ImportError) -> str:
    """What is missing, and how to get it."""
    if "libGL" in str(error):
        return (
            f"OpenCV needs a system library: {error}; install it (Debian: apt-get install libgl1) "
            "or put opencv-python-headless in opencv-python's place"
        )
    if error.name in ("torch", "torchvision", "safetensors"):
        return (
            "PyTorch is not installed (pip install torch torchvision safetensors); without it "
            "`detect` and `batch` run exported models: -m MODEL.onnx or MODEL.xml"
        )
    return f"a library is missing or damaged: {error}; install fcn-detect again"


def _raise_terminated(_signal: int, _frame: object) -> NoReturn:
    raise _Terminated
