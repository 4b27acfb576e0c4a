"""Functions of networks, under the names of `keras.ops.nn`: the ops of these names in `kinema.ops`."""

from __future__ import annotations

from typing import Any

_NAMES = frozenset([
    "average_pool", "batch_normalization", "binary_crossentropy", "categorical_crossentropy", "celu", "conv",
    "depth_to_space", "depthwise_conv", "dot_product_attention", "elu", "gelu", "glu", "hard_shrink",
    "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "layer_normalization", "leaky_relu", "log_sigmoid",
    "log_softmax", "max_pool", "mish", "moments", "multi_hot", "normalize", "one_hot", "relu", "relu6",
    "rms_normalization", "selu", "separable_conv", "sigmoid", "silu", "soft_shrink", "softmax", "softplus",
    "softsign", "space_to_depth", "sparse_categorical_crossentropy", "squareplus", "tanh_shrink", "threshold",
])  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kinema import ops

    return getattr(ops, name)


def __dir__() -> list[str]:
    return sorted(_NAMES)
