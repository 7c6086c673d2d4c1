"""What an exported file says beside its header: the geometry of the net that it holds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from fcn_detect.geometry import ReceptiveField
from fcn_detect.results import LARGEST_CROP

EXPORT_KEY = "fcn_detect_export"
_Side = Annotated[int, Field(ge=1, le=LARGEST_CROP)]
HW = tuple[_Side, _Side]


class ExportedNet(BaseModel):
    """A converted net as far as it can be told without its layers.

    Attributes:
        source: name of the model file that it was exported from; empty when there was none.
        parameters: of the classifier.
        int8: whether it computes with 8-bit integers.
        crop_hw: height and width of a window, in pixels.
        stride_hw: pixels between windows.
        exact: whether every cell equals the classifier on its window.
        units_hw: size of a window's feature map, just before the layer that closes the window.
        receptive_field: of one place of that feature map.
        probe: what the net gives on the probe (`fcn_detect.headers.probe`), computed rightly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    parameters: PositiveInt
    int8: bool = False
    crop_hw: HW
    stride_hw: HW
    exact: bool
    units_hw: HW
    receptive_field: ReceptiveField
    probe: tuple[float, ...] = ()
