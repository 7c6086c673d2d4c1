"""What all images of a page share, and what the page tells of repeats."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fcn_detect.images import Address, Place
from fcn_detect.report.page.costs import Costs
from fcn_detect.report.page.repeats import RepeatRule, Spot
from fcn_detect.report.page.run_source import RunSource


def about_run(run: RunSource, costs: Costs, page: Path) -> dict[str, Any]:
    """What the page's scripts take of a run as such; `page` is the folder that will hold it."""
    header, facts = run.header, run.facts
    x0, y0, x1, y1 = header.object_box if header else (0.0, 0.0, 1.0, 1.0)
    return {
        "run": run.identity,
        "name": run.name,
        "threshold": costs.threshold,
        "aspect": (x1 - x0) / (y1 - y0),
        "falseAlarms": costs.rows(),
        "finished": facts.get("finished"),
        "model": Path(str((facts.get("model") or {}).get("path", ""))).name,
        "originals": _originals(run.images or Path(), page),
    }


def repeats_text(rule: RepeatRule, spots: list[Spot]) -> str:
    """The content of `repeats.json`: the rule, and each spot with its view."""
    told = {key: value for key, value in asdict(rule).items() if key != "patience"}
    found = [
        {**spot.view._asdict(), **{k: v for k, v in asdict(spot).items() if k != "view"}}
        for spot in spots
    ]
    content = {"format": "fcn_detect repeats", "version": 1, "rule": told, "spots": found}
    return json.dumps(content, indent=1) + "\n"


def _originals(images: Place, page: Path) -> str | None:
    """Where the images are, as a link from the page; None where there is no such way."""
    if isinstance(images, Address):
        return None
    try:
        way = os.path.relpath(images, page)
    except ValueError:  # another drive
        return None
    return quote(os.fsencode(Path(way).as_posix())) + "/"
