"""How much commands say, where it goes, and which words they understand."""

import subprocess
import sys

import click
import pytest
from PIL import Image

from fcn_detect.cli.main import COMMANDS, GROUPS, cli

MODEL = ("inspect", "-m", "person-small")


def test_quiet_prints_neither_tables_nor_talk_but_json_and_errors(run_cli):
    assert run_cli(*MODEL, "--quiet") == (0, "", "")
    code, out, err = run_cli(*MODEL, "-q", "--json")
    assert (code, err) == (0, "")
    assert out.startswith("{")
    code, out, err = run_cli("inspect", "-m", "nothing", "-q")
    assert (code, out) == (1, "")
    assert err.startswith("error: ")


def test_verbose_logs_what_is_done_on_standard_error(run_cli, tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    detect = ("detect", tmp_path / "a.png", "-m", "person-small", "--json", "--backend", "torch")
    quiet = run_cli(*detect)
    code, out, err = run_cli(*detect, "-v")
    assert (code, out) == (3, quiet[1])
    assert "fcn_detect.detect.detector: " in err
    assert "fcn_detect" not in quiet[2]


@pytest.mark.parametrize(
    "arguments, meant",
    [
        (["detcet"], "did you mean 'detect'?"),
        (["batch", "x", "-o", "y", "--worker", "2"], "'--workers'"),
        (["inspect", "-m", "person-smal"], "did you mean 'person-small'?"),
        (["inspect", "--net", "valid-smal"], "did you mean 'valid-small'?"),
    ],
)
def test_a_word_that_nearly_fits_is_answered_with_the_one_that_does(run_cli, arguments, meant):
    code, out, err = run_cli(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert meant in err


def test_environment_variables_set_options_and_options_go_over_them(run_cli, monkeypatch):
    monkeypatch.setenv("FCN_DETECT_MODEL", "person-small")
    assert "valid-half" in run_cli("inspect")[1]
    assert "valid-large" in run_cli("inspect", "-m", "person")[1]
    monkeypatch.setenv("FCN_DETECT_INSPECT_FRAME", "320x240")
    assert "320x240 px" in run_cli("inspect")[1]


@pytest.mark.parametrize("no_color, coloured", [("", True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(monkeypatch, capsys, no_color, coloured):
    from fcn_detect.cli.talk import print_error

    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(click.utils, "should_strip_ansi", lambda _stream, color: color is False)
    print_error("nothing works")
    assert ("\x1b[" in capsys.readouterr().err) == coloured


@pytest.mark.parametrize("shell, said", [("zsh", "#compdef fcn-detect"), ("fish", "complete")])
def test_completion_prints_a_script_for_the_shell(run_cli, shell, said):
    code, out, _ = run_cli("completion", shell)
    assert code == 0
    assert said in out
    assert "_FCN_DETECT_COMPLETE" in out


def test_a_shell_completes_commands_and_shipped_models(tmp_path):
    def complete(words):
        environment = {
            "_FCN_DETECT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        command = [sys.executable, "-m", "fcn_detect"]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=tmp_path
        )
        return done.stdout

    assert "harvest" in complete("fcn-detect harv")
    assert "person-small" in complete("fcn-detect detect -m per")


def test_every_command_has_a_group_an_example_and_says_how_to_be_quiet(run_cli):
    assert sorted(COMMANDS) == sorted(verb for group in GROUPS.values() for verb in group)
    code, out, _ = run_cli("--help")
    assert code == 0
    assert all(f"\n{heading}:\n" in out for heading in GROUPS)
    for verb in COMMANDS:
        command = cli.get_command(click.Context(cli), verb)
        text = command.get_help(click.Context(command, info_name=verb))
        assert f"fcn-detect {verb}" in text.partition("Examples:")[2], verb
        assert "General:" in text
        assert "--quiet" in text


def test_a_standard_error_that_nobody_reads_stops_nothing(dress_model, tmp_path):
    Image.new("RGB", (90, 140)).save(tmp_path / "a.png")
    for number, redirected in enumerate(("2>&-", "2>/dev/full", "2> >(exit)")):
        out = tmp_path / str(number)
        program = f"{sys.executable} -m fcn_detect detect {tmp_path / 'a.png'} -o {out}"
        command = f"{program} -m {dress_model} --backend torch {redirected}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
        assert done.returncode == 0, redirected
        assert len((out / "results.jsonl").read_text().splitlines()) == 1


def test_every_option_has_a_variable_of_its_flags_name(monkeypatch):
    """`FCN_DETECT_`, the command and the option, as the documentation says."""
    ctx = click.Context(cli, auto_envvar_prefix="FCN_DETECT")
    for name in COMMANDS:
        found = cli.get_command(ctx, name)
        inner = click.Context(found, parent=ctx, info_name=name)
        for option in found.params:
            flag = max(option.opts, key=len)
            if not isinstance(option, click.Option) or flag in ("--help", "--quiet", "--verbose"):
                continue
            variable = f"FCN_DETECT_{name}_{flag[2:]}".replace("-", "_").upper()
            monkeypatch.setenv(variable, "there")
            named = option.resolve_envvar_value(inner)
            short = isinstance(option.envvar, str)  # one for all commands
            assert named == "there" or short, (name, flag)
            monkeypatch.delenv(variable)
