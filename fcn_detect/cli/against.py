"""`fcn-detect verify --against RUN`: what another machine, runtime or version changes."""

import json
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.talk import tell


def verify_against(run: Path, given: dict[str, Any], sample: int, as_json: bool) -> int:
    """Searches a run's images again and prints how far the records differ.

    Args:
        run: the run's folder.
        given: model, backend, device and threads as asked for; a model of None is the run's own.
        sample: most images that are searched.
        as_json: whether to print JSON.
    """
    from fcn_detect.batch import compare_with_run, run_settings
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.detect import Detector

    facts, settings = run_settings(run)
    model = given.pop("model") or facts.content["model"]["path"]
    with ProgressDisplay() as display:
        detector = Detector.load(model, **{**settings, **given})
        comparison = compare_with_run(facts, detector, sample, display)
    if as_json:
        click.echo(json.dumps(comparison.to_dict(), indent=1))
    else:
        _print(run, comparison)
    return 0 if comparison.holds else exit_codes.FAILED


def _print(run: Path, comparison: Any) -> None:
    largest = comparison.largest
    tell(f"{run}: by {'; '.join(map(str, comparison.then))}")
    tell(f"here: by {comparison.now}")
    tell(
        f"{len(comparison.differences)} of {comparison.of_images} images searched again: largest "
        f"difference of scores {largest.score:.1e}, of boxes {largest.box_px:g} px; "
        f"{largest.alone} detections in one of the two only (highest score "
        f"{largest.alone_score:.4f})"
    )
    if largest.outcome:
        tell("some images failed in one of the two only")
    tell(f"the same results: {'yes' if comparison.holds else 'NO'}")
