"""Every kind of model file is used, or refused in one line; none takes long or is run as code."""

import re

import numpy as np
import pytest
from corpus.model_files import make_corpus

from fcn_detect.detect import Detector
from fcn_detect.errors import FcnDetectError

USED = "used, with the boxes of the good file"
FRAME = np.random.default_rng(0).integers(0, 256, (90, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return folder, make_corpus(folder)


def test_the_corpus_has_good_files_and_bad_ones(corpus):
    says = list(corpus[1].values())
    assert len(says) - says.count("") >= 40
    assert says.count("") >= 2


def test_a_model_file_is_used_or_refused_in_one_line(corpus):
    folder, kinds = corpus
    expected = Detector.load(folder / "good.safetensors", backend="torch")(FRAME)
    outcomes = {name: outcome(folder / f"{name}.safetensors", expected) for name in kinds}
    wrong = {n: outcomes[n] for n, says in kinds.items() if not re.search(says, outcomes[n])}
    assert not wrong
    assert not [name for name, says in kinds.items() if (outcomes[name] == USED) != (says == "")]
    assert all(text.isprintable() and len(text) < 1000 for text in outcomes.values())


def outcome(path, expected):
    """What the file is refused with, or `USED`."""
    try:
        found = Detector.load(path, backend="torch")(FRAME)
    except FcnDetectError as error:
        return str(error)
    assert np.allclose(found.scores, expected.scores, atol=1e-2), path
    return USED
