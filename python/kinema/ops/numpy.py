"""NumPy's functions, under the names of `keras.ops.numpy`: the ops of these names in `kinema.ops`."""

from __future__ import annotations

from typing import Any

_NAMES = frozenset([
    "abs", "absolute", "add", "all", "allclose", "amax", "amin", "any", "append", "arange", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argpartition", "argsort", "array",
    "array_split", "average", "bincount", "broadcast_to", "cbrt", "ceil", "clip", "concatenate", "copy", "cos",
    "cosh", "count_nonzero", "cumprod", "cumsum", "deg2rad", "diag", "diagflat", "diagonal", "diff", "digitize",
    "divide", "divide_no_nan", "dot", "dsplit", "dstack", "einsum", "empty", "empty_like", "equal", "exp",
    "exp2", "expand_dims", "expm1", "eye", "flip", "fliplr", "flipud", "floor", "floor_divide", "full",
    "full_like", "get_item", "greater", "greater_equal", "hsplit", "hstack", "hypot", "identity", "inner",
    "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "less", "less_equal", "linspace",
    "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logspace", "matmul", "max", "maximum", "mean", "median", "meshgrid", "min", "minimum",
    "mod", "moveaxis", "multiply", "nan_to_num", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmin",
    "nanprod", "nanstd", "nansum", "nanvar", "ndim", "negative", "nonzero", "not_equal", "ones", "ones_like",
    "outer", "pad", "percentile", "power", "prod", "ptp", "quantile", "rad2deg", "ravel", "reciprocal",
    "repeat", "reshape", "roll", "rot90", "round", "searchsorted", "select", "sign", "signbit", "sin", "sinh",
    "size", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "swapaxes", "take",
    "take_along_axis", "tan", "tanh", "tensordot", "tile", "trace", "transpose", "tri", "tril", "triu",
    "true_divide", "trunc", "var", "vdot", "vsplit", "vstack", "where", "zeros", "zeros_like",
])  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kinema import ops

    return getattr(ops, name)


def __dir__() -> list[str]:
    return sorted(_NAMES)
