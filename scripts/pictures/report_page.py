"""Pictures of the report page, light and dark, on a desktop and on a phone, from rendered scenes.

    fcn-detect demo -o demo-output
    python scripts/pictures/report_page.py demo-output/dress.safetensors docs/images

Needs playwright and Chromium.
"""

import shutil
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base
from playwright.sync_api import Browser, Page, sync_playwright

from fcn_detect.batch import BatchJob, run_batch
from fcn_detect.detect import Detector
from fcn_detect.report.page import PageJob, write_page
from fcn_detect.scenes import render_scene

CAMERAS = ("gate", "market", "park", "square")
SCENES = 10
SIZE_HW = (400, 600)
SHOP = "shop-window"
DESKTOP, PHONE = {"width": 1360, "height": 860}, {"width": 390, "height": 780}


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), help="Keeps the page; used again.")
@click.option("--threshold", type=float, help="Smallest score shown. [default: the model's own]")
def main(model: Path, output: Path, work: Path | None, threshold: float | None) -> None:
    """Pictures of the page of a run of MODEL, a model of dresses, into the folder OUTPUT."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name:
        folder = work or Path(name)
        page = folder / "page"
        if not page.exists():
            make_page(folder, model, threshold)
        with sync_playwright() as playwright:
            options = {"executable_path": program, "args": ["--no-sandbox"]}
            browser = playwright.chromium.launch(**options)
            shoot(browser, page, output)
            browser.close()


def make_page(folder: Path, model: Path, threshold: float | None) -> None:
    """Renders a street festival's cameras, searches them, and makes the page with heat maps."""
    festival = folder / "festival"
    rng = np.random.default_rng(11)
    for camera, name in enumerate(CAMERAS):
        for i in range(SCENES):
            dresses = int(rng.choice([0, 1, 2, 3], p=[0.25, 0.35, 0.25, 0.15]))
            scene = render_scene(rng, SIZE_HW, dresses, (72, 260)).image
            hour = int(np.clip(rng.normal(13 + camera, 3), 5, 22))
            save(festival / name / f"IMG_{i + 1:04d}.jpg", scene, hour, int(rng.integers(60)))
    window = render_scene(np.random.default_rng(5), SIZE_HW, 1, (150, 220)).image
    for i in range(SCENES):  # a dress that hangs there all day: a repeat
        noise = rng.normal(0, 3, window.shape)
        darker = np.clip(window * (0.75 + 0.03 * (i % 8)) + noise, 0, 255).astype(np.uint8)
        save(festival / SHOP / f"IMG_{i + 1:04d}.jpg", darker, 6 + i, 0)
    cut = festival / CAMERAS[0] / "IMG_0005.jpg"
    cut.write_bytes(cut.read_bytes()[:9000])
    detector = Detector.load(model, backend="torch", threshold=threshold)
    run_batch(BatchJob(festival, folder / "run", model, workers=1), detector)
    write_page(PageJob(folder / "run", folder / "page"), detector)


def save(path: Path, pixels: np.ndarray, hour: int, minute: int) -> None:
    exif = Image.Exif()
    exif[Base.Make] = "rendered"
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = f"2026:06:20 {hour:02d}:{minute:02d}:00"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=92, exif=exif)


def shoot(browser: Browser, folder: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page = opened(browser, folder, DESKTOP, scheme)
        page.screenshot(path=output / f"report-{scheme}.jpg", type="jpeg", quality=85)
        if scheme == "dark":
            large_view(page)
            page.screenshot(path=output / "report-view.jpg", type="jpeg", quality=85)
        page.context.close()
    page = opened(browser, folder, PHONE, "light")
    page.screenshot(path=output / "report-phone.jpg", type="jpeg", quality=85)
    large_view(page)
    page.screenshot(path=output / "report-phone-view.jpg", type="jpeg", quality=85)
    beside = [cv2.imread(str(output / f"report-{name}.jpg")) for name in ("phone", "phone-view")]
    if any(picture is None for picture in beside):
        raise SystemExit("the pictures of the phone cannot be read again")
    gap = np.full((beside[0].shape[0], 24, 3), 255, np.uint8)
    cv2.imwrite(str(output / "report-phone.jpg"), np.hstack([beside[0], gap, beside[1]]))
    (output / "report-phone-view.jpg").unlink()


def opened(browser: Browser, folder: Path, size: dict[str, int], scheme: str) -> Page:
    context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)
    context.set_default_timeout(300_000)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    page.wait_for_selector(".card img")
    page.locator("#sort").evaluate("e => { e.value = 'most'; e.dispatchEvent(new Event('input')) }")
    page.wait_for_load_state("load")
    page.wait_for_timeout(1500)
    return page


def large_view(page: Page) -> None:
    """The image of most detections, its heat map laid over, one box confirmed and one marked."""
    page.locator('[aria-posinset="1"] .card-button').click()
    for key in ("h", "j", "y"):
        page.keyboard.press(key)
    page.wait_for_timeout(1000)


if __name__ == "__main__":
    main()
