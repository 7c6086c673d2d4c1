"""How fast a report page of many images is in Chromium: first picture, slider, scrolling.

python scripts/bench/report_page.py --images 5000 --images 20000

A step of the slider is counted in processor time of the page's main thread: layout and painting
too, and nothing that other programs take. Thumbnails are one rendered scene under many names;
boxes are random, 12 an image, as a model that keeps low scores gives them. Needs playwright and
Chromium.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, CDPSession, sync_playwright

from fcn_detect.report.page.folder import page_folder, write_data, write_frame
from fcn_detect.scenes import render_scene

SHARD = 500
BOXES = 12
SIZE_HW = (300, 400)
STEPS = 30

SLIDER = """async (steps) => {
  const slider = document.getElementById('threshold');
  for (let i = 0; i < steps; i += 1) {
    slider.value = 0.1 + i * 0.025;
    slider.dispatchEvent(new Event('input'));
    await new Promise(requestAnimationFrame);
    await new Promise((done) => setTimeout(done));
  }
}"""
SCROLL = """async () => {
  const times = [];
  let before = performance.now();
  for (let i = 0; i < 180; i += 1) {
    window.scrollBy(0, 120);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times.slice(5).sort((a, b) => a - b);
}"""


@click.command()
@click.option("--images", "counts", type=int, multiple=True, default=(5000, 20000))
def main(counts: tuple[int, ...]) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    print("| images | data | first picture | all there | slider, a step | frame, median | 99 % |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for count in counts:
            page = make_page(Path(name) / str(count), count)
            print(row(browser, page, count), flush=True)


def make_page(folder: Path, count: int) -> Path:
    rng = np.random.default_rng(count)
    with page_folder(folder) as making:
        scene = Image.fromarray(render_scene(rng, SIZE_HW, 3, (60, 150)).image)
        scene.save(making / "scene.jpg", quality=82)
        shards = []
        for start in range(0, count, SHARD):
            shards.append(f"data/{len(shards):04d}.js")
            thumbnails = making / f"thumbnails/{start // SHARD:04d}"
            thumbnails.mkdir(parents=True)
            for i in range(start, min(start + SHARD, count)):
                os.link(making / "scene.jpg", thumbnails / f"{i:06d}.jpg")
            entries = [entry(rng, i) for i in range(start, min(start + SHARD, count))]
            write_data(making / shards[-1], "receive", entries)
        write_frame(making, f"{count} images", facts(count), shards)
    return folder


def entry(rng: np.random.Generator, i: int) -> dict[str, object]:
    scores = np.sort(rng.beta(0.3, 0.6, BOXES))[::-1]
    corners = rng.uniform(0, [SIZE_HW[1] - 60, SIZE_HW[0] - 90], (BOXES, 2))
    boxes = np.hstack([corners, np.add(corners, [40, 80])]).round(2)
    found = [
        [i % 2, round(float(score), 6), *box, -1, -1]
        for score, box in zip(scores, boxes.tolist(), strict=True)
    ]
    name = f"camera-{i % 12:02d}/IMG_{i:06d}.jpg"
    taken = f"2026:06:{1 + i % 30:02d} {i % 24:02d}:00:00"
    size = [SIZE_HW[1], SIZE_HW[0]]
    return {"name": name, "size": size, "taken": taken, "picture": True, "found": found}


def facts(count: int) -> dict[str, object]:
    return {
        "run": f"bench-{count}", "name": "bench", "beside": None, "onlyBeside": 0,
        "labels": ["person", "dog"], "threshold": 0.5, "keep": 0.05, "aspect": 0.5,
        "falseAlarms": [[1.0, 0, 0, 4], [0.9, 1, 0.01, 5], [0.1, 100, 80, 120]],
        "windowsPerImage": 10000, "images": count, "shown": count, "failed": 0, "chosen": "best",
        "finished": None, "model": "",
        "originals": None, "spots": [],
    }  # fmt: skip


def busy_ms(session: CDPSession) -> float:
    """Processor time of the page's main thread so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(1000 * one["value"] for one in metrics if one["name"] == "TaskDuration")


def row(browser: Browser, folder: Path, count: int) -> str:
    size = sum(path.stat().st_size for path in folder.glob("data/*.js")) / 1e6
    context = browser.new_context(viewport={"width": 1360, "height": 860}, offline=True)
    page = context.new_page()
    start = time.perf_counter()
    page.goto((folder / "index.html").as_uri(), wait_until="commit")
    page.wait_for_function("() => document.querySelector('.card img')?.complete")
    first = time.perf_counter() - start
    page.wait_for_function("count => report.entries.length === count", arg=count)
    whole = time.perf_counter() - start
    page.wait_for_timeout(1000)
    page.evaluate(SLIDER, STEPS)  # once, to be compiled
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = busy_ms(session)
    page.evaluate(SLIDER, STEPS)
    slider = (busy_ms(session) - before) / STEPS
    frames = page.evaluate(SCROLL)
    context.close()
    middle, worst = frames[len(frames) // 2], frames[int(len(frames) * 0.99)]
    return (
        f"| {count:,} | {size:.1f} MB | {first:.1f} s | {whole:.1f} s "
        f"| {slider:.0f} ms | {middle:.0f} ms | {worst:.0f} ms |"
    )


if __name__ == "__main__":
    main()
