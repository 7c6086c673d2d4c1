"""Model files as downloads, disks and other programs leave them, each with what becomes of it.

    python tests/corpus/model_files.py FOLDER

makes them all. `make_corpus` gives the table: a name, and words of the refusal; none: it is used.
"""

import io
import json
import os
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from fcn_detect.headers import HEADER_KEY
from fcn_detect.nets import build_net, save_model
from fcn_detect.nets.model_file import DIGEST_KEY
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="valid-small",
    crop_hw=(56, 48),
    labels=("person",),
    object_box=(4, 4, 44, 52),
    stride_hw=(8, 8),
    exact=True,
)
DEEP = 100_000
Weights = dict[str, torch.Tensor]


def good_file(path: Path) -> tuple[bytes, Weights]:
    """A model file, and its weights."""
    torch.manual_seed(0)
    net = build_net(HEADER.net, HEADER.crop_hw, HEADER.channels)
    save_model(path, HEADER, net)
    return path.read_bytes(), net.state_dict()


def flipped(data: bytes, at: int) -> bytes:
    """The same with one bit inverted."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def head(value: object, length: int | None = None, behind: bytes = b"") -> bytes:
    """The head of a .safetensors file with any content, and any length said."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + behind


def with_header(weights: Weights, **changed: Any) -> bytes:
    """A file whose header says something else, without a digest."""
    values = {**json.loads(HEADER.model_dump_json()), **changed}
    return safetensors.torch.save(weights, {HEADER_KEY: json.dumps(values)})


def with_weights(weights: Weights, texts: dict[str, str] | None = None) -> bytes:
    """A file of other weights, without a digest."""
    return safetensors.torch.save(
        {name: values.contiguous() for name, values in weights.items()},
        texts or {HEADER_KEY: HEADER.model_dump_json()},
    )


def pickled(value: object) -> bytes:
    """What `torch.save` writes."""
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def archive() -> bytes:
    """A zip archive whose member wants to leave its folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("../../escaped", "x")
    return stream.getvalue()


def changed(weights: Weights, change: Callable[[torch.Tensor], torch.Tensor]) -> Weights:
    """The weights with those of the last layer changed."""
    last = list(weights)[-2]
    return {**weights, last: change(weights[last].clone())}


def filled(value: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """Puts a value in the first place."""

    def change(values: torch.Tensor) -> torch.Tensor:
        values.view(-1)[0] = value
        return values

    return change


def files(good: bytes, weights: Weights) -> dict[str, tuple[bytes, str]]:
    """Content and words of the refusal, by name; without words the file is used."""
    start = 8 + struct.unpack("<Q", good[:8])[0]
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    no_header = {"__metadata__": {"format": "pt"}, "w": entry}
    texts = {HEADER_KEY: HEADER.model_dump_json(), DIGEST_KEY: "0" * 64}
    huge = {"crop_hw": [9999, 9999], "object_box": [0, 0, 9, 9]}
    extra, first = {**weights, "extra": torch.zeros(2)}, next(iter(weights))
    missing = {name: values for name, values in weights.items() if name != first}
    half = {name: values.to(torch.float16) for name, values in weights.items()}
    return {
        "good": (good, ""),
        "of-old-without-digest": (with_weights(weights), ""),
        "half-precision": (with_weights(half), ""),
        "empty": (b"", "not a readable .safetensors"),
        "one-byte": (b"\x01", "not a readable .safetensors"),
        "zeros": (bytes(4000), "not a readable .safetensors"),
        "text": (b"version https://git-lfs.github.com/spec/v1\n", "not a readable .safetensors"),
        "page": (b"<!DOCTYPE html><html>404</html>", "not a readable .safetensors"),
        "picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "not a readable .safetensors"),
        "archive": (archive(), "not a readable .safetensors"),
        "pickle": (pickled(weights), "not a readable .safetensors"),
        "cut-in-its-length": (good[:5], "not a readable .safetensors"),
        "cut-in-its-header": (good[:400], "it ends within its header"),
        "cut-in-its-weights": (good[: start + 999], "not a readable .safetensors"),
        "cut-at-its-end": (good[:-1], "not a readable .safetensors"),
        "bytes-behind": (good + bytes(8), "not a readable .safetensors"),
        "length-of-a-disk": (head(b"{}", 2**63), "does not begin as such a file does"),
        "length-of-nothing": (head(b"", 0), "not a readable .safetensors"),
        "header-no-json": (head(b"{'a': 1}"), "not a readable .safetensors"),
        "header-a-list": (head([1]), "not a readable .safetensors"),
        "header-without-end": (head(b"[" * DEEP), "not a readable .safetensors"),
        "metadata-a-list": (head({"__metadata__": [1]}), "not a readable .safetensors"),
        "of-another-program": (head(no_header, behind=bytes(4)), "no fcn_detect header"),
        "our-header-no-json": (with_weights(weights, {HEADER_KEY: "{"}), "damaged header"),
        "our-header-deep": (with_weights(weights, {HEADER_KEY: "[" * DEEP}), "damaged header"),
        "our-header-empty": (with_weights(weights, {HEADER_KEY: "{}"}), "damaged header: net"),
        "newer": (with_header(weights, version=99), "newer than this program"),
        "unknown-key": (with_header(weights, colour="red"), "damaged header: colour"),
        "not-a-number": (with_header(weights, threshold=float("nan")), "damaged header: threshold"),
        "settings-not-a-number": (
            with_header(weights, detect={"min_height": float("nan")}),
            "damaged header: detect: holds NaN",
        ),
        "infinite-slope": (
            with_header(weights, calibration={"slope": float("inf")}),
            "damaged header: calibration.slope",
        ),
        "negative-rate": (with_header(weights, false_alarms=[[-1, 0.5]]), "header: false_alarms"),
        "box-outside": (with_header(weights, object_box=[0, 0, 99, 99]), "object box"),
        "no-class": (with_header(weights, labels=[]), "damaged header: labels"),
        "class-twice": (with_header(weights, labels=["a", "a"]), "named twice"),
        "class-is-background": (with_header(weights, labels=["background"]), "named twice"),
        "class-of-controls": (with_header(weights, labels=["\x1b[2J"]), "damaged header: labels"),
        "crop-of-a-country": (
            with_header(weights, crop_hw=[10**6, 10**6]),
            "damaged header: crop_hw",
        ),
        "crop-of-a-wall": (with_header(weights, **huge), "do not fit"),
        "unknown-net": (with_header(weights, net="valid-smal"), "did you mean 'valid-small'?"),
        "unknown-torchvision": (with_header(weights, net="torchvision:x"), "no classifier 'x'"),
        "another-net": (with_header(weights, net="valid-medium"), "do not fit"),
        "more-classes": (with_header(weights, labels=["a", "b"]), "do not fit"),
        "another-stride": (with_header(weights, stride_hw=[4, 4]), "stride and exactness"),
        "called-inexact": (with_header(weights, exact=False), "stride and exactness"),
        "settings-unknown": (with_header(weights, detect={"colour": 1}), "unknown key"),
        "settings-no-table": (with_header(weights, detect=[1]), "damaged header: detect"),
        "settings-endless": (with_header(weights, detect={"step": 1 + 1e-9}), "'detect.step'"),
        "weight-missing": (with_weights(missing), "do not fit"),
        "weight-too-many": (with_weights(extra), "do not fit"),
        "weight-not-a-number": (with_weights(changed(weights, filled(float("nan")))), "NaN"),
        "weight-infinite": (with_weights(changed(weights, filled(float("inf")))), "NaN"),
        "weight-of-another-shape": (with_weights(changed(weights, torch.t)), "do not fit"),
        "bit-flipped-in-its-weights": (flipped(good, len(good) - 5), "digest"),
        "bit-flipped-in-its-header": (
            good.replace(b'\\"threshold\\":0.5', b'\\"threshold\\":0.7'),
            "digest",
        ),
        "another-digest": (with_weights(weights, texts), "digest"),
    }


def places(folder: Path) -> dict[str, str]:
    """What is no regular file, made in a folder: words of the refusal by name."""
    (folder / "folder.safetensors").mkdir()
    os.mkfifo(folder / "pipe.safetensors")
    (folder / "loop.safetensors").symlink_to("loop.safetensors")
    (folder / "dangling.safetensors").symlink_to("nowhere")
    (folder / "device.safetensors").symlink_to("/dev/zero")
    refused = "not a readable .safetensors file"
    return {
        "missing": "no such model file",
        "folder": "it is a folder",
        "pipe": f"{refused}: it is a pipe",
        "loop": "no such model file",
        "dangling": "no such model file",
        "device": f"{refused}: it is a pipe or a device",
    }


def make_corpus(folder: Path) -> dict[str, str]:
    """All kinds of file, `KIND.safetensors`, and what is said of each; "" where it is used."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = files(*good_file(folder / "good.safetensors"))
    for name, (content, _) in kinds.items():
        (folder / f"{name}.safetensors").write_bytes(content)
    return {name: says for name, (_, says) in kinds.items()} | places(folder)


if __name__ == "__main__":
    print(f"{len(make_corpus(Path(sys.argv[1])))} kinds of model file")
