"""Whatever bytes a parser gets: it refuses them as the project does, or gives what can be meant."""

import importlib
import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.mutation import mutate_json
from fuzz.seeds import SEEDS
from fuzz.targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.errors import FcnDetectError

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "cases").rglob("*") if path.is_file())

each_target = pytest.mark.parametrize("name", TARGETS)


def feed(name, data):
    """What the parser says against the bytes, on one line; "" where it takes them."""
    try:
        TARGETS[name](data)
    except FcnDetectError as error:
        message = str(error) or "nothing"
    else:
        message = ""
    assert "\n" not in message
    return message


@each_target
def test_good_files_are_taken(name):
    assert not any(feed(name, seed) for seed in SEEDS[name])


@pytest.mark.parametrize("case", CASES, ids=lambda path: "/".join(path.parts[-2:]))
def test_what_was_found_is_mended(case):
    feed(case.parent.name, case.read_bytes())


@each_target
@settings(max_examples=60)
@given(data=st.data())
def test_damaged_files_are_refused_or_can_be_meant(name, data):
    seed = data.draw(st.sampled_from(SEEDS[name]))
    start, end = sorted(data.draw(st.lists(st.integers(0, len(seed)), min_size=2, max_size=2)))
    feed(name, seed[:start] + data.draw(st.binary(max_size=8)) + seed[end:])


@each_target
@settings(max_examples=60)
@given(chance=st.integers(0, 2**32))
def test_files_of_other_values_are_refused_or_can_be_meant(name, chance):
    rng = random.Random(chance)
    changed = mutate_json(rng.choice(SEEDS[name]), rng)
    if changed is not None:
        feed(name, changed)


@pytest.mark.slow
def test_a_minute_of_guided_fuzzing_finds_nothing(tmp_path):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed")
    script = HERE.parents[1] / "scripts" / "fuzz" / "run.py"
    asked = ["--seconds", "85", "--slice", "5", "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, script, *asked], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "summary.json").is_file()
