"""Crop classifiers, their conversion to fully convolutional nets and back, the model file."""

from fcn_detect.nets.conversion import FullyConvolutional, to_fully_convolutional
from fcn_detect.nets.dense_layers import (
    convolution_to_dense,
    dense_to_convolution,
    dense_to_pointwise,
    pointwise_to_dense,
)
from fcn_detect.nets.finer_stride import shift_and_stitch
from fcn_detect.nets.folding import fold_batch_norms, fold_normalisations
from fcn_detect.nets.im2col import (
    convolve_by_product,
    extract_patches,
    filter_matrix,
    gather_patches,
    multiply_patches,
    patch_expansion,
    patch_index,
)
from fcn_detect.nets.model_file import load_model, save_model
from fcn_detect.nets.normalize import Normalize
from fcn_detect.nets.sliding import Sliding, output_size
from fcn_detect.nets.zoo import ARCHITECTURES, Architecture, build_net

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "FullyConvolutional",
    "Normalize",
    "Sliding",
    "build_net",
    "convolution_to_dense",
    "convolve_by_product",
    "dense_to_convolution",
    "dense_to_pointwise",
    "extract_patches",
    "filter_matrix",
    "fold_batch_norms",
    "fold_normalisations",
    "gather_patches",
    "load_model",
    "multiply_patches",
    "output_size",
    "patch_expansion",
    "patch_index",
    "pointwise_to_dense",
    "save_model",
    "shift_and_stitch",
    "to_fully_convolutional",
]
