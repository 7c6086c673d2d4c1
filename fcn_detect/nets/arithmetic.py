"""How much a net computes, and how fast the machine multiplies at best."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

HW = tuple[int, int]


def count_macs(net: nn.Module, image_hw: HW, images: int = 1) -> int:
    """Multiplications, each with its addition, of the convolutions and matrix products of a pass.

    Nothing is computed: the pass runs on tensors that have a shape and no content. Poolings,
    activations and what else does not multiply by weights are not counted.

    Args:
        net: takes `(n, 3, h, w)`.
        image_hw: height and width of the images.
        images: number of images in the batch.
    """
    shapes_only = copy.deepcopy(net).to("meta")
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        shapes_only(torch.empty(images, 3, *image_hw, device="meta"))
    return int(counter.get_total_flops()) // 2  # it counts multiplications and additions apart


def matrix_product(side: int) -> Callable[[], Tensor]:
    """A function that multiplies two float32 matrices of `(side, side)` on the processor."""
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.rand(side, side, generator=generator) for _ in range(2))
    return lambda: left @ right
