"""What a model's geometry means on a frame: units, windows, positions."""

from dataclasses import dataclass
from typing import Any

from fcn_detect.geometry import ReceptiveField

HW = tuple[int, int]


@dataclass(frozen=True)
class GeometryReport:
    """How a converted net covers one frame at its own scale, without a border.

    Attributes:
        frame_hw: size of the frame, in pixels.
        crop_hw: size of a window, in pixels.
        stride_hw: pixels between windows.
        exact: whether every cell equals the classifier on its window.
        receptive_field: of one unit of the feature map before the head.
        feature_map_hw: units of the frame's feature map.
        window_units_hw: units of one window's feature map.
        positions_hw: rows and columns of the score map.
    """

    frame_hw: HW
    crop_hw: HW
    stride_hw: HW
    exact: bool
    receptive_field: ReceptiveField
    feature_map_hw: HW
    window_units_hw: HW
    positions_hw: HW

    @property
    def positions(self) -> int:
        """Windows in the frame."""
        return self.positions_hw[0] * self.positions_hw[1]

    def to_dict(self) -> dict[str, Any]:
        """For JSON; sizes are written as [width, height]."""
        field = self.receptive_field
        return {
            "frame": list(self.frame_hw[::-1]),
            "crop": list(self.crop_hw[::-1]),
            "stride": list(self.stride_hw[::-1]),
            "exact": self.exact,
            "receptive_field": {
                "size": list(field.size_hw[::-1]),
                "stride": list(field.stride_hw[::-1]),
                "padding": list(field.padding_hw[::-1]),
            },
            "feature_map": list(self.feature_map_hw[::-1]),
            "window_units": list(self.window_units_hw[::-1]),
            "positions": list(self.positions_hw[::-1]),
            "windows": self.positions,
        }


def describe_geometry(fcn: Any, frame_hw: HW) -> GeometryReport:
    """The geometry of a converted net (`fcn_detect.nets.FullyConvolutional`) on a frame."""
    field = fcn.receptive_field
    feature_map_hw = _pair(
        max(0, (side + 2 * padding - size) // stride + 1)
        for side, padding, size, stride in zip(
            frame_hw, field.padding_hw, field.size_hw, field.stride_hw, strict=True
        )
    )
    positions_hw = _pair(
        max(0, (side - crop) // stride + 1)
        for side, crop, stride in zip(frame_hw, fcn.crop_hw, fcn.stride_hw, strict=True)
    )
    return GeometryReport(
        frame_hw,
        fcn.crop_hw,
        fcn.stride_hw,
        fcn.exact,
        field,
        feature_map_hw,
        fcn.units_hw,
        positions_hw,
    )


def _pair(values: Any) -> HW:
    y, x = values
    return int(y), int(x)
