"""The dress detector's head on one frame: crop by crop of units, and as convolutions.

    python scripts/bench/dress_head.py [--repeats 31]

A 1024x512 frame through the five halvings of the `dress` net is a map of 32x16 units; a window is
2x4 of them, so that 403 windows fit. Their scores are made in three ways, in turns: each crop of
units by itself through the dense layers, all crops as one batch through them, and the whole map
through the head as convolutions. The convolutional layers before the head are timed beside them,
since every way needs them once. All run on one thread and are timed in seconds of that processor,
so that other work on the machine counts little. Prints a Markdown table of median times, with the
largest difference from the first way's scores, max|a - b| / max(1, max|b|).
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import takewhile

import torch
from torch import Tensor, nn

from fcn_detect.nets import build_net
from fcn_detect.nets.dense_layers import dense_to_convolution, dense_to_pointwise

CROP_HW, UNITS_HW, FRAME_HW = (128, 64), (4, 2), (512, 1024)
WARM_UP_TURNS = 2


def split(classifier: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """The layers before the flatten, and the dense layers after it."""
    layers = list(classifier)
    trunk = list(takewhile(lambda layer: not isinstance(layer, nn.Flatten), layers))
    return nn.Sequential(*trunk), nn.Sequential(*layers[len(trunk) + 1 :])


def as_convolutions(head: nn.Sequential) -> nn.Sequential:
    """The dense layers as convolutions: the first over a window's units, the others 1×1."""
    first, *others = head
    return nn.Sequential(
        dense_to_convolution(first, UNITS_HW),
        *(dense_to_pointwise(m) if isinstance(m, nn.Linear) else m for m in others),
    )


def crop_by_crop(head: nn.Module, units: Tensor) -> Tensor:
    """Scores `(rows, cols)`: each crop of units is cut out and forwarded by itself."""
    h, w = UNITS_HW
    rows, cols = units.shape[2] - h + 1, units.shape[3] - w + 1
    scores = [
        head(units[:, :, row : row + h, col : col + w].flatten(1))
        for row in range(rows)
        for col in range(cols)
    ]
    return torch.cat(scores).view(rows, cols)


def crops_as_batch(head: nn.Module, units: Tensor) -> Tensor:
    """Scores `(rows, cols)`: all crops of units are cut out and forwarded as one batch."""
    h, w = UNITS_HW
    crops = units[0].unfold(1, h, 1).unfold(2, w, 1)  # (channels, rows, cols, h, w)
    rows, cols = crops.shape[1:3]
    batch: Tensor = head(crops.permute(1, 2, 0, 3, 4).reshape(rows * cols, -1))
    return batch.view(rows, cols)


def median_times_s(calls: dict[str, Callable[[], Tensor]], repeats: int) -> dict[str, float]:
    """Median processor seconds of each call; the calls take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(WARM_UP_TURNS + repeats):
        for name, call in calls.items():
            start = time.process_time()
            call()
            if turn >= WARM_UP_TURNS:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=31)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    trunk, head = split(build_net("dress", CROP_HW, outputs=1).eval())
    convolutions = as_convolutions(head)
    frame = torch.rand(1, 3, *FRAME_HW) * 255
    units = trunk(frame)
    calls: dict[str, Callable[[], Tensor]] = {
        "wrong solution: each crop of units": lambda: crop_by_crop(head, units),
        "the crops of units as one batch": lambda: crops_as_batch(head, units),
        "right solution: head as convolutions": lambda: convolutions(units)[0, 0],
    }
    scores = {name: call() for name, call in calls.items()}
    times = median_times_s({**calls, "layers before the head": lambda: trunk(frame)}, args.repeats)
    print_table(scores, times)


def print_table(scores: dict[str, Tensor], times: dict[str, float]) -> None:
    """All differences are from the first way, all ratios to the last."""
    names = list(scores)
    reference, fastest = scores[names[0]], times[names[-1]]
    print("| way | scores | ms | relative to the right solution | difference |")
    print("|---|---|---|---|---|")
    for name, seconds in times.items():
        count, gap = "", ""
        if name in scores:
            difference = (scores[name] - reference).abs().max() / reference.abs().max().clamp(min=1)
            count, gap = f"{scores[name].numel()}", f"{difference:.1e}"
        print(f"| {name} | {count} | {seconds * 1e3:.2f} | {seconds / fastest:.1f} | {gap} |")


if __name__ == "__main__":
    main()
