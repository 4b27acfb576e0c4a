"""Functions of networks, under the names of `keras.ops.nn`."""

from kinema.ops.activations import (
    elu,
    gelu,
    hard_sigmoid,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
)
from kinema.ops.arranging import depth_to_space, space_to_depth
from kinema.ops.attention import dot_product_attention
from kinema.ops.composed_activations import (
    celu,
    glu,
    hard_shrink,
    hard_silu,
    hard_swish,
    hard_tanh,
    log_sigmoid,
    mish,
    soft_shrink,
    squareplus,
    tanh_shrink,
    threshold,
)
from kinema.ops.convolution_forms import conv, depthwise_conv, separable_conv
from kinema.ops.crossentropy import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from kinema.ops.indexing import multi_hot, one_hot
from kinema.ops.linalg import normalize
from kinema.ops.normalization import batch_normalization, layer_normalization, rms_normalization
from kinema.ops.pooling import average_pool, max_pool
from kinema.ops.statistics import moments

__all__ = [
    "average_pool",
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "celu",
    "conv",
    "depth_to_space",
    "depthwise_conv",
    "dot_product_attention",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "layer_normalization",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "max_pool",
    "mish",
    "moments",
    "multi_hot",
    "normalize",
    "one_hot",
    "relu",
    "relu6",
    "rms_normalization",
    "selu",
    "separable_conv",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "space_to_depth",
    "sparse_categorical_crossentropy",
    "squareplus",
    "tanh_shrink",
    "threshold",
]
