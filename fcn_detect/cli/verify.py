"""`fcn-detect verify`: the proof that dense scores are the classifier's."""

import json
from collections.abc import Iterator
from typing import Any

import click

from fcn_detect.cli import exit_codes
from fcn_detect.cli.options import add_options, backend_options, json_option, model_option

RENDERED_SIZES_HW = [(384, 512), (512, 1024)]


@click.command("verify", short_help="Prove that the map equals the sliding window.")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@model_option
@click.option("--net", metavar="NAME", help="Instead of a model: a net of the zoo, untrained.")
@json_option
@add_options(backend_options)
def command(
    images: tuple[str, ...],
    model: str,
    net: str | None,
    as_json: bool,
    backend: str,
    device: str | None,
) -> int:
    """Compare the dense score map with the unconverted classifier, window by window.

    Every window of each image, at its own scale and with its border, is cut out and classified.
    Without images, rendered scenes are used. Ends with 1 when a net called exact deviates by
    more than 1e-4, in logits.
    """
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.detect import EquivalenceReport, verify_images
    from fcn_detect.detect.verify import TOLERANCE

    opened = _open(model, net, backend, device)
    results = []
    with ProgressDisplay() as display:
        levels = list(_levels(images, opened.header))
        for i, result in enumerate(verify_images(opened, levels)):
            results.append(result)
            display("comparing windows", i + 1, len(levels), f"{result.windows} in {result.image}")
    report = EquivalenceReport(opened.header.exact, TOLERANCE, results)
    if as_json:
        click.echo(json.dumps({"net": opened.header.net, **report.to_dict()}, indent=1))
    else:
        _print(opened.header.net, report)
    return 0 if report.holds else exit_codes.FAILED


def _open(model: str, net: str | None, backend: str, device: str | None) -> Any:
    if net is None:
        from fcn_detect.backends import open_backend

        return open_backend(model, backend, device)
    from fcn_detect.backends.torch_backend import TorchBackend, untrained

    return TorchBackend(*untrained(net), device=device)


def _levels(images: tuple[str, ...], header: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, pixels and the level of scale 1 of each image, given or rendered."""
    from fcn_detect.detect import level_plan

    for name, pixels in _pixels(images):
        yield name, pixels, level_plan(header).level(pixels.shape[:2], 1.0)


def _pixels(images: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if images:
        from fcn_detect.images import find_images, read_image

        for path in find_images(images):
            yield path.as_posix(), read_image(path).pixels
        return
    import numpy as np

    from fcn_detect.scenes import render_scene

    for seed, size_hw in enumerate(RENDERED_SIZES_HW):
        scene = render_scene(np.random.default_rng(seed), size_hw, dresses=3)
        yield f"rendered-{size_hw[1]}x{size_hw[0]}", scene.image


def _print(net: str, report: Any) -> None:
    from fcn_detect.cli.tables import print_table

    headings = ["image", "windows", "max diff", "mean diff", "flipped", "head diff", "worst window"]
    print_table(headings, [_row(image) for image in report.images], left=["image"])
    total = report.to_dict()
    kind = "exact (no padding)" if report.exact else "padded: the map is another function"
    click.echo(
        f"{net}: {kind}; {total['windows']} windows, largest difference "
        f"{total['max_difference']:.1e} in logits, {total['flipped']} decisions flipped"
    )
    promise = "every window" if report.exact else "the head alone"
    verdict = "holds" if report.holds else "DOES NOT HOLD"
    click.echo(f"equality of {promise} to {report.tolerance:g}: {verdict}")


def _row(image: Any) -> list[str]:
    differences = (image.max_difference, image.mean_difference, image.head_difference)
    largest, mean, head = (f"{value:.1e}" for value in differences)
    window = ", ".join(f"{v:g}" for v in image.worst_window)
    return [image.image, str(image.windows), largest, mean, str(image.flipped), head, window]
