"""Ops in graphs as Keras writes them: operations, whose settings are their config and whose operands are a call's."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from kinema import ops
from kinema.errors import FileFormatError
from kinema.layers.operation import Hole, Operation, operate
from kinema.layers.structure import map_leaves
from kinema.saving.registry import serialize_keras_object

#: Arguments of ops that Keras keeps as settings of the operation; all others are operands.
_SETTINGS = frozenset([
    "alpha", "approximate", "axes", "axis", "axis1", "axis2", "correction", "data_format", "decimals",
    "destination", "dtype", "epsilon", "from_logits", "indices_or_sections", "initial", "keepdims", "lambd",
    "mode", "negative_slope", "newshape", "num", "num_classes", "offset", "ord", "order", "pad_width",
    "padding", "pool_size", "q", "repeats", "shape", "shift", "source", "sparse", "strides", "subscripts",
    "threshold", "value", "x_max", "x_min",
])  # fmt: skip
#: Where Keras has what does not stand in `keras.src.ops.numpy`.
_MODULES = {
    "keras.src.ops.nn": (
        "relu", "relu6", "sigmoid", "softplus", "softsign", "silu", "leaky_relu", "hard_sigmoid", "elu",
        "selu", "gelu", "softmax", "log_softmax", "max_pool", "average_pool", "one_hot", "binary_crossentropy",
        "categorical_crossentropy", "sparse_categorical_crossentropy", "celu", "glu", "hard_silu", "hard_tanh",
        "log_sigmoid", "mish", "squareplus", "threshold", "tanh_shrink", "soft_shrink", "hard_shrink",
        "normalize", "moments", "multi_hot",
    ),
    "keras.src.ops.math": (
        "logsumexp", "rsqrt", "erf", "erfinv", "segment_sum", "segment_max", "top_k", "in_top_k", "norm",
    ),
    "keras.src.ops.core": (
        "slice", "stop_gradient", "unstack", "cast", "convert_to_tensor", "scatter", "scatter_update",
    ),
}  # fmt: skip


def operation_config(layer: Operation, described: Callable[[int], Any]) -> dict[str, Any]:
    """An operation as Keras writes it, with its one call.

    Args:
        layer: The operation.
        described: What the file says of a symbolic tensor of the call, by its number.
    """
    given = map_leaves(layer.arguments, lambda leaf: described(leaf.number) if isinstance(leaf, Hole) else leaf)
    parameters = inspect.signature(getattr(ops, layer.op)).parameters
    settings = {name: value for name, value in given.items() if name in _SETTINGS}
    defaults = {
        name: parameter.default
        for name, parameter in parameters.items()
        if name in _SETTINGS and parameter.default is not parameter.empty
    }
    operands = [name for name in parameters if name in given and name not in _SETTINGS]
    class_name = "GetItem" if layer.op == "getitem" else "".join(part.capitalize() for part in layer.op.split("_"))
    module = next((module for module, names in _MODULES.items() if layer.op in names), "keras.src.ops.numpy")
    return {
        "module": module,
        "class_name": class_name,
        "config": _plain({"name": layer.name, **defaults, **settings}),
        "registered_name": class_name,
        "name": layer.name,
        "inbound_nodes": [{"args": [_plain(given[name]) for name in operands], "kwargs": {}}],
    }


def known_operation(class_name: str) -> Callable[..., Any] | None:
    """The op that an operation of Keras is, None for one that Kinema does not have."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", class_name).lower()
    op = getattr(ops, "getitem" if name == "get_item" else name, None)
    return op if callable(op) and getattr(op, "__name__", "") in ops.__all__ else None


def make_operation(class_name: str, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any], name: str) -> Any:
    """The symbolic result of an operation of a file."""
    op = known_operation(class_name)
    assert op is not None
    parameters = inspect.signature(op).parameters
    settings = {key: value for key, value in config.items() if key not in ("name", "dtype") or key in parameters}
    settings.pop("name", None)
    if strange := [key for key, value in settings.items() if key not in parameters and value not in (None, False)]:
        raise FileFormatError(
            f"the model needs Keras's operation '{class_name}' with {strange[0]}={settings[strange[0]]!r}, which "
            "Kinema does not have: put the computation into a layer of your own and pass it as custom_objects"
        )
    known = {key: value for key, value in settings.items() if key in parameters}
    operands = [key for key in parameters if key not in known]
    if op is ops.getitem and isinstance(args[1], list):
        args = [args[0], tuple(args[1])]
    bound = {**dict(zip(operands, args, strict=False)), **kwargs, **known}
    return operate(op, (), bound, name)


def _plain(value: Any) -> Any:
    """JSON values; tuples are lists in what Keras keeps of operations."""
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return serialize_keras_object(value)
