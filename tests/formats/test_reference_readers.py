"""The programs that others read our files with accept them, and see what was written.

label-studio-converter and megadetector-utils are in the dependency group `readers`, datumaro in a
group and an environment of its own: they bring much with them. Their tests skip where they are not
installed.
"""

import json
import re
import subprocess
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageFile

from fcn_detect.errors import MissingExtraError
from fcn_detect.formats import ANNOTATION_READERS, WRITERS, Shown, read_annotations
from fcn_detect.results import Detections, Failure, ImageResult

SHOWN = Shown(["cat", "dog's"], lambda _image_hw: 0.5)
BOXES = np.array([[10, 20, 30.5, 60], [0, 0, 80, 60]], np.float32)
LABELS = ["dog's", "cat"]
RESULTS = [
    ImageResult("a.jpg", 80, 60, Detections(BOXES, np.array([0.9, 0.6]), LABELS)),
    ImageResult("empty.png", 80, 60, Detections.empty()),
]
FAILED = ImageResult("bad.jpg", None, None, None, Failure("truncated", "it ends early"))


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """MegaDetector's package lets Pillow read truncated files, all over the process."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)


def reader(name):
    """A module of the dependency group `readers`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason="pip install --group readers", exc_type=ImportError)


@pytest.fixture
def pictures(tmp_path):
    """A folder of the pictures that the results are of."""
    (tmp_path / "images").mkdir()
    for result in RESULTS:
        Image.new("RGB", (80, 60)).save(tmp_path / "images" / result.image)
    return tmp_path / "images"


def test_pycocotools_loads_our_dataset_and_our_scores(tmp_path, capsys):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    path = WRITERS["coco"]([*RESULTS, FAILED], tmp_path, SHOWN)
    truth = COCO(str(path))
    assert [image["file_name"] for image in truth.loadImgs(truth.getImgIds())] == [
        "a.jpg",
        "empty.png",
    ]
    entries = truth.loadAnns(truth.getAnnIds())
    assert [truth.cats[one["category_id"]]["name"] for one in entries] == LABELS
    np.testing.assert_allclose(entries[0]["bbox"], [10, 20, 20.5, 40])
    found = truth.loadRes(json.loads(path.read_text())["annotations"])
    evaluation = COCOeval(truth, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1)  # they equal themselves
    capsys.readouterr()


def as_older_supervisions_take_it(results):
    """Those with objects, in whole pixels: it takes no other VOC before its version 0.30."""
    return [
        replace(one, detections=replace(one.detections, boxes=one.detections.boxes.round()))
        for one in results
        if len(one.detections)
    ]


def supervision_sets(sv, tmp_path, pictures):
    """The data set as supervision reads it from each format."""
    for name in ("coco", "yolo"):
        WRITERS[name](RESULTS, tmp_path, SHOWN)
    WRITERS["voc"](as_older_supervisions_take_it(RESULTS), tmp_path, SHOWN)
    yolo = tmp_path / "yolo"
    load = sv.DetectionDataset
    return {
        "coco": load.from_coco(str(pictures), str(tmp_path / "coco.json")),
        "voc": load.from_pascal_voc(str(pictures), str(tmp_path / "voc")),
        "yolo": load.from_yolo(str(pictures), str(yolo / "labels"), str(yolo / "data.yaml")),
    }


@pytest.mark.filterwarnings(
    "ignore:unclosed file", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_supervision_loads_our_coco_voc_and_yolo(tmp_path, pictures):
    sv = pytest.importorskip("supervision")
    for name, dataset in supervision_sets(sv, tmp_path, pictures).items():
        found = {path.rsplit("/", 1)[-1]: one for path, one in dataset.annotations.items()}
        assert len(found["a.jpg"]) == 2, name
        assert [dataset.classes[i] for i in found["a.jpg"].class_id] == LABELS, name
        # of VOC, supervision counts all corners from 0, those that are behind the box, too
        np.testing.assert_allclose(found["a.jpg"].xyxy, BOXES, atol=1.5 if name == "voc" else 0.01)
        assert len(found.get("empty.png", ())) == 0


def test_detections_become_supervisions(monkeypatch):
    sv = pytest.importorskip("supervision")
    ours = RESULTS[0].detections
    theirs = ours.to_supervision(["cat", "dog's"])
    assert isinstance(theirs, sv.Detections)
    np.testing.assert_array_equal(theirs.xyxy, ours.boxes)
    np.testing.assert_array_equal(theirs.confidence, ours.scores)
    assert theirs.class_id.tolist() == [1, 0]
    assert theirs.data["class_name"].tolist() == LABELS
    assert ours.to_supervision().class_id.tolist() == [1, 0]
    assert len(Detections.empty().to_supervision()) == 0
    with pytest.raises(ValueError, match="is not in list"):
        ours.to_supervision(["cat"])
    monkeypatch.setitem(__import__("sys").modules, "supervision", None)
    with pytest.raises(MissingExtraError, match=r"fcn-detect\[supervision\]"):
        ours.to_supervision()


def test_megadetectors_validator_has_nothing_to_say(tmp_path):
    module = reader("megadetector.postprocessing.validate_batch_results")
    path = WRITERS["megadetector"]([*RESULTS, FAILED], tmp_path, SHOWN)
    options = module.ValidateBatchResultsOptions()
    options.raise_errors = True
    said = module.validate_batch_results(str(path), options)["validation_results"]
    assert (said["errors"], said["warnings"]) == ([], [])


def test_label_studios_converter_reads_our_tasks(tmp_path):
    converter = reader("label_studio_converter")
    interface = (
        '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
        '<Label value="cat"/><Label value="dog\'s"/></RectangleLabels></View>'
    )
    tasks = json.loads(WRITERS["labelstudio"](RESULTS, tmp_path, SHOWN).read_text())
    for number, task in enumerate(tasks, start=1):  # a person has accepted what was predicted
        result = task.pop("predictions")[0]["result"]
        task |= {"id": number, "annotations": [{"id": number, "result": result}]}
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    studio = converter.Converter(interface, str(tmp_path), download_resources=False)
    studio.convert_to_coco(str(tmp_path / "tasks.json"), str(tmp_path / "out"), is_dir=False)
    content = json.loads((tmp_path / "out" / "result.json").read_text())
    names = {one["id"]: one["name"] for one in content["categories"]}
    assert [names[one["category_id"]] for one in content["annotations"]] == LABELS
    boxes = np.array([one["bbox"] for one in content["annotations"]])
    np.testing.assert_allclose(boxes[:, :2] + boxes[:, 2:], BOXES[:, 2:], atol=0.01)


SEEN_BY_DATUMARO = """
import json, sys
from datumaro.components.dataset import Dataset
from datumaro.components.annotation import AnnotationType
found = Dataset.import_from(sys.argv[1], "cvat")
labels = [one.name for one in found.categories()[AnnotationType.label]]
seen = {
    one.id: [[labels[box.label], *box.get_bbox()] for box in one.annotations] for one in found
}
print(json.dumps({"labels": labels, "seen": seen}))
"""


@pytest.mark.usefixtures("pictures")
def test_datumaro_reads_our_cvat(tmp_path):
    python = Path(__file__).parents[2] / ".venv-datumaro" / "bin" / "python"
    if not python.exists():
        pytest.skip("make test-readers")
    assert WRITERS["cvat"](RESULTS, tmp_path, SHOWN).exists()
    command = [python, "-c", SEEN_BY_DATUMARO, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["labels"] == SHOWN.labels
    assert said["seen"].keys() == {"a", "empty"}
    assert said["seen"]["empty"] == []
    assert [label for label, *_ in said["seen"]["a"]] == LABELS
    boxes = np.array([box for _, *box in said["seen"]["a"]])
    np.testing.assert_allclose(np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]), BOXES)


def test_the_documented_lines_give_fiftyone_shares_of_the_picture():
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    code = re.search(r"```python\n(found = .*?)```", page, re.DOTALL)[1]
    fo = SimpleNamespace(Detection=dict, Detections=lambda detections: detections)
    sample = {}
    names = {"fo": fo, "sample": sample, "detections": RESULTS[0].detections}
    exec(code, {**names, "width": 80, "height": 60})
    assert [one["label"] for one in sample["found"]] == LABELS
    shares = sample["found"][0]["bounding_box"]
    np.testing.assert_allclose(shares, [10 / 80, 20 / 60, 20.5 / 80, 40 / 60], atol=1e-6)


@pytest.mark.parametrize("name", ANNOTATION_READERS)
def test_reading_writing_and_reading_again_gives_the_same(name, tmp_path, pictures):
    def written(results, folder):
        path = WRITERS[name](results, folder, SHOWN)
        if name == "yolo":
            (path / "images").symlink_to(pictures)
        return read_annotations(path)

    first = written(RESULTS, tmp_path / "1")
    found = [Detections(one.boxes, np.ones(len(one.labels)), one.labels) for one in first.images]
    results = [
        ImageResult(one.image, one.width, one.height, boxes)
        for one, boxes in zip(first.images, found, strict=True)
    ]
    again = written(results, tmp_path / "2")
    assert again.classes == first.classes
    for one, other in zip(first.images, again.images, strict=True):
        assert (one.image, one.width, one.height) == (other.image, other.width, other.height)
        pairs = zip(one.boxes.tolist(), one.labels, strict=True)
        assert sorted(pairs) == sorted(zip(other.boxes.tolist(), other.labels, strict=True))
