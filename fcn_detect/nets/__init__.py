"""The zoo of crop classifiers, their conversion to fully convolutional nets, the model file."""

from fcn_detect.nets.conversion import FullyConvolutional, to_fully_convolutional
from fcn_detect.nets.folding import fold_batch_norms
from fcn_detect.nets.model_file import load_model, read_header, save_model
from fcn_detect.nets.normalize import Normalize
from fcn_detect.nets.rules import dense_to_convolution
from fcn_detect.nets.zoo import ARCHITECTURES, Architecture, build_net

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "FullyConvolutional",
    "Normalize",
    "build_net",
    "dense_to_convolution",
    "fold_batch_norms",
    "load_model",
    "read_header",
    "save_model",
    "to_fully_convolutional",
]
