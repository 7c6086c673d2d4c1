import json
import os
from dataclasses import replace
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from fcn_detect.errors import DataError, SettingsError
from fcn_detect.formats import read_results, write_results
from fcn_detect.harvest import HarvestJob, harvest
from fcn_detect.harvest.folder import crop_name
from fcn_detect.images import read_image
from fcn_detect.nets import load_model, save_model


@pytest.fixture
def job(tmp_path, made_run, marks, correct):
    corrections = correct(marks, {**marks, "image": "cam2/0001.png"})
    return HarvestJob(made_run, corrections, tmp_path / "crops", backgrounds=5)


def files(folder):
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.png")}


def records(folder):
    return [json.loads(line) for line in (folder / "harvest.jsonl").read_text().splitlines()]


def test_a_harvest_is_what_train_expects_and_says_where_each_crop_is_from(job):
    summary = harvest(job)
    assert 2 < summary.crops.pop(("background", "background")) <= 10
    assert summary.crops == {
        ("dress", "confirmed"): 2,
        ("dress", "missed"): 2,
        ("background", "wrong"): 2,
    }
    assert (summary.images, summary.there, summary.failed) == (2, 0, [])
    found = records(job.crops)
    assert {record["crop"] for record in found} == files(job.crops).keys()
    for record in found:
        folder, name = record["crop"].split("/")
        assert folder == (record["label"] or "background")
        assert unquote(name.rpartition(".crop-")[0]) == record["image"]
    assert {read_image(path).image_hw for path in files(job.crops).values()} == {(128, 64)}


def test_the_object_lies_in_its_crop_where_the_model_has_it_pixel_for_pixel(job, image):
    harvest(job)
    crop = np.asarray(Image.open(job.crops / "dress" / "cam1%2F0001.png.crop-1.png"))
    # the object box is 7.5, 16, 56.5, 112: at scale 1, half a pixel off across
    assert (crop[16:112, 8:56] == 250).all()
    assert (crop[:16] < 250).all()
    assert (crop[112:] < 250).all()
    assert (crop[:, :7] < 250).all()
    np.testing.assert_array_less(crop[20:100, 7].astype(int), 200)
    above = (image[4:20, 50:70].astype(int) + image[4:20, 51:71]) / 2
    np.testing.assert_allclose(crop[:16, 18:38], above, atol=1)


def test_pixels_beyond_the_frame_are_those_of_its_edge(job, marks, correct):
    low = {"label": "dress", "box": [100, 60, 149, 156]}
    correct({**marks, "confirmed": [], "wrong": [], "missed": [low], "checked": False})
    harvest(job)
    crop = np.asarray(Image.open(job.crops / "dress" / "cam1%2F0001.png.crop-1.png"))
    assert (crop[116:] == crop[116]).all()  # the frame ends 12 px above the crop's end
    assert (crop[114] != crop[115]).any()


def test_a_second_start_goes_on_and_changes_nothing(job):
    harvest(job)
    before = {name: path.read_bytes() for name, path in files(job.crops).items()}
    lost = sorted(before)[3]
    (job.crops / lost).unlink()
    summary = harvest(job)
    assert summary.there == len(before) - 1
    assert {name: path.read_bytes() for name, path in files(job.crops).items()} == before


def test_another_harvest_is_refused_and_overwritten_when_asked(job, marks, correct):
    harvest(job)
    (job.crops / "dress" / "own.png").write_bytes(b"the user's")
    correct({**marks, "checked": False})
    with pytest.raises(SettingsError, match="another harvest"):
        harvest(job)
    harvest(replace(job, overwrite=True))
    assert len(files(job.crops)) == 3 + 1
    assert {record["image"] for record in records(job.crops)} == {"cam1/0001.png"}


def test_a_folder_of_something_else_is_refused(job):
    job.crops.mkdir()
    (job.crops / "a.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match="no harvest"):
            harvest(replace(job, overwrite=overwrite))


def test_an_image_that_cannot_be_read_fails_alone(job, tmp_path, image):
    (tmp_path / "photos" / "cam1" / "0001.png").write_bytes(b"")
    summary = harvest(job)
    assert [(r.image, r.failure.kind) for r in summary.failed] == [("cam1/0001.png", "empty")]
    assert len(files(job.crops)) == 8
    assert records(job.crops)[0]["failure"]["kind"] == "empty"
    Image.fromarray(image[:100]).save(tmp_path / "photos" / "cam1" / "0001.png")
    assert "had 240x160" in harvest(job).failed[0].failure.message


def test_corrections_of_another_run_model_or_class_are_refused(job, marks, correct, tmp_path):
    correct({**marks, "image": "other.png"})
    with pytest.raises(DataError, match=r"1 corrected images have no record.*other\.png"):
        harvest(job)
    correct({**marks, "missed": [{"label": "hat", "box": [1, 1, 50, 90]}]})
    with pytest.raises(DataError, match="'hat', which is none of the model's: dress"):
        harvest(job)
    correct(marks)
    facts = json.loads((job.run / "run.json").read_text())
    facts["model"]["sha256"] = "0" * 64
    (job.run / "run.json").write_text(json.dumps(facts))
    with pytest.raises(SettingsError, match="not the file"):
        harvest(job)
    with pytest.raises(DataError, match="--images"):
        harvest(replace(job, images=tmp_path / "nowhere"))
    harvest(replace(job, model=tmp_path / facts["model"]["path"]))


def test_a_run_of_another_version_is_refused_and_one_of_detect_is_taken(job, model, tmp_path):
    facts = json.loads((job.run / "run.json").read_text())
    (job.run / "run.json").write_text(
        json.dumps({**facts, "settings": {"sha256": "0", "colour": "blue"}})
    )
    with pytest.raises(SettingsError, match=r"run\.json: unknown key 'detect\.colour'"):
        harvest(job)
    (job.run / "run.json").unlink()
    with pytest.raises(DataError, match="finished run"):
        harvest(job)
    assert harvest(replace(job, model=model, images=tmp_path / "photos")).images == 2


@pytest.mark.parametrize("name", ["../../up.png", "/root.png", ".hidden.png", "a" * 250 + ".png"])
def test_no_name_of_an_image_leads_out_of_the_folder(job, marks, correct, tmp_path, name):
    found = replace(read_results(job.run)[0], image=name)
    write_results([found], job.run / "results.jsonl")
    source = tmp_path / "photos" / "cam1" / "0001.png"
    inside = tmp_path / "deep" / "er"
    inside.mkdir(parents=True)
    if not name.startswith(("/", "a")):
        (inside / name).resolve().write_bytes(source.read_bytes())
    correct({**marks, "image": name})
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    harvest(replace(job, images=inside))
    new = {p for p in tmp_path.rglob("*") if p.is_file()} - before
    assert all(job.crops in p.parents and ".." not in p.parts for p in new)
    assert not any(p.name.startswith(".") for p in new)


@pytest.mark.parametrize("label", ["../up", "..", "a/b", ".x", "a\\b"])
def test_a_class_that_is_no_folder_name_is_refused(job, tmp_path, model, label):
    header, classifier = load_model(model)
    odd = tmp_path / "odd.safetensors"
    save_model(odd, header.model_copy(update={"labels": (label,)}), classifier)
    with pytest.raises(DataError, match="cannot be the name of a folder"):
        harvest(replace(job, model=odd))
    assert not job.crops.exists()


def test_names_that_are_no_text_and_alike_names_stay_apart():
    odd = os.fsdecode(b"\xff.jpg")
    names = {crop_name(image, 1) for image in ("a/b.jpg", "a_b.jpg", "a%2Fb.jpg", odd)}
    assert len(names) == 4
    assert all(name.isascii() and "/" not in name for name in names)
    long = [crop_name("x" * 300 + end, 12) for end in ("a.jpg", "b.jpg")]
    assert long[0] != long[1]
    assert max(map(len, long)) < 255
