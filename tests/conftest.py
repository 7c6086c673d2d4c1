"""What tests of several packages share: rendered crops and photos, a quick model, the command."""

import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# laws are not timed: a busy machine is no counter-example
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_finish():
    """Lets torch, where a test has imported it, run on one thread.

    The nets of the tests are tiny: on busy cores the threads would mostly wait for each other.
    """
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """A cache folder of the tests: they neither read nor fill the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FCN_DETECT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def data():
    """The folder of real data; tests that ask for it skip where it is absent."""
    folder = Path(os.environ.get("FCN_DETECT_DATA", Path(__file__).parent.parent / "data"))
    if not (folder / "person_crops").is_dir():
        pytest.skip("real data is not here")
    return folder


@pytest.fixture(scope="session")
def dress_crops(tmp_path_factory):
    """A folder of rendered crops, `train/` and `val/`, of dresses and background."""
    from fcn_detect.scenes import write_crops

    folder = tmp_path_factory.mktemp("dresses") / "crops"
    write_crops(folder, np.random.default_rng(1), per_class=80, val_per_class=24)
    return folder


@pytest.fixture(scope="session")
def photos_without(tmp_path_factory):
    """A folder of twenty rendered photos without dresses."""
    from fcn_detect.scenes import write_scenes

    folder = tmp_path_factory.mktemp("without") / "photos"
    sizes = {"dresses": (0, 0), "heights": (48, 180)}
    write_scenes(folder, np.random.default_rng(2), [(200, 260)] * 20, **sizes)
    return folder


@pytest.fixture(scope="session")
def quick_settings():
    """Settings of a training of seconds."""
    from fcn_detect.config import read_settings

    return read_settings(
        None,
        {
            "model": {"net": "valid-small", "object_box": [7.5, 16, 56.5, 112]},
            "train": {"epochs": 3, "batch_size": 32},
            "mining": {"epochs": 1, "windows_per_photo": 2, "per_photo": 5},
        },
    )


@pytest.fixture(scope="session")
def dress_model(tmp_path_factory, dress_crops, quick_settings):
    """The file of a model trained on `dress_crops` with `quick_settings`."""
    from fcn_detect.train import TrainingJob, train

    model = tmp_path_factory.mktemp("model") / "dress.safetensors"
    train(TrainingJob(dress_crops, model, quick_settings))
    return model


@pytest.fixture(scope="session")
def dress_exports(tmp_path_factory, dress_model):
    """`dress_model` exported to every target: the reports, by target."""
    from fcn_detect.export import TARGETS, ExportJob, export_model

    folder = tmp_path_factory.mktemp("exports") / "new"
    return {
        to: export_model(ExportJob(dress_model, to, folder / to / f"dress{target.suffix}"))
        for to, target in TARGETS.items()
    }


@pytest.fixture(scope="session")
def browser():
    """Chromium, where it and playwright are installed; tests that ask for it skip elsewhere."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("there is no Chromium here; Debian: apt-get install chromium")
    with playwright.sync_playwright() as p:
        running = p.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def run_cli(monkeypatch, capsys):
    """Runs `fcn-detect` with some arguments in this process: exit code, stdout and stderr."""
    from fcn_detect.cli.main import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["fcn-detect", *map(str, arguments)])
        handler = signal.getsignal(signal.SIGTERM)
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as stop:
                main()
        finally:
            signal.signal(signal.SIGTERM, handler)
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return run
