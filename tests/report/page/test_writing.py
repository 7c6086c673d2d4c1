import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from fcn_detect.errors import DataError, SettingsError
from fcn_detect.report.page import PageJob, write_page
from fcn_detect.report.page.pictures import encode_heat
from fcn_detect.results import ImageResult


def calls(path, function):
    """What a data file hands to a function of the page."""
    text = path.read_text()
    assert "<" not in text
    return json.loads(re.fullmatch(rf"report\.{function}\((.*)\);\n", text, re.DOTALL)[1])


@pytest.fixture
def page(camera_run, tmp_path):
    write_page(PageJob(camera_run, tmp_path / "page"))
    return tmp_path / "page"


def entries(page):
    return [one for path in sorted(page.glob("data/0*.js")) for one in calls(path, "receive")]


def test_the_page_holds_all_records_in_order_and_their_pictures(page, camera_run):
    lines = (camera_run / "results.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    shown = entries(page)
    assert [one["name"] for one in shown] == [one["image"] for one in records]
    for number, (one, record) in enumerate(zip(shown, records, strict=True)):
        for kind in ("thumbnails", "pictures"):
            assert (page / f"{kind}/0000/{number:06d}.jpg").exists() == one.get("picture", False)
        if record["failure"]:
            assert one["failure"] == [record["failure"]["kind"], record["failure"]["message"]]
            continue
        boxes = [d["box"] for d in record["detections"] if d["score"] >= 0.05]
        assert [row[2:6] for row in one["found"]] == boxes
    assert {one["name"]: one.get("taken") for one in shown}[
        "cam1/0003.jpg"
    ] == "2026:05:17 03:10:00"
    assert "unreadable" in shown[-1 if shown[-1]["name"].endswith("gone.jpg") else -2]["notes"][0]


def test_the_frame_loads_files_of_its_own_and_nothing_else(page):
    class Links(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found, self.inline = [], []

        def handle_starttag(self, tag, attributes):
            given = dict(attributes)
            self.found += [given[key] for key in ("src", "href") if key in given and tag != "a"]
            self.inline += [key for key in given if key.startswith("on") or key == "style"]
            assert tag != "script" or given["src"]

    links = Links()
    links.feed((page / "index.html").read_text())
    assert all((page / name).is_file() for name in links.found)
    assert len(links.found) > 10
    assert links.inline == []
    for path in page.glob("*.js"):
        assert not re.search(r"innerHTML|eval\(|https?://(?!www\.w3\.org)", path.read_text()), path


def test_repeats_are_told_in_a_file_and_marked_in_the_page(page):
    spots = json.loads((page / "repeats.json").read_text())["spots"]
    assert [(spot["folder"], spot["label"], spot["images"]) for spot in spots] == [
        ("cam1", "person", 24)
    ]
    marked = [row for one in entries(page) for row in one.get("found", []) if row[6] == 0]
    assert len(marked) == 24
    assert all(abs(row[2] - 100) <= 1 for row in marked)


@pytest.mark.parametrize("sample", [False, True])
def test_a_limit_shows_so_many_in_the_order_of_the_run(camera_run, tmp_path, sample):
    job = PageJob(camera_run, tmp_path / "page", limit=4, sample=sample)
    summary = write_page(job)
    names = [one["name"] for one in entries(job.page)]
    assert (summary.shown, summary.total) == (4, 30)
    assert names == sorted(names)
    best = ["cam1/0021.jpg", "cam1/0022.jpg", "cam1/0023.jpg", "cam2/a.jpg"]
    assert (names == best) != sample
    assert calls(job.page / "data/about.js", "about")["images"] == 30


def test_a_second_page_takes_the_place_of_the_first_and_of_nothing_else(camera_run, tmp_path):
    job = PageJob(camera_run, tmp_path / "page", limit=3)
    write_page(job)
    write_page(replace(job, limit=2))
    assert len(entries(job.page)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["page"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("years of work")
    with pytest.raises(SettingsError, match="something else than a page"):
        write_page(replace(job, page=tmp_path / "other"))
    with pytest.raises(SettingsError, match="this is a file"):
        write_page(replace(job, page=tmp_path / "other" / "thesis.tex"))
    assert (tmp_path / "other" / "thesis.tex").read_text() == "years of work"


def test_two_runs_stand_side_by_side_with_partners(make_run, found, write_photo, tmp_path):
    (tmp_path / "photos").mkdir()
    write_photo(tmp_path / "photos" / "a.jpg", [])
    here = [
        ImageResult("a.jpg", 160, 120, found(("x", 0.9, 0, 0, 40, 40), ("x", 0.8, 90, 0, 99, 9)))
    ]
    there = [
        ImageResult("a.jpg", 160, 120, found(("x", 0.7, 60, 60, 80, 80), ("x", 0.6, 2, 0, 42, 40))),
        ImageResult("b.jpg", 160, 120, found()),
    ]
    for name, results in (("one", here), ("two", there)):
        (tmp_path / name).mkdir()
        make_run(tmp_path / name, results)
    job = PageJob(tmp_path / "one", tmp_path / "page", beside=tmp_path / "two")
    summary = write_page(job)
    (entry,) = entries(job.page)
    assert [row[7] for row in entry["found"]] == [1, -1]
    assert [row[7] for row in entry["beside"]] == [-1, 0]
    assert summary.only_beside == 1


@pytest.mark.parametrize(
    "spoil, message",
    [
        (
            lambda run: (run / "results.jsonl").unlink(),
            "expected a run's folder, or its results.jsonl",
        ),
        (lambda run: (run / "run.json").write_text("{"), "it is damaged"),
        (lambda run: (run / "results.jsonl").write_text("{}\n" * 31), "line 1"),
    ],
)
def test_a_damaged_run_is_refused_in_one_line_and_leaves_nothing(
    camera_run, tmp_path, spoil, message
):
    run = shutil.copytree(camera_run, tmp_path / "run")
    spoil(run)
    with pytest.raises(DataError, match=message):
        write_page(PageJob(run, tmp_path / "page"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_unsorted_records_are_refused(camera_run, tmp_path):
    run = shutil.copytree(camera_run, tmp_path / "run")
    lines = (run / "results.jsonl").read_text().splitlines(keepends=True)
    (run / "results.jsonl").write_text("".join(reversed(lines)))
    with pytest.raises(DataError, match="sorted by image"):
        write_page(PageJob(run, tmp_path / "page"))


def test_a_heat_map_is_transparent_where_it_is_cold(tmp_path):
    heat = np.zeros((4, 5), np.float32)
    heat[1, 2] = 1
    (tmp_path / "heat.png").write_bytes(encode_heat(heat))
    pixels = np.asarray(Image.open(tmp_path / "heat.png").convert("RGBA"))
    assert pixels.shape == (4, 5, 4)
    assert pixels[1, 2, 3] == 255
    assert pixels[1, 2, :3].sum() > 500
    assert np.delete(pixels[..., 3].ravel(), 1 * 5 + 2).max() == 0


def test_names_made_of_markup_stay_text(page, evil):
    text = (page / "index.html").read_text()
    assert "<img src=x" not in text
    assert f"cam2/{evil}" in [one["name"] for one in entries(page)]
    assert "require-trusted-types-for" in text
