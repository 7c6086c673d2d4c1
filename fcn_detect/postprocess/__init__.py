"""From score maps to boxes."""

from fcn_detect.postprocess.decode import Candidates, decode, to_detections
from fcn_detect.postprocess.nms import suppress
from fcn_detect.postprocess.probabilities import probabilities

__all__ = ["Candidates", "decode", "probabilities", "suppress", "to_detections"]
