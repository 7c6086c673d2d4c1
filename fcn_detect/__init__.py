"""Folders of small image crops in, an object detector out.

The names below are all of the public Python interface; each is imported when it is first used,
so that `import fcn_detect` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fcn_detect.detect import Detector
    from fcn_detect.nets import to_fully_convolutional
    from fcn_detect.results import Detections

__all__ = ["Detections", "Detector", "to_fully_convolutional"]

_HOMES = {
    "Detections": "fcn_detect.results",
    "Detector": "fcn_detect.detect",
    "to_fully_convolutional": "fcn_detect.nets",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("fcn_detect.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'fcn_detect' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
