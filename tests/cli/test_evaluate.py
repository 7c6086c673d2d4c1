import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcn_detect.formats import write_results
from fcn_detect.results import Detections, ImageResult

TALL, SHORT, FALSE = [10, 10, 30, 60], [50, 10, 60, 30], [70, 5, 90, 65]


def _result(boxes):
    scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
    found = Detections(np.array(boxes, np.float32).reshape(-1, 4), scores, ["person"] * len(boxes))
    return [ImageResult("a.png", 100, 80, found)]


@pytest.fixture
def folder(tmp_path):
    """A photo with two objects; one run finds the tall one and a false one, a peer both objects."""
    write_results(_result([TALL, FALSE]), tmp_path / "run/results.jsonl")
    write_results(_result([TALL, SHORT]), tmp_path / "peer.jsonl")
    boxes = [(TALL, 1), (SHORT, 2)]
    annotations = {
        "images": [{"id": 1, "file_name": "photos/a.png", "width": 100, "height": 80}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 1, "bbox": [x, y, u - x, v - y]}
            for (x, y, u, v), i in boxes
        ],
    }
    (tmp_path / "true.json").write_text(json.dumps(annotations))
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (100, 80), "blue").save(tmp_path / "photos/a.png")
    return tmp_path


def _figures(run_cli, folder, *options):
    code, out, _ = run_cli("evaluate", folder / "run", folder / "true.json", "--json", *options)
    assert code == 0
    return json.loads(out)["classes"]["person"]


def test_one_run_prints_its_figures_in_four_tables(run_cli, folder):
    code, out, err = run_cli("evaluate", folder / "run", folder / "true.json")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines() if line.startswith("run")]
    assert [row[:2] for row in rows] == [["run", "person"]] * 4
    assert rows[0][2:4] == ["1", "2"]  # images, boxes
    assert rows[1][-1] == "0.500"  # share found by all
    assert rows[2][3:] == ["1", "1", "0", "1.000", "1.000"]  # found, missed, near, IoU
    assert rows[3][2:] == ["1", "0", "0", "1", "1"]  # all, double, near, background, at edge
    assert max(map(len, out.splitlines())) <= 80


def test_json_of_one_run_holds_the_kinds_of_mistakes(run_cli, folder):
    figures = _figures(run_cli, folder)
    assert figures["recall_at_0_01_fppi"] == figures["recall_at_1_fppi"] == 0.5
    errors = figures["at_1_fppi"]
    assert (errors["found"], errors["missed"], errors["background"]) == (1, 1, 1)
    assert errors["at_edge"] == 1
    assert errors["mean_iou"] == pytest.approx(1)
    assert "intervals" not in figures


def test_heights_outside_the_range_do_not_count(run_cli, folder):
    figures = _figures(run_cli, folder, "--min-height", 25, "--max-height", 51)
    assert (figures["boxes"], figures["ignored_boxes"], figures["detections"]) == (1, 1, 2)
    assert _figures(run_cli, folder, "--max-height", 40)["detections"] == 0
    code, _, err = run_cli("evaluate", "x", "y", "--min-height", 60, "--max-height", 50)
    assert code == 1
    assert "the smallest height, 60 px, must be below the largest, 50 px" in err


def test_intervals_are_drawn_on_demand_and_the_same_each_time(run_cli, folder):
    first = _figures(run_cli, folder, "--bootstrap", 20)["intervals"]
    assert first == _figures(run_cli, folder, "--bootstrap", 20)["intervals"]
    assert first["resamples"] == 20
    low, high = first["recall_at_1_fppi"]
    assert low == high == 0.5  # a set of one image can only be drawn in one way
    _, out, _ = run_cli("evaluate", folder / "run", folder / "true.json", "--bootstrap", 20)
    assert "95 %" in out
    assert "0.500-0.500" in out


def test_several_results_share_tables_plots_and_a_list(run_cli, folder):
    arguments = ["evaluate", folder / "run", folder / "peer.jsonl", folder / "true.json"]
    code, out, _ = run_cli(*arguments, "--plots", folder / "plots")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines() if "person" in line]
    assert names == ["run", "peer"] * 4
    plots = sorted(path.name for path in (folder / "plots").iterdir())
    assert plots == ["miss_rate.png", "precision_recall.png"]
    _, out, _ = run_cli(*arguments, "--json")
    both = json.loads(out)["results"]
    assert [(one["name"], one["overall"]["max_recall"]) for one in both] == [
        ("run", 0.5),
        ("peer", 1.0),
    ]
    assert both[1]["path"].endswith("peer.jsonl")


def test_mistakes_are_shown_where_the_photos_are_known(run_cli, folder):
    arguments = ["evaluate", folder / "run", folder / "true.json", "--plots", folder / "plots"]
    code, _, err = run_cli(*arguments, "--images", folder / "photos")
    assert (code, "not shown" in err) == (0, False)
    names = {path.name for path in (folder / "plots").iterdir()}
    assert names == {"miss_rate.png", "precision_recall.png", "misses.png", "false_alarms.png"}
    code, _, err = run_cli(*arguments, "--images", folder / "elsewhere")
    assert code == 0
    assert err.count("1 of 1 mistakes are not shown") == 2
    code, _, err = run_cli(*arguments[:3], "--images", folder / "photos")
    assert code == 2
    assert "--images needs --plots" in err


def test_sheets_of_several_results_have_folders_of_their_own(run_cli, folder):
    code, _, _ = run_cli(
        *("evaluate", folder / "run", folder / "peer.jsonl", folder / "true.json"),
        *("--plots", folder / "plots", "--images", folder),
    )
    assert code == 0
    assert (folder / "plots/run/misses.png").is_file()
    assert not (folder / "plots/peer").exists()  # the peer makes no mistake


def test_annotations_that_are_nothing_known_end_in_one_line(run_cli, folder):
    code, out, err = run_cli("evaluate", folder / "run", folder / "photos")
    assert (code, out) == (1, "")
    assert "expected a COCO file (.json), a CVAT file (.xml), a folder of Pascal VOC" in err
    assert len(err.splitlines()) == 1


def test_only_images_that_all_sides_name_are_compared_when_asked(run_cli, folder):
    more = [*_result([TALL]), replace(_result([TALL])[0], image="unseen.png")]
    write_results(more, folder / "more" / "results.jsonl")
    code, _, err = run_cli("evaluate", folder / "more", folder / "true.json")
    assert code == 1
    assert "1 results without annotated image (unseen.png)" in err
    assert "--common" in err
    code, out, err = run_cli(
        "evaluate", folder / "more", folder / "true.json", "--common", "--json"
    )
    assert (code, json.loads(out)["images"]) == (0, 1)
    assert "images in common: 1, of 1 annotated and 2 of more" in err
