"""Which input pixels can reach one unit of a feature map."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ReceptiveField:
    """Size, stride and padding of one feature-map unit, in input pixels, as `(y, x)` pairs.

    Unit `(i, j)` sees the input rows `[i * stride - padding, i * stride - padding + size)`, and
    the columns likewise. Rows before the input's first are padding; a negative padding means
    that the unit begins behind it, as after a slice.

    Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
    Networks", Distill 2019, equations 1 to 3.
    """

    size_hw: tuple[int, int] = (1, 1)
    stride_hw: tuple[int, int] = (1, 1)
    padding_hw: tuple[int, int] = (0, 0)

    def then(
        self,
        kernel_hw: tuple[int, int],
        stride_hw: tuple[int, int] = (1, 1),
        padding_hw: tuple[int, int] = (0, 0),
        dilation_hw: tuple[int, int] = (1, 1),
    ) -> "ReceptiveField":
        """The field after one more layer with this kernel, stride, padding and dilation."""
        reach = [d * (k - 1) for k, d in zip(kernel_hw, dilation_hw, strict=True)]
        return ReceptiveField(
            size_hw=_pair(
                n + r * s for n, r, s in zip(self.size_hw, reach, self.stride_hw, strict=True)
            ),
            stride_hw=_pair(s * t for s, t in zip(self.stride_hw, stride_hw, strict=True)),
            padding_hw=_pair(
                p + q * s
                for p, q, s in zip(self.padding_hw, padding_hw, self.stride_hw, strict=True)
            ),
        )

    def union(self, other: "ReceptiveField") -> "ReceptiveField":
        """The field of a unit made from two units, one of each field, of equal strides."""
        padding_hw = _pair(max(p) for p in zip(self.padding_hw, other.padding_hw, strict=True))
        ends = [
            [n - p for n, p in zip(field.size_hw, field.padding_hw, strict=True)]
            for field in (self, other)
        ]
        size_hw = _pair(
            max(both) + p for both, p in zip(zip(*ends, strict=True), padding_hw, strict=True)
        )
        return ReceptiveField(size_hw, self.stride_hw, padding_hw)


def _pair(values: Iterable[int]) -> tuple[int, int]:
    y, x = values
    return y, x
