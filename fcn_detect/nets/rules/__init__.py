"""How each operation of a classifier turns when it becomes fully convolutional: two tables.

A layer is found by its class, or by one that it derives from; a function or method by its name,
which torch uses for one meaning wherever it appears. What is in no table is refused.
"""

from torch import nn

from fcn_detect.nets.normalize import Normalize
from fcn_detect.nets.rules import dense, elementwise, moving, normalising, reducing, sliding
from fcn_detect.nets.rules.call import Call, Rule

__all__ = [
    "FUNCTIONS",
    "IN_PLACE",
    "LAYERS",
    "SAME_FOR_ALL_CROPS",
    "SEE_THE_WHOLE_FRAME",
    "Call",
    "Rule",
]

ACTIVATIONS: tuple[type[nn.Module], ...] = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish,
    nn.Softplus, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.Tanhshrink, nn.Hardtanh, nn.Hardswish,
    nn.Hardsigmoid, nn.Softsign, nn.Softshrink, nn.Hardshrink, nn.Threshold, nn.RReLU,
)  # fmt: skip

LAYERS: dict[type[nn.Module], Rule] = {
    **dict.fromkeys(ACTIVATIONS, elementwise.activation),
    **dict.fromkeys(
        (nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout),
        moving.nothing,
    ),
    **dict.fromkeys((nn.Flatten, nn.Unflatten, nn.ChannelShuffle), moving.move),
    Normalize: normalising.per_channel,
    nn.PReLU: normalising.per_channel,
    nn.LocalResponseNorm: normalising.per_channel,
    nn.Softmax2d: normalising.per_channel,
    nn.BatchNorm2d: normalising.batch_norm,
    nn.BatchNorm1d: normalising.batch_norm,
    nn.SyncBatchNorm: normalising.batch_norm,
    nn.LayerNorm: normalising.layer_norm,
    nn.GroupNorm: normalising.group_norm,
    nn.Softmax: normalising.over_channels,
    nn.LogSoftmax: normalising.over_channels,
    nn.Conv2d: sliding.convolution,
    nn.MaxPool2d: sliding.pooling,
    nn.AvgPool2d: sliding.pooling,
    nn.AdaptiveAvgPool2d: sliding.adaptive_avg_pool2d,
    nn.AdaptiveMaxPool2d: sliding.adaptive_max_pool2d,
    nn.ZeroPad2d: sliding.padding,
    nn.ConstantPad2d: sliding.padding,
    nn.ReflectionPad2d: sliding.padding,
    nn.ReplicationPad2d: sliding.padding,
    nn.CircularPad2d: sliding.padding,
    nn.Linear: dense.dense,
}

FUNCTIONS: dict[str, Rule] = {
    **dict.fromkeys(
        (
            "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish",
            "softplus", "sigmoid", "log_sigmoid", "tanh", "hardtanh", "hardswish", "hardsigmoid",
            "softsign", "tanhshrink", "softshrink", "hardshrink", "_threshold", "clamp", "clip",
            "neg", "abs", "exp", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "square", "erf",
            "sin", "cos",
        ),
        elementwise.activation,
    ),
    **dict.fromkeys(
        (
            "add", "sub", "mul", "div", "truediv", "pow", "maximum", "minimum", "multiply",
            "divide", "subtract",
        ),
        elementwise.arithmetic,
    ),
    **dict.fromkeys(
        ("dropout", "dropout2d", "alpha_dropout", "feature_dropout", "stochastic_depth"),
        moving.dropout,
    ),
    **dict.fromkeys(
        (
            "contiguous", "clone", "detach", "to", "type", "type_as", "float", "double", "half",
            "bfloat16",
        ),
        moving.nothing,
    ),
    **dict.fromkeys(
        (
            "view", "reshape", "flatten", "unflatten", "permute", "transpose", "swapaxes",
            "movedim", "squeeze", "unsqueeze", "chunk", "split", "tensor_split", "unbind",
            "narrow", "select", "index_select", "flip", "channel_shuffle", "expand",
        ),
        moving.move,
    ),
    "getitem": moving.take,
    "getattr": moving.attribute,
    "cat": moving.concatenate,
    "concat": moving.concatenate,
    "stack": moving.concatenate,
    **dict.fromkeys(("mean", "sum", "amax", "amin", "logsumexp"), reducing.reduce),
    **dict.fromkeys(("var", "std"), reducing.spread),
    "max": reducing.largest,
    **dict.fromkeys(("softmax", "log_softmax"), normalising.over_channels),
    "normalize": normalising.normalize,
    "batch_norm": normalising.batch_norm_function,
    "layer_norm": normalising.layer_norm_function,
    "group_norm": normalising.group_norm_function,
    "conv2d": sliding.conv2d,
    "max_pool2d": sliding.max_pool2d,
    "avg_pool2d": sliding.avg_pool2d,
    "adaptive_avg_pool2d": sliding.adaptive_avg_pool2d,
    "adaptive_max_pool2d": sliding.adaptive_max_pool2d,
    "pad": sliding.pad,
    "linear": dense.linear,
    "matmul": dense.matmul,
}  # fmt: skip

# Python's in-place operators, by the name of what they compute.
IN_PLACE = {"iadd": "add", "isub": "sub", "imul": "mul", "itruediv": "div"}

# What may be asked of a tensor, other than its numbers: a window's answers hold for all windows.
SAME_FOR_ALL_CROPS = (
    "size", "dim", "ndimension", "numel", "nelement", "stride", "getattr", "get_device",
    "is_floating_point", "is_contiguous",
)  # fmt: skip

# Why a layer that sees the whole frame is refused, in words that help.
SEE_THE_WHOLE_FRAME: dict[str, str] = {
    **dict.fromkeys(
        (
            "MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder", "bmm",
            "multi_head_attention_forward", "scaled_dot_product_attention", "einsum", "baddbmm",
        ),
        "lets every place of the frame look at every other, as attention does",
    ),
    "shifted_window_attention": "lets places look at each other in windows laid over the frame",
    **dict.fromkeys(("InstanceNorm2d", "instance_norm"), "norms a channel over the whole frame"),
    **dict.fromkeys(
        ("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "interpolate", "upsample"),
        "stretches the whole frame to a size, and places come to lie between pixels",
    ),
    **dict.fromkeys(
        ("LSTM", "GRU", "RNN", "cumsum"), "reads the places of the frame one after another"
    ),
}  # fmt: skip
