"""From score maps to boxes."""

from fcn_detect.postprocess.decode import Candidates, decode, to_detections
from fcn_detect.postprocess.nms import suppress
from fcn_detect.postprocess.probabilities import logits_of, probabilities

__all__ = ["Candidates", "decode", "logits_of", "probabilities", "suppress", "to_detections"]
