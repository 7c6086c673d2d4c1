"""How long one layer takes as a dense layer, as a k×k and as a 1×1 convolution.

    python scripts/bench/forms.py [--runtimes torch openvino ...] [--repeats 31]

All forms have the same weights and get the same numbers, each laid out as it wants them. The
last form is the 1×1 convolution once more, with the batch as the places of one map instead of as
maps of one place: that is how a converted net uses it. They are timed in turns, on one thread and
in seconds of that processor, so that other work on the machine counts little; the times are
medians over the repeats. Prints a Markdown table: the dense layer's time, what the others take
relative to it, and the largest difference of their outputs from the dense layer's,
max|a - b| / max(1, max|b|).
"""

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from fcn_detect.nets.dense_layers import dense_to_convolution, dense_to_pointwise

Call = Callable[[], Tensor]

# A turn is repeated until it lasts this long: a call may take less than the clock can tell.
TURN_S = 2e-3
WARM_UP_TURNS = 3


@dataclass(frozen=True)
class LayerSize:
    """A dense layer on a flattened feature map of `(channels, *units_hw)`."""

    name: str
    channels: int
    units_hw: tuple[int, int]
    outputs: int

    def __str__(self) -> str:
        h, w = self.units_hw
        return f"{self.name}: {h}x{w}x{self.channels} → {self.outputs}"


SIZES = [
    LayerSize("chapter", 1, (2, 2), 2),
    LayerSize("chapter, digits", 64, (8, 8), 10),
    LayerSize("dress", 64, (4, 2), 4),
    LayerSize("article", 256, (4, 4), 1024),
]


def _torch(layer: nn.Module, inputs: Tensor) -> Call:
    return lambda: layer(inputs)


def _torch_compile(layer: nn.Module, inputs: Tensor) -> Call:
    torch.compiler.reset()
    compiled = torch.compile(layer)
    return lambda: compiled(inputs)


def _onnxruntime(layer: nn.Module, inputs: Tensor) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder, _exporting():
        path = Path(folder) / "layer.onnx"
        example = (torch.zeros(inputs.shape),)
        torch.onnx.export(layer.eval(), example, path, dynamo=True, verbose=False)
        session = onnxruntime.InferenceSession(str(path), options)
    given = {session.get_inputs()[0].name: inputs.numpy()}
    return lambda: torch.from_numpy(session.run(None, given)[0])


@contextmanager
def _exporting() -> Iterator[None]:
    """Lets exporters record, and keeps their warnings about their own libraries quiet."""
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _openvino(layer: nn.Module, inputs: Tensor) -> Call:
    import openvino

    with _exporting():
        graph = openvino.convert_model(layer.eval(), example_input=torch.zeros(inputs.shape))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    request = openvino.Core().compile_model(graph, "CPU", settings).create_infer_request()
    given = inputs.numpy()

    def call() -> Tensor:
        request.infer([given])
        return torch.from_numpy(request.get_output_tensor().data)

    return call


# One row a runtime: a layer and its inputs to a call that gives its outputs. Every backend of
# the package has a row of its name.
RUNTIMES: dict[str, Callable[[nn.Module, Tensor], Call]] = {
    "torch": _torch,
    "torch.compile": _torch_compile,
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
}


def forms(size: LayerSize, batch: int) -> dict[str, tuple[nn.Module, Tensor]]:
    """The forms of one random layer, each with the same inputs in its own layout."""
    torch.manual_seed(0)
    features = size.channels * size.units_hw[0] * size.units_hw[1]
    dense = nn.Linear(features, size.outputs)
    pointwise = dense_to_pointwise(dense)
    inputs = torch.randn(batch, features)
    return {
        "dense": (dense, inputs),
        "kxk": (
            dense_to_convolution(dense, size.units_hw),
            inputs.view(batch, size.channels, *size.units_hw),
        ),
        "1x1": (pointwise, inputs.view(batch, features, 1, 1)),
        "1x1 on one map": (pointwise, inputs.t().contiguous().view(1, features, 1, batch)),
    }


def largest_difference(calls: Sequence[Call]) -> float:
    """Of the outputs of all calls from those of the first, relative to the largest of these."""
    # (batch, outputs), (batch, outputs, 1, 1) or (1, outputs, 1, batch) -> (batch, outputs)
    reference, *others = (call().movedim(1, -1).flatten(0, -2) for call in calls)
    scale = max(1.0, float(reference.abs().max()))
    return max(float((other - reference).abs().max()) for other in others) / scale


def median_times_s(calls: Sequence[Call], repeats: int) -> list[float]:
    """Median processor seconds of each call; the calls take turns."""
    counts = [max(1, round(TURN_S / _turn_s(call, 3))) for call in calls]
    turns = [
        [_turn_s(call, count) for call, count in zip(calls, counts, strict=True)]
        for _ in range(WARM_UP_TURNS + repeats)
    ]
    return [statistics.median(times) for times in zip(*turns[WARM_UP_TURNS:], strict=True)]


def _turn_s(call: Call, count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 128])
    parser.add_argument("--repeats", type=int, default=31)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print("| runtime | layer | batch | dense, µs | kxk | 1x1 | 1x1 on one map | difference |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for runtime in args.runtimes:
        for size in SIZES:
            for batch in args.batches:
                print(row(runtime, size, batch, args.repeats), flush=True)


@torch.inference_mode()
def row(runtime: str, size: LayerSize, batch: int, repeats: int) -> str:
    """One line of the table."""
    calls = [RUNTIMES[runtime](*form) for form in forms(size, batch).values()]
    difference = largest_difference(calls)
    dense, *others = median_times_s(calls, repeats)
    ratios = " | ".join(f"{other / dense:.2f}" for other in others)
    return f"| {runtime} | {size} | {batch} | {dense * 1e6:.1f} | {ratios} | {difference:.1e} |"


if __name__ == "__main__":
    main()
