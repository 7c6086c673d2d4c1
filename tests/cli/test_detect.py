import json
import shutil

import numpy as np
import pytest
from PIL import Image

from fcn_detect.detect import Detector
from fcn_detect.errors import ImageError
from fcn_detect.scenes import render_scene


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "street.png"
    scene = render_scene(np.random.default_rng(4), (300, 400), 2, (100, 200))
    Image.fromarray(scene.image).save(path)
    return path


def test_detect_writes_pictures_and_records_never_beside_the_photo(
    run_cli, photo, dress_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = sorted(photo.parent.iterdir())
    code, out, _ = run_cli("detect", photo, "-m", dress_model, "--heatmap", "--crops")
    assert code == 0
    assert "street.png" in out
    assert sorted(photo.parent.iterdir()) == before
    records = (tmp_path / "detections" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["width"] for line in records] == [400]
    pictures = list((tmp_path / "detections").rglob("street.png"))
    assert len(pictures) == 1
    with Image.open(pictures[0]) as picture:
        assert picture.size == (400, 300)
    assert list((tmp_path / "detections").rglob("*.heatmap.jpg"))


def test_json_without_a_folder_prints_records_and_writes_nothing(
    run_cli, photo, dress_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run_cli("detect", photo, "-m", dress_model, "--json")
    assert code == 0
    record = json.loads(out)
    assert record["image"] == photo.as_posix()
    assert record["failure"] is None
    assert list(tmp_path.iterdir()) == []


def test_bad_files_are_said_and_the_rest_is_done(run_cli, photo, dress_model, tmp_path):
    good = {}
    with Image.open(photo) as image:
        rgb = image.convert("RGB")
    for name, image, options in [
        ("grey.png", rgb.convert("L"), {}),
        ("palette.png", rgb.convert("P"), {}),
        ("alpha.png", rgb.convert("RGBA"), {}),
        ("cmyk.jpg", rgb.convert("CMYK"), {}),
        ("deep.png", Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257), {}),
    ]:
        image.save(tmp_path / name, **options)
        good[name] = image
    turned = rgb.transpose(Image.Transpose.ROTATE_90)  # orientation 6 turns it back
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.png", exif=exif)
    rgb.save(tmp_path / "plain.jpg")
    whole = (tmp_path / "plain.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("<html>404</html>")
    code, out, err = run_cli("detect", tmp_path, "-m", dress_model, "--json")
    assert code == 3
    records = {r["image"].rsplit("/")[-1]: r for r in map(json.loads, out.splitlines())}
    failures = {name: r["failure"]["kind"] for name, r in records.items() if r["failure"]}
    assert failures == {"cut.jpg": "truncated", "empty.jpg": "empty", "text.jpg": "not_an_image"}
    for kind in failures.values():
        assert kind in err
    assert set(records) == {*good, "turned.png", "plain.jpg", *failures}
    _, plain, _ = run_cli("detect", photo, "-m", dress_model, "--json")
    for name in ("alpha.png", "turned.png"):
        assert records[name]["detections"] == json.loads(plain)["detections"]
    assert (records["turned.png"]["width"], records["turned.png"]["height"]) == (400, 300)


def test_a_name_that_looks_like_markup_is_printed_as_it_is(run_cli, photo, dress_model, tmp_path):
    odd = tmp_path / "[bold]a.png"
    odd.write_bytes(photo.read_bytes())
    code, out, _ = run_cli("detect", odd, "-m", dress_model, "-o", tmp_path / "found")
    assert code == 0
    assert "[bold]a.png" in out.replace("\n", "")


def test_the_threshold_decides_what_is_shown_and_not_what_is_kept(
    run_cli, photo, dress_model, tmp_path
):
    kept = []
    for threshold in ("0.0", "1.0"):
        folder = tmp_path / threshold
        code, out, _ = run_cli(
            "detect", photo, "-m", dress_model, "-o", folder, "--threshold", threshold
        )
        assert code == 0
        kept.append((folder / "results.jsonl").read_bytes())
    assert "none" in out
    assert kept[0] == kept[1]


def test_a_huge_photo_is_searched_in_tiles_with_all_its_pictures(
    run_cli, photo, dress_model, tmp_path
):
    (tmp_path / "tiles.toml").write_text("[detect]\nstream_pixels = 50000\n")
    arguments = ["detect", photo, "-m", dress_model, "--config", tmp_path / "tiles.toml"]
    code, out, err = run_cli(*arguments, "-o", tmp_path / "found", "--heatmap", "--crops")
    assert code == 0
    assert "searched in tiles" in " ".join(out.split())
    assert "searching street.png: " in err
    record = json.loads((tmp_path / "found" / "results.jsonl").read_text())
    _, whole, _ = run_cli("detect", photo, "-m", dress_model, "--json")
    expected = json.loads(whole)["detections"]
    assert [one["box"] for one in record["detections"]] == [one["box"] for one in expected]
    assert list((tmp_path / "found").rglob("street.png.heatmap.*"))


@pytest.mark.parametrize("where", [".", "photos/..", "absolute"])
def test_a_photo_is_never_replaced_by_its_picture(
    run_cli, photo, dress_model, tmp_path, monkeypatch, where
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    shutil.copy(photo, tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    given = ("a.png", where) if where != "absolute" else (tmp_path / "a.png", "/")
    code, _, err = run_cli("detect", given[0], "-m", dress_model, "-o", given[1])
    assert code == 1
    assert "would lie beside it" in err
    assert (tmp_path / "a.png").read_bytes() == before


def test_what_detect_wrote_is_not_searched_the_next_time(
    run_cli, photo, dress_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(photo, tmp_path / "a.png")
    written = []
    for _ in range(2):
        assert run_cli("detect", ".", "-m", dress_model, "--crops")[0] == 0
        written.append({str(p): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()})
    assert written[0] == written[1]
    assert len((tmp_path / "detections" / "results.jsonl").read_text().splitlines()) == 1


def test_paths_below_data_follow_the_variable(run_cli, photo, dress_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FCN_DETECT_DATA", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere" / "camera").mkdir(parents=True)
    shutil.copy(photo, tmp_path / "elsewhere" / "camera" / "a.png")
    model = ("-m", dress_model)
    assert run_cli("detect", "data/camera/a.png", *model, "-o", "out")[0] == 0
    assert run_cli("batch", "data/camera", *model, "-o", "run")[0] == 0
    assert run_cli("verify", "data/camera", *model, "--backend", "torch")[0] == 0


@pytest.mark.parametrize(
    "options, said",
    [
        (("--backend", "abacus"), "'abacus' is not one of"),
        (("--threshold", "0.5", "--false-alarms", "1"), "give one"),
        (("--threshold", "nan"), "not a finite number"),
        (("--min-height", "inf"), "not a finite number"),
        (("-o", "file"), "a file has that name"),
    ],
)
def test_options_that_cannot_be_meant_are_wrong_usage(
    run_cli, tmp_path, monkeypatch, options, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code, _, err = run_cli("detect", "a.png", *options)
    assert code == 2
    assert said in err


def test_the_bad_image_of_several_is_named(run_cli, photo, dress_model, tmp_path):
    (tmp_path / "bad.png").write_bytes(photo.read_bytes()[:1000])
    code, _, err = run_cli("verify", photo, tmp_path / "bad.png", "-m", dress_model)
    assert code == 1
    assert f"{tmp_path / 'bad.png'}: the file ends early" in err
    with pytest.raises(ImageError, match=r"bad\.png: the file ends early"):
        Detector.load(str(dress_model), backend="torch")(tmp_path / "bad.png")


def test_settings_files_may_be_named_by_text(dress_model, tmp_path):
    (tmp_path / "own.toml").write_text("[detect]\nmin_height = 77\n")
    detector = Detector.load(dress_model, backend="torch", config=str(tmp_path / "own.toml"))
    assert detector.settings.min_height == 77


def test_pictures_of_two_photos_never_share_a_name(
    run_cli, photo, dress_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with Image.open(photo) as image:
        image.save("a.bmp")
    shutil.copy("a.bmp", "a.bmp.jpg")
    assert run_cli("detect", "a.bmp", "a.bmp.jpg", "-m", dress_model)[0] == 0
    written = sorted(path.name for path in (tmp_path / "detections").glob("*.jpg"))
    assert written[0] == "a.bmp.jpg"
    assert len(written) == 2
