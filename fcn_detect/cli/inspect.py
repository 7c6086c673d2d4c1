"""`fcn-detect inspect`: what is in a model file, and what its geometry means on a frame."""

import json
from pathlib import Path
from typing import Any

import click

from fcn_detect.cli.commands import command as fcn_command
from fcn_detect.cli.options import json_option, model_option, parse_size, stride_option
from fcn_detect.cli.talk import tell


@fcn_command("inspect", short_help="Show a model's geometry, settings and figures.")
@model_option
@click.option("--net", metavar="NAME", help="Instead of a model: a net by name, untrained.")
@click.option(
    "--crop", metavar="WxH", default="64x128", callback=parse_size, help="With --net: its crops."
)
@click.option(
    "--frame", metavar="WxH", callback=parse_size, help="A frame to count windows in, at scale 1."
)
@stride_option
@json_option
def command(
    model: str,
    net: str | None,
    crop: tuple[int, int],
    frame: tuple[int, int] | None,
    stride: int | None,
    as_json: bool,
) -> None:
    """Show what a model is: net, crop, stride, classes, settings, measured figures.

    \b
    Examples:
      fcn-detect inspect -m dress.safetensors --frame 1024x512
      fcn-detect inspect --net dress --frame 1024x512
    """  # noqa: D301 (click wants the character itself)
    header, fcn, parameters = _open(model, net, crop, stride)
    from fcn_detect.detect import describe_geometry

    geometry = describe_geometry(fcn, frame or header.crop_hw)
    if as_json:
        facts = {"model": header.model_dump(mode="json"), "parameters": parameters}
        click.echo(json.dumps({**facts, "geometry": geometry.to_dict()}, indent=1))
        return
    for name, value in _lines(header, geometry, parameters, frame is not None):
        tell(f"{name:<16} {value}")


def _open(
    model: str, net: str | None, crop: tuple[int, int], stride: int | None
) -> tuple[Any, Any, int]:
    from fcn_detect.backends import find_model
    from fcn_detect.headers import EXPORTED_SUFFIXES

    if net is None and find_model(model).suffix.lower() in EXPORTED_SUFFIXES:
        return _open_exported(find_model(model), stride)
    from fcn_detect.backends.torch_backend import untrained
    from fcn_detect.nets import load_model, to_fully_convolutional

    header, classifier = load_model(find_model(model)) if net is None else untrained(net, crop)
    parameters = sum(p.numel() for p in classifier.parameters())
    stride = header.tuned_stride if stride is None else stride
    return header, to_fully_convolutional(classifier, header.crop_hw, stride), parameters


def _open_exported(path: Path, stride: int | None) -> tuple[Any, Any, int]:
    from fcn_detect.backends.opening import check_stride
    from fcn_detect.headers import read_export, read_header

    check_stride(path, stride)
    exported = read_export(path)
    return read_header(path), exported, exported.parameters


def _lines(header: Any, geometry: Any, parameters: int, framed: bool) -> list[tuple[str, str]]:
    field = geometry.receptive_field
    lines = [
        ("net", f"{header.net}, {parameters:,} parameters"),
        ("classes", ", ".join(header.labels) + f" (and {header.background})"),
        ("crop", _crop(header)),
        ("object box", ", ".join(f"{v:g}" for v in header.object_box) + " (x0, y0, x1, y1)"),
        ("stride", f"{_size(geometry.stride_hw)} px"),
        ("receptive field", f"{_size(field.size_hw)} px, padding {_size(field.padding_hw)}"),
        ("window", f"{_size(geometry.window_units_hw)} units of the feature map"),
        ("exact", "yes" if header.exact else "no: the net pads; `verify` measures the gap"),
        ("threshold", f"{header.threshold:g}"),
        *([("settings", _figure(header.detect))] if header.detect else []),
        *((name, _figure(value)) for name, value in header.figures.items()),
    ]
    if framed:
        rows, cols = geometry.positions_hw
        lines += [
            ("frame", f"{_size(geometry.frame_hw)} px"),
            ("feature map", f"{_size(geometry.feature_map_hw)} units"),
            ("positions", f"{cols}x{rows} = {geometry.positions}"),
        ]
    return lines


def _crop(header: Any) -> str:
    """The size that the net sees, and that of the crops it was cut from where that is another."""
    whole = header.training.get("model", {}).get("crop")
    own = _size(header.crop_hw)
    return f"{own} px" if whole in (None, own) else f"{own} px, the window of crops of {whole}"


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_figure(one)}" for name, one in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _size(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]}x{size_hw[0]}"
