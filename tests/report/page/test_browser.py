"""The page in a real browser, opened from the disk and without a network."""

import json
import os
import re
import shutil

import pytest

from fcn_detect.report.page import PageJob, write_page
from fcn_detect.report.page.folder import page_folder, write_data, write_frame

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 780}


@pytest.fixture(scope="module")
def pages(camera_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    write_page(PageJob(camera_run, folder / "one"))
    write_page(PageJob(camera_run, folder / "beside", beside=other_run(camera_run, folder)))
    return folder


def other_run(run, folder):
    """The same run with its first camera's moving boxes weaker by a half."""
    other = folder / "other-run"
    shutil.copytree(run, other, ignore=lambda *_: ["report"])
    records = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    for record in records:
        for found in record["detections"] or []:
            if found["score"] > 0.7 and record["image"].startswith("cam1"):
                found["score"] /= 2
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (other / "results.jsonl").write_text(lines)
    return other


@pytest.fixture
def open_page(browser):
    """Opens a page's folder; fails when the page complained of anything."""
    contexts, complaints = [], []

    def open_(folder, size=DESKTOP, **options):
        context = browser.new_context(viewport=size, offline=True, **options)
        context.set_default_timeout(120_000)  # a busy machine is no failure
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((folder / "index.html").as_uri())
        page.wait_for_selector(".card")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page, pages):
    return open_page(pages / "one")


def status(page, text):
    """Waits until the page says so of the images that it shows."""
    page.locator("#status", has_text=re.compile(f"^{re.escape(text)}$")).wait_for()


def set_threshold(page, value):
    page.locator("#threshold").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", value
    )


def open_image(page, name):
    page.locator(f'.card-button[aria-label^="{name}"]').click()
    page.wait_for_selector("#viewer[open] .photo")


def corrections(page):
    """The file that saving gives."""
    with page.expect_download() as download:
        page.locator("#save").dispatch_event("click")
    assert download.value.suggested_filename == "corrections.json"
    return json.loads(download.value.path().read_text())


def test_the_slider_shows_and_hides_boxes_at_once(page):
    status(page, "30 images of 30, 40 boxes")
    assert page.locator(".card svg path.box").count() > 0
    set_threshold(page, 1)
    status(page, "30 images of 30, 0 boxes")
    assert page.locator(".card svg path.box").count() == 0
    page.keyboard.press("[")
    assert page.locator("#threshold-number").input_value() == "0.99"
    page.locator("#recommended").click()
    status(page, "30 images of 30, 40 boxes")
    cost = page.locator("#cost")
    assert cost.text_content().startswith("False alarms: about 1 in 29 images, as counted")
    set_threshold(page, 0.95)
    assert "none scored so high in training" in cost.text_content()
    set_threshold(page, 0.01)
    assert page.locator("#threshold-number").input_value() == "0.05"
    assert "more than" in cost.text_content()


@pytest.mark.slow
def test_filters_leave_what_they_say(page):
    def show(kind):
        page.locator(f"#show input[value={kind}]").check()

    show("failed")
    status(page, "1 image of 30, 0 boxes")
    assert "it ends early" in page.locator(".card .failure").text_content()
    show("none")
    status(page, "2 images of 30, 0 boxes")
    show("repeats")
    status(page, "24 images of 30, 37 boxes")
    show("all")
    page.locator("#hide-repeats").check()
    status(page, "30 images of 30, 16 boxes")
    page.locator("#hide-repeats").uncheck()
    page.locator("#labels input").first.uncheck()
    status(page, "30 images of 30, 2 boxes")
    page.locator("#folder").select_option("/cam1")
    status(page, "24 images of 30, 0 boxes")
    page.locator("#folder").select_option("")
    page.locator("#labels input").first.check()
    page.locator("#text").fill("CAM2/A")
    status(page, "1 image of 30, 1 box")
    page.locator("#text").fill("no such name")
    page.locator("#reset").click()
    page.locator("#up-to").fill("0.65")
    status(page, "30 images of 30, 2 boxes")
    page.locator("#up-to").fill("1")
    page.locator("#sort").select_option("best")
    page.locator('[aria-posinset="1"] .name', has_text="a.jpg").wait_for()


def test_a_step_of_the_slider_draws_only_the_images_anew_whose_boxes_change(page):
    cards = "[...document.querySelectorAll('.card')]"
    page.evaluate(f"{cards}.forEach(card => {{ card.drawn = card.querySelector('svg') }})")
    set_threshold(page, 0.65)
    status(page, "30 images of 30, 38 boxes")
    anew = page.evaluate(
        f"{cards}.filter(c => c.drawn && c.querySelector('svg') !== c.drawn).length"
    )
    shown = page.evaluate(f"{cards}.filter(c => c.drawn).length")
    assert 0 < anew <= 2 < shown


def test_names_and_labels_made_of_markup_stay_text(page, evil):
    page.locator("#show input[value=none]").check()
    name = page.locator(".card .name", has_text="onerror")
    assert name.text_content() == evil
    name.click()
    assert page.locator("#viewer-name").text_content() == f"cam2/{evil}"
    set_threshold(page, 0.3)
    page.wait_for_selector("#boxes .label")
    assert page.locator("#boxes .label").text_content() == "<b>dog</b>"
    assert page.locator("#viewer .tag").text_content().startswith("<b>dog</b>")
    assert page.title().startswith("photos ")
    assert page.locator("img[onerror], b:has-text('dog'), i").count() == 0


def test_the_large_view_zooms_and_leafs_by_keys(page):
    open_image(page, "cam1/0004.jpg")
    fitted = page.locator("#zoom-value").text_content()
    page.keyboard.press("+")
    assert page.locator("#zoom-value").text_content() != fitted
    box = page.locator("#viewer rect.box").first
    width = float(box.get_attribute("width"))
    page.mouse.move(500, 400)
    page.mouse.wheel(0, -400)
    page.wait_for_function(f"viewer.querySelector('rect.box').getAttribute('width') > {width}")
    page.keyboard.press("0")
    assert page.locator("#zoom-value").text_content() == fitted
    page.keyboard.press("ArrowRight")
    assert page.locator("#viewer-name").text_content() == "cam1/0005.jpg"
    assert "2026:05:17 05:10:00" in page.locator("#viewer-facts").text_content()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    page.locator('.card-button:focus[aria-label^="cam1/0003.jpg, "]').wait_for()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert page.locator("#viewer-name").text_content().startswith("cam2/")
    assert page.locator("#next").is_disabled()


def test_boxes_are_judged_by_keys_and_saved_as_they_are_in_the_results(page, camera_run):
    open_image(page, "cam1/0020.jpg")
    for key in ("j", "y", "j", "n", "c"):
        page.keyboard.press(key)
    record = json.loads((camera_run / "results.jsonl").read_text().splitlines()[20])
    saved = corrections(page)
    assert {key: saved[key] for key in ("format", "version")} == {
        "format": "fcn_detect corrections",
        "version": 1,
    }
    assert saved["run"].startswith("photos-")
    assert saved["images"] == [
        {
            "image": "cam1/0020.jpg",
            "checked": True,
            "confirmed": record["detections"][:1],
            "wrong": record["detections"][1:2],
            "missed": [],
        }
    ]
    page.reload()
    page.wait_for_selector(".card")
    assert corrections(page) == saved
    page.keyboard.press("Escape")
    page.locator("#show input[value=corrected]").check()
    status(page, "1 image of 30, 2 boxes")
    assert "1 is right (50 %)" in page.locator("#judged").text_content()


@pytest.mark.slow
def test_a_missed_object_is_dragged_in_the_models_proportion_and_then_freely_shaped(page):
    open_image(page, "cam1/0000.jpg")
    stage = page.locator("#stage").bounding_box()
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 3

    def drag(start, end):
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=4)
        page.mouse.up()

    page.locator("#draw-label").select_option("<b>dog</b>")
    page.locator("#draw").click()
    drag((x, y), (x + 30, y + 200))
    (missed,) = corrections(page)["images"][0]["missed"]
    x0, y0, x1, y1 = missed["box"]
    assert missed["label"] == "<b>dog</b>"
    assert (x1 - x0) / (y1 - y0) == pytest.approx(0.5, abs=0.02)
    handle = page.locator(".handle.e").bounding_box()
    middle = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    drag(middle, (middle[0] + 120, middle[1]))
    wider = corrections(page)["images"][0]["missed"][0]["box"]
    assert wider[2] > x1 + 5
    assert [wider[i] for i in (0, 1, 3)] == [x0, y0, y1]
    page.keyboard.press("u")
    assert corrections(page)["images"][0]["missed"][0]["box"] == missed["box"]
    page.keyboard.press("u")
    assert corrections(page)["images"] == []
    from playwright.sync_api import expect  # where it is installed, as for `page`

    page.keyboard.press("m")
    page.keyboard.press("Enter")
    expect(page.locator("#missed li")).to_have_count(1)
    page.keyboard.press("Delete")
    expect(page.locator("#missed li")).to_have_count(0)


@pytest.mark.slow
def test_a_saved_file_is_loaded_again_and_a_foreign_one_is_refused(page, tmp_path):
    open_image(page, "cam1/0020.jpg")
    page.keyboard.press("a")
    saved = corrections(page)
    page.keyboard.press("Escape")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#forget").click()
    page.wait_for_selector("#forget:disabled")
    (tmp_path / "saved.json").write_text(json.dumps(saved))
    page.locator("#load-file").set_input_files(tmp_path / "saved.json")
    page.wait_for_selector("#forget:enabled")
    assert corrections(page) == saved
    (tmp_path / "foreign.json").write_text(json.dumps(saved | {"run": "another"}))
    with page.expect_event("dialog") as shown:
        page.once("dialog", lambda dialog: dialog.accept())
        page.locator("#load-file").set_input_files(tmp_path / "foreign.json")
    assert 'of the run "another"' in shown.value.message


@pytest.mark.slow
def test_two_runs_show_their_differences_first_and_side_by_side(open_page, pages):
    page = open_page(pages / "beside")
    first = page.locator('[aria-posinset="1"]')
    assert first.locator(".facts").text_content() == "1 only here"
    page.locator("#show input[value=different]").check()
    status(page, "9 images of 30, 18 boxes")
    first.locator("button").click()
    assert page.locator("#stage .pane").count() == 2
    assert page.locator(".pane-name").all_text_contents() == ["run", "other-run"]
    assert page.locator(".pane").first.locator(".mark").count() == 2
    assert page.locator(".pane").last.locator(".mark").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window_and_the_scheme_is_the_users(
    open_page, pages, size, scheme
):
    page = open_page(pages / "one", size, color_scheme=scheme, has_touch=size is PHONE)
    widest = "Math.max(document.documentElement.scrollWidth, viewer.scrollWidth)"
    assert page.evaluate(widest) <= size["width"]
    light = "getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] > 127"
    assert page.evaluate(light) == (scheme == "light")
    page.keyboard.press("t")
    assert page.evaluate(light) == (scheme == "dark")
    page.keyboard.press("?")
    assert page.locator("#help kbd").first.is_visible()
    page.keyboard.press("Escape")
    page.locator(".card-button").first.click()
    assert page.evaluate(widest) <= size["width"]
    assert page.locator("#close").bounding_box()["x"] < size["width"] - 20


@pytest.mark.slow
def test_a_label_wider_than_its_box_is_the_score_alone(open_page, pages):
    page = open_page(pages / "one", PHONE)
    open_image(page, "cam1/0000.jpg")
    tags = page.locator("#viewer .tag")
    assert all(re.fullmatch(r"0\.\d\d", text) for text in tags.all_text_contents())
    page.keyboard.press("j")  # the one looked at has its label
    assert (
        tags.evaluate_all("tags => tags.filter(t => t.textContent.startsWith('person ')).length")
        == 1
    )


@pytest.mark.slow
def test_every_control_has_a_name_and_images_their_places(page):
    open_image(page, "cam1/0004.jpg")
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, input:not([hidden]), select')].filter(e =>
        !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).length"""
    )
    assert unnamed == 0
    card = page.locator('[role=listitem][aria-posinset="5"]')
    assert card.get_attribute("aria-setsize") == "30"
    assert page.locator("#grid .card-button[tabindex='0']").count() == 1
    assert page.locator("#status[role=status][aria-live=polite]").count() == 1


@pytest.fixture(scope="module")
def large(pages, tmp_path_factory):
    """A page of 5,000 images, whose pictures are all one file."""
    folder = tmp_path_factory.mktemp("large") / "page"
    read = (pages / "one" / "data" / "0000.js").read_text()
    entries = json.loads(read.removeprefix("report.receive(").removesuffix(");\n"))[:24]
    about = (pages / "one" / "data" / "about.js").read_text()
    facts = json.loads(about.removeprefix("report.about(").removesuffix(");\n"))
    with page_folder(folder) as making:
        shards = []
        for shard in range(10):
            shards.append(f"data/{shard:04d}.js")
            more = [
                {**entries[i % 24], "name": f"cam{i % 7}/{shard}-{i:04d}.jpg"} for i in range(500)
            ]
            write_data(making / shards[-1], "receive", more)
            (making / f"thumbnails/{shard:04d}").mkdir(parents=True)
            for i in range(500):
                link = making / f"thumbnails/{shard:04d}/{shard * 500 + i:06d}.jpg"
                os.link(pages / "one/thumbnails/0000/000000.jpg", link)
        write_frame(making, "large", facts | {"images": 5000, "shown": 5000}, shards)
    return folder


@pytest.mark.slow
def test_of_5000_images_only_those_in_sight_are_there(open_page, large):
    page = open_page(large)
    page.locator("#status", has_text="5,000 images of 5,000").wait_for()
    assert page.locator(".card").count() < 80
    page.keyboard.press("Escape")
    page.locator(".card-button").first.focus()
    page.keyboard.press("End")
    page.wait_for_selector('[aria-posinset="5000"] img')
    assert page.locator(".card").count() < 80
    page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
    page.wait_for_selector('[aria-posinset="2500"] img')
    assert page.locator(".card").count() < 80
    update_ms = page.evaluate(
        """async () => {
          const slider = document.getElementById('threshold'), start = performance.now();
          for (let i = 0; i < 10; i += 1) {
            slider.value = i / 10;
            slider.dispatchEvent(new Event('input'));
            await new Promise(requestAnimationFrame);
          }
          return (performance.now() - start) / 10;
        }"""
    )
    # a sanity check, on busy machines too; scripts/bench/report_page.py measures
    assert update_ms < 2000
