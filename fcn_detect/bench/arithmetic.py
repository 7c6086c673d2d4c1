"""What a model computes, where its layers are known."""

from collections.abc import Callable
from pathlib import Path

from fcn_detect.headers import EXPORTED_SUFFIXES

HW = tuple[int, int]
# Height and width of an image to the multiplications of one pass over it.
MacCounter = Callable[[HW], int]


def mac_counter(model: Path, stride: int | None) -> MacCounter | None:
    """A function that counts the multiplications of a pass of the converted net.

    None for an exported file: it holds no layers that could be counted without its runtime.

    Args:
        model: the model's file.
        stride: pixels between windows; None means the net's own.
    """
    if model.suffix.lower() in EXPORTED_SUFFIXES:
        return None
    try:
        from fcn_detect.nets import load_model, to_fully_convolutional
        from fcn_detect.nets.arithmetic import count_macs
    except ImportError as error:
        if error.name != "torch":
            raise
        return None
    header, classifier = load_model(model)
    fcn = to_fully_convolutional(classifier.cpu(), header.crop_hw, stride)
    return lambda image_hw: count_macs(fcn, image_hw)
