"""What an exported file says beside its header: the geometry of the net that it holds."""

from pydantic import BaseModel, ConfigDict

from fcn_detect.geometry import ReceptiveField

EXPORT_KEY = "fcn_detect_export"
HW = tuple[int, int]


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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    parameters: int
    int8: bool = False
    crop_hw: HW
    stride_hw: HW
    exact: bool
    units_hw: HW
    receptive_field: ReceptiveField
