import json
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_training_that_is_killed_again_and_again_ends_in_the_model_of_an_undisturbed_one(
    tmp_path,
):
    script = ["scripts/bench/training_kills.py", "--kills", "6", "--epochs", "3", "--rounds", "1"]
    command = [sys.executable, *script, "--out", str(tmp_path / "out")]
    report = subprocess.run(command, check=True, capture_output=True)
    assert json.loads(report.stdout)["kills"] == 6
