"""A tiny model and its export, and one small photo."""

import numpy as np
import pytest

from fcn_detect.backends.torch_backend import untrained
from fcn_detect.bench import machine
from fcn_detect.nets import save_model
from fcn_detect.nets.graph_files import convert_model, write_graph
from fcn_detect.scenes import write_scenes


@pytest.fixture(autouse=True)
def _small_product(monkeypatch):
    monkeypatch.setattr(machine, "PRODUCT_SIDE", 64)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A folder with a model, an export of it, and a padded model."""
    folder = tmp_path_factory.mktemp("tiny")
    header, classifier = untrained("valid-small", (56, 48))
    save_model(folder / "tiny.safetensors", header, classifier)
    write_graph(convert_model(header, classifier), folder / "tiny.onnx")
    save_model(folder / "padded.safetensors", *untrained("dress", (64, 32)))
    return folder


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photo")
    write_scenes(folder, np.random.default_rng(0), [(120, 160)], dresses=(0, 0), heights=(48, 90))
    return folder / "scene_000.jpg"
