"""The file that the page saves is what `harvest` takes."""

import json

import numpy as np
import pytest
from PIL import Image

OBJECT = (40, 20, 89, 116)  # bright in every image of the run


def draw(page, box):
    """Drags a missed object over a box of the image."""
    page.keyboard.press("m")
    stage = page.locator("#stage").bounding_box()
    view = page.evaluate("report.stage.view")
    corners = [
        (stage["x"] + view["x"] + x * view["scale"], stage["y"] + view["y"] + y * view["scale"])
        for x, y in (box[:2], box[2:])
    ]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=3)
    page.mouse.up()


def open_image(page, name):
    page.locator(f'.card-button[aria-label^="{name}"]').click()
    page.wait_for_selector("#viewer[open] .photo")


@pytest.mark.slow
def test_what_is_marked_drawn_and_saved_in_the_page_becomes_those_crops(
    browser, made_run, tmp_path, run_cli
):
    code, _, err = run_cli("report", made_run)
    assert code == 0, err
    page = browser.new_page(accept_downloads=True)
    page.set_default_timeout(120_000)
    page.goto((made_run / "report" / "index.html").as_uri())
    open_image(page, "cam1/0001.png")
    for key in ("j", "y", "j", "n", "c", "Escape"):
        page.keyboard.press(key)
    open_image(page, "cam2/0002.png")
    draw(page, OBJECT)
    page.locator("#missed li").wait_for()
    with page.expect_download() as download:
        page.keyboard.press("s")
    saved = tmp_path / "saved.json"
    download.value.save_as(saved)
    page.close()

    crops = tmp_path / "crops"
    code, _, err = run_cli("harvest", made_run, saved, "-o", crops)
    assert code == 0, err
    records = map(json.loads, (crops / "harvest.jsonl").read_text().splitlines())
    kinds = {
        record["crop"]: (record["image"], record["label"], record["kind"])
        for record in records
        if record["kind"] != "background"
    }
    assert set(kinds.values()) == {
        ("cam1/0001.png", None, "wrong"),
        ("cam1/0001.png", "dress", "confirmed"),
        ("cam2/0002.png", "dress", "missed"),
    }
    for crop, (_, label, _) in kinds.items():
        if label == "dress":  # the bright object fills the model's object box: 7.5, 16, 56.5, 112
            pixels = np.asarray(Image.open(crops / crop))
            assert (pixels[18:110, 10:54] == 250).all()
            assert (pixels[:14] < 250).all()
    assert sum(1 for _ in (crops / "background").iterdir()) > 1  # others of the image looked at
