"""How a kernel slides over a map, and how many places it has there."""

from dataclasses import dataclass

HW = tuple[int, int]


@dataclass(frozen=True)
class Sliding:
    """How a kernel slides over a map; each pair is `(y, x)`.

    Attributes:
        kernel_hw: taps of the kernel.
        stride_hw: from one place to the next.
        padding_hw: zeros on each side of the map.
        dilation_hw: from one tap to the next.
    """

    kernel_hw: HW
    stride_hw: HW = (1, 1)
    padding_hw: HW = (0, 0)
    dilation_hw: HW = (1, 1)


def output_size(input_hw: HW, sliding: Sliding) -> HW:
    """How many rows and columns of places a kernel has on a map.

    For each axis, `floor((side + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1`.

    Args:
        input_hw: size of the map.
        sliding: of a convolution or of a pooling layer.

    Raises:
        ValueError: there is no place at all: the kernel is larger than the padded map.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
    arXiv 1603.07285, relationships 6 (convolution), 7 (pooling) and 15 (dilation).
    """
    rows, cols = (_places(side, sliding, axis) for axis, side in enumerate(input_hw))
    if rows < 1 or cols < 1:
        raise ValueError(f"there is no place for {sliding} on a map of {input_hw}")
    return rows, cols


def _places(side: int, sliding: Sliding, axis: int) -> int:
    extent = sliding.dilation_hw[axis] * (sliding.kernel_hw[axis] - 1) + 1
    return (side + 2 * sliding.padding_hw[axis] - extent) // sliding.stride_hw[axis] + 1
