"""`fcn-detect verify`: the proof that dense scores are the classifier's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fcn_detect.cli import exit_codes
from fcn_detect.cli.against import verify_against
from fcn_detect.cli.commands import add_options
from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import (
    FILE,
    INPUT,
    RUNTIME,
    backend_options,
    json_option,
    model_option,
    parse_size,
    stride_option,
)
from fcn_detect.cli.talk import tell

RENDERED_SIZES_HW = [(384, 512), (512, 1024)]


@fcn_command("verify", short_help="Prove that the map equals the sliding window.")
@click.argument("images", nargs=-1, type=INPUT, metavar="[IMAGE]...")
@model_option
@click.option("--net", metavar="NAME", help="Instead of a model: a net by name, untrained.")
@click.option(
    "--crop", metavar="WxH", default="64x128", callback=parse_size, help="With --net: its crops."
)
@stride_option
@click.option(
    "--against",
    type=FILE,
    metavar="RUN",
    help="Instead: search a run's images again and compare the records.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="With --against: most images searched.",
)
@click.option("--threads", type=click.IntRange(min=1), help="With --against: of the network.")
@json_option
@add_options(backend_options, RUNTIME)
def command(
    images: tuple[Path, ...],
    model: str,
    net: str | None,
    crop: tuple[int, int],
    stride: int | None,
    as_json: bool,
    backend: str,
    device: str | None,
    **against: Any,
) -> int:
    """Compare the dense score map with the unconverted classifier, window by window.

    Every window of each image, at its own scale and with its border, is cut out and classified.
    Without images, rendered scenes are used. Ends with 1 when a net called exact deviates by
    more than 1e-4, in logits. With --stride it also says what that stride costs and gains. The
    map is that of --backend; the classifier always runs in PyTorch.

    With --against RUN images of a run of `fcn-detect batch` are searched again, with its model and
    settings; ends with 1 when a score differs by more than 1e-4.

    \b
    Examples:
      fcn-detect verify -m model.safetensors photo.jpg
      fcn-detect verify --against run --backend torch
    """  # noqa: D301 (click wants the character itself)
    if against["against"] is not None:
        if images:
            raise click.UsageError("--against takes the run's own images; leave IMAGE out")
        source = click.get_current_context().get_parameter_source("model")
        own = source is not ParameterSource.COMMANDLINE
        given = {"model": None if own else model, "backend": backend, "device": device}
        given["threads"] = against["threads"]
        return verify_against(against["against"], given, against["sample"], as_json)
    from fcn_detect.cli.progress import ProgressDisplay
    from fcn_detect.detect import EquivalenceReport, compare_strides, verify_images
    from fcn_detect.results import TOLERANCE

    def open_with(stride: int | None) -> Any:
        if net is None:
            return _open(model, backend, device, stride)
        from fcn_detect.backends.torch_backend import TorchBackend, untrained

        return TorchBackend(*untrained(net, crop), device=device, stride=stride)

    opened, strides = open_with(stride), None
    results = []
    with ProgressDisplay() as display:
        levels = list(_levels(images, opened.header))
        for i, result in enumerate(verify_images(opened, levels)):
            results.append(result)
            display("comparing windows", i + 1, len(levels), f"{result.windows} in {result.image}")
        if stride is not None and levels:
            strides = compare_strides(opened, open_with(_own_stride(model, net)), levels)
    report = EquivalenceReport(opened.header.exact, TOLERANCE, results)
    if as_json:
        finer = {} if strides is None else {"strides": strides.to_dict()}
        facts = {"net": opened.header.net, "backend": opened.name, **report.to_dict(), **finer}
        click.echo(json.dumps(facts, indent=1))
    else:
        _print(f"{opened.header.net} on {opened.name}", report)
        if strides is not None:
            _print_strides(strides)
    return 0 if report.holds else exit_codes.FAILED


def _own_stride(model: str, net: str | None) -> int | None:
    """The stride of the net as it was trained; None where nothing else would be taken."""
    if net is not None:
        return None
    from fcn_detect.backends import find_model
    from fcn_detect.headers import read_header

    header = read_header(find_model(model))
    return None if header.tuned_stride is None else header.stride_hw[0]


def _open(model: str, name: str, device: str | None, stride: int | None) -> Any:
    """The backend asked for, and PyTorch's classifier."""
    from fcn_detect.backends import find_model, open_backend
    from fcn_detect.detect import WithClassifier
    from fcn_detect.errors import SettingsError
    from fcn_detect.headers import EXPORTED_SUFFIXES, read_export

    path = find_model(model)
    if path.suffix.lower() in EXPORTED_SUFFIXES:
        source = read_export(path).source or "MODEL.safetensors"
        raise SettingsError(
            f"{model}: an exported network holds no crop classifier to compare with; give the "
            f"model file: fcn-detect verify -m {source} --backend NAME"
        )
    opened = open_backend(path, name, device, stride)
    if opened.name == "torch":
        return opened
    oracle: Any = open_backend(path, "torch", "cpu")
    return WithClassifier(opened, oracle.classify)


def _levels(images: tuple[Path, ...], header: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, pixels and the level of scale 1 of each image, given or rendered."""
    from fcn_detect.detect import level_plan

    for name, pixels in _pixels(images):
        yield name, pixels, level_plan(header).level(pixels.shape[:2], 1.0)


def _pixels(images: tuple[Path, ...]) -> Iterator[tuple[str, Any]]:
    if images:
        from fcn_detect.errors import ImageError
        from fcn_detect.images import find_images, read_image

        for path in find_images(images):
            try:
                yield path.as_posix(), read_image(path).pixels
            except ImageError as error:
                raise ImageError(error.kind, f"{path}: {error}") from error
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
    tell(
        f"{net}: {kind}; {total['windows']} windows, largest difference "
        f"{total['max_difference']:.1e} in logits, {total['flipped']} decisions flipped"
    )
    promise = "every window" if report.exact else "the head alone"
    verdict = "holds" if report.holds else "DOES NOT HOLD"
    tell(f"equality of {promise} to {report.tolerance:g}: {verdict}")


def _print_strides(strides: Any) -> None:
    tell(
        f"stride {strides.stride} instead of {strides.own_stride}: {strides.windows} windows "
        f"instead of {strides.own_windows}, {strides.times_as_long:.1f} times the time; no object "
        f"lies farther than {strides.stride / 2:g} px from a window, instead of "
        f"{strides.own_stride / 2:g}; the best logits rise by {strides.rise:.2g}"
    )


def _row(image: Any) -> list[str]:
    differences = (image.max_difference, image.mean_difference, image.head_difference)
    largest, mean, head = (f"{value:.1e}" for value in differences)
    window = ", ".join(f"{v:g}" for v in image.worst_window)
    return [image.image, str(image.windows), largest, mean, str(image.flipped), head, window]
