"""Convolutions that OpenVINO computes wrongly in 8-bit integers on this processor.

    python scripts/bench/int8_kernels.py [--width 70] [--tallest 16]

One convolution a graph, of bytes and 8-bit weights, for each kernel and number of input channels;
against the same graph in floats. Prints one line for each that is off by more than rounding, and
how many were tried. `ONEDNN_MAX_CPU_ISA=AVX512_CORE_VNNI` before the command leaves AMX out.
"""

import argparse

import numpy as np
import openvino
from openvino import opset13 as operations

HEIGHT, OUTPUTS, ROUNDING = 24, 32, 0.05
CHANNELS = (8, 16, 24, 32, 40, 48, 64, 96)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=70, help="of the map, in places")
    parser.add_argument("--tallest", type=int, default=16, help="kernel, in places")
    args = parser.parse_args()
    kernels = [(high, wide) for wide in (1, 2, 3) for high in range(1, args.tallest + 1)]
    wrong = 0
    for channels in CHANNELS:
        for kernel in kernels:
            share = wrong_share(channels, kernel, args.width)
            wrong += share > 0
            if share:
                print(f"{channels} channels, kernel {kernel[0]}x{kernel[1]}: {share:.0%} wrong")
    print(f"{wrong} of {len(CHANNELS) * len(kernels)} convolutions are wrong")


def wrong_share(channels: int, kernel: tuple[int, int], width: int) -> float:
    """Of the outputs those that are off by more than rounding."""
    random = np.random.default_rng(0)
    shape = (1, channels, HEIGHT, width)
    graph = quantised(random, shape, kernel)
    pixels = 4 * random.random(shape, dtype=np.float32)
    core = openvino.Core()
    ours, floats = (
        core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32", **more})([pixels])[0]
        for more in ({}, {"LP_TRANSFORMS_MODE": False})
    )
    return float((np.abs(ours - floats) > ROUNDING).mean())


def quantised(
    random: np.random.Generator, shape: tuple[int, ...], kernel: tuple[int, int]
) -> openvino.Model:
    """A convolution between fake quantisations, as NNCF would write it."""

    def constant(value: object) -> openvino.Node:
        return operations.constant(np.asarray(value, np.float32))

    images = operations.parameter(shape, np.float32)
    ends = [constant(0), constant(4)]
    levels = operations.fake_quantize(images, *ends, *ends, 256)
    weights = random.normal(0, 0.1, (OUTPUTS, shape[1], *kernel))
    largest = np.abs(weights).max((1, 2, 3), keepdims=True)
    ends = [constant(-largest), constant(largest)]
    weights = operations.fake_quantize(constant(weights), *ends, *ends, 255)
    maps = operations.convolution(levels, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    return openvino.Model([operations.relu(maps)], [images])


if __name__ == "__main__":
    main()
