import subprocess
import sys

import pytest

from fcn_detect.backends import BACKENDS
from fcn_detect.cli import options
from fcn_detect.cli.main import COMMANDS
from fcn_detect.formats import WRITERS

WATCH = """
import sys
sys.argv = ["fcn-detect", *{arguments}]
from fcn_detect.cli.main import main
try:
    main()
finally:
    heavy = [m for m in ("torch", "torchvision", "cv2", "matplotlib") if m in sys.modules]
    print("imported:", heavy, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["--help"], 0),
        (["--version"], 0),
        (["train", "--help"], 0),
        (["detect", "--help"], 0),
        (["detect"], 2),
        (["nonsense"], 2),
        (["detect", "x.jpg", "--min-height", "tall"], 2),
        (["bench", "--help"], 0),
        (["inspect", "--frame", "big"], 2),
    ],
)
def test_help_and_usage_errors_import_nothing_heavy(arguments, code):
    done = subprocess.run(
        [sys.executable, "-c", WATCH.format(arguments=arguments)], capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    assert "imported: []" in done.stderr


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_explains_itself(run_cli, verb):
    code, out, _ = run_cli(verb, "--help")
    assert code == 0
    assert "Usage: fcn-detect" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("detect", "no-such-photo.jpg"),
        ("train", "no-such-folder", "-o", "m.safetensors"),
        ("train", ".", "-o", "model.pt"),
        ("batch", "no-such-folder", "-o", "run"),
        ("evaluate", "no-such.jsonl", "no-such.json"),
        ("inspect", "-m", "no-such-model"),
        ("inspect", "--net", "no-such-net"),
        ("verify", "-m", "no-such-model"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_one_line(run_cli, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    code, out, err = run_cli(*arguments)
    assert code == 1
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Traceback" not in err


def test_options_offer_every_format_and_backend_that_there_is():
    assert sorted(WRITERS) == options.FORMATS
    assert list(BACKENDS) == options.BACKENDS


def test_a_missing_system_library_is_named_with_its_cure(
    run_cli, monkeypatch, dress_model, tmp_path
):
    from fcn_detect.detect import Detector

    def broken(*_args, **_options):
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(Detector, "load", broken)
    (tmp_path / "a.png").write_bytes(b"x")
    code, _, err = run_cli("detect", tmp_path / "a.png", "-m", dress_model)
    assert code == 1
    assert "opencv-python-headless" in err


def test_an_interruption_ends_with_130(run_cli, monkeypatch, dress_model, tmp_path):
    from fcn_detect.detect import Detector

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Detector, "load", interrupted)
    (tmp_path / "a.png").write_bytes(b"x")
    code, _, err = run_cli("detect", tmp_path / "a.png", "-m", dress_model)
    assert code == 130
    assert "interrupted" in err
