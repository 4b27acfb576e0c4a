"""The one table of ops: every differentiable op with inputs and settings, for whatever is checked of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kinema import ops
from kinema.random import RandomKey


@dataclass(frozen=True)
class Case:
    """One call of an op.

    Args:
        op: The op.
        inputs: Its tensors, in order.
        settings: Its settings.
        constant: Positions of inputs that have no gradient.
        name: What tells it from other cases of the op.
    """

    op: Callable[..., Any]
    inputs: tuple[Any, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    constant: tuple[int, ...] = ()
    name: str = ""

    @property
    def id(self) -> str:
        return f"{self.op.__name__}-{self.name}" if self.name else self.op.__name__


def _random(*shape: int, seed: int = 0) -> np.ndarray:
    """Values away from zero, all different, so that no kink is near."""
    rng = np.random.default_rng([seed, *shape])
    count = int(np.prod(shape))
    magnitudes = rng.permutation(count) / count * 1.8 + 0.15
    return (magnitudes * rng.choice([-1.0, 1.0], count)).reshape(shape)


def _positive(*shape: int, seed: int = 0) -> np.ndarray:
    return np.abs(_random(*shape, seed=seed)) + 0.3


def _probabilities(*shape: int, seed: int = 0) -> np.ndarray:
    values = _positive(*shape, seed=seed)
    return values / values.sum(-1, keepdims=True)


def _concatenate(*arrays: Any, axis: int = 0) -> Any:
    return ops.concatenate(arrays, axis)


def _dense_chain(x: Any, first: Any, bias: Any, second: Any) -> Any:
    return ops.dense_chain(x, [(first, bias, "tanh"), (second, None, None)])


def _conv2d_chain(x: Any, first: Any, bias: Any, second: Any) -> Any:
    pooled = ops.ConvolutionLink(first, bias, activation="relu", pool_size=2)
    return ops.conv2d_chain(x, [pooled, ops.ConvolutionLink(second, padding="same", activation="tanh")])


def _stack(*arrays: Any, axis: int = 0) -> Any:
    return ops.stack(arrays, axis)


def _einsum(*arrays: Any, subscripts: str) -> Any:
    return ops.einsum(subscripts, *arrays)


def _meshgrid(*arrays: Any, indexing: str = "xy") -> Any:
    return ops.meshgrid(*arrays, indexing=indexing)


def _hstack(*arrays: Any) -> Any:
    return ops.hstack(arrays)


def _vstack(*arrays: Any) -> Any:
    return ops.vstack(arrays)


def _dstack(*arrays: Any) -> Any:
    return ops.dstack(arrays)


def _select(x: Any, y: Any, default: Any) -> Any:
    return ops.select([_X > 0.5, _X > -0.5], [x, y], default)


def _top_k(x: Any, k: int) -> Any:
    return ops.top_k(x, k)[0]


def _list(count: int, *shape: int) -> tuple[np.ndarray, ...]:
    return tuple(_random(*shape, seed=seed) for seed in range(count))


#: Subscripts, and the shapes of the arrays that they describe.
EINSUMS: dict[str, tuple[tuple[int, ...], ...]] = {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "ij,kj": ((2, 3), (4, 3)),
    "bij,bjk->bki": ((2, 3, 4), (2, 4, 2)),
    "bqhd,bkhd->bhqk": ((2, 3, 2, 4), (2, 5, 2, 4)),
    "...ij,...jk->...ik": ((2, 3, 4), (5, 1, 4, 2)),
    "...,...": ((2, 3), (3,)),
    "i,j->ji": ((2,), (3,)),
    "ij,ij->": ((2, 3), (2, 3)),
    "ij,ij->ij": ((2, 3), (2, 3)),
    "ij->j": ((2, 3),),
    "ij->ji": ((2, 3),),
    "ba": ((2, 3),),
    "iij->ij": ((3, 3, 2),),
    "ii": ((3, 3),),
    "iii->i": ((3, 3, 3),),
    "ij,jk,kl->il": ((2, 3), (3, 4), (4, 2)),
    "a,ab,b": ((2,), (2, 3), (3,)),
    "ijk,ij->k": ((2, 3, 4), (2, 3)),
    "ij,k->i": ((2, 3), (4,)),
    "ij,kj->ikj": ((2, 1), (3, 4)),
    " a b , b -> a ": ((2, 3), (3,)),
}
METHODS = ("linear", "lower", "higher", "midpoint", "nearest")

_X = _random(3, 4)
_Y = _random(3, 4, seed=1)
_ROW = _random(4, seed=2)

ELEMENTWISE = [
    *(Case(op, (_X, _Y)) for op in (ops.add, ops.subtract, ops.multiply, ops.divide, ops.maximum, ops.minimum)),
    *(Case(op, (_X, _ROW), name="row") for op in (ops.add, ops.subtract, ops.multiply, ops.divide, ops.maximum)),
    *(
        Case(op, (_random(3, 1), _random(2, 1, 4, seed=1) + 0.01), name="outer")
        for op in (ops.add, ops.multiply, ops.minimum)
    ),
    Case(ops.multiply, (_X, np.float64(3.0)), name="number"),
    Case(ops.mod, (_X, _positive(3, 4, seed=5) + 0.013)),
    Case(ops.power, (_positive(3, 4), _Y)),
    Case(ops.power, (_X, np.array(2.0)), constant=(1,), name="square"),
    Case(ops.power, (_positive(2, 3), np.array(1.7)), name="number"),
    *(Case(op, (_X,)) for op in (ops.negative, ops.absolute, ops.square, ops.reciprocal, ops.exp, ops.expm1)),
    *(Case(op, (_X,)) for op in (ops.sin, ops.cos)),
    *(Case(op, (_positive(3, 4),)) for op in (ops.sqrt, ops.rsqrt, ops.log, ops.log1p)),
    *(Case(op, (_X,)) for op in (ops.arctan, ops.sinh, ops.cosh, ops.arcsinh, ops.deg2rad, ops.rad2deg, ops.exp2)),
    *(Case(op, (0.5 * _X,)) for op in (ops.tan, ops.arcsin, ops.arccos, ops.arctanh, ops.erfinv)),
    *(Case(op, (_positive(3, 4) + 1,)) for op in (ops.arccosh, ops.log2, ops.log10)),
    *(Case(op, (_X,)) for op in (ops.cbrt, ops.erf)),
    *(Case(op, (_X, _ROW)) for op in (ops.arctan2, ops.hypot, ops.logaddexp, ops.logaddexp2, ops.divide_no_nan)),
    Case(ops.divide_no_nan, (_X, np.array([1.5, 0.0, -2.0, 0.0])), constant=(1,), name="zeros"),
    Case(ops.nan_to_num, (_X,)),
    Case(_select, (_X, _Y, _ROW)),
    Case(ops.copy, (_X,)),
    Case(ops.array, (_X,)),
    Case(ops.clip, (_X,), {"x_min": -1.0, "x_max": 0.5}),
    Case(ops.where, (_X > 0, _X, _Y), constant=(0,)),
    Case(ops.where, (_ROW > 0, _X, np.float64(2.0)), constant=(0,), name="broadcast"),
    Case(ops.cast, (_X, "float64")),
    Case(ops.convert_to_tensor, (_X,)),
]

REDUCTIONS = [
    Case(op, (_random(3, 4, 2),), settings, name=name)
    for op in (ops.sum, ops.mean, ops.var, ops.std, ops.max, ops.min, ops.prod, ops.logsumexp)
    for name, settings in (
        ("all", {}),
        ("axis", {"axis": 1}),
        ("axes", {"axis": (0, -1)}),
        ("keepdims", {"axis": -1, "keepdims": True}),
    )
] + [
    Case(ops.prod, (np.array([[1.5, 0.0, 2.0], [0.0, 0.0, 3.0]]),), {"axis": 1}, name="zeros"),
    *(
        Case(op, (_random(3, 4, 2),), settings, name=name)
        for op in (ops.median, ops.average, ops.ptp, ops.nansum, ops.nanprod, ops.nanmax, ops.nanmin, ops.nanmean)
        for name, settings in (("all", {}), ("axis", {"axis": 1}), ("axes", {"axis": (0, -1)}))
    ),
    *(Case(op, (_random(3, 4, 2),), {"axis": (0, 1)}) for op in (ops.nanvar, ops.nanstd, ops.amax, ops.amin)),
    *(Case(ops.quantile, (_X, [0.2, 0.7]), {"axis": 1, "method": method}, name=method) for method in METHODS),
    Case(ops.percentile, (_random(2, 3, 4), 30), {"axis": (0, 2), "keepdims": True}),
    Case(ops.average, (_X, 0, _positive(3)), name="weights"),
    Case(ops.average, (_X, None, _positive(3, 4)), name="weight-each"),
    Case(ops.moments, (_random(3, 4, 2), (0, 2))),
    Case(ops.cumprod, (_random(2, 4, 2),), {"axis": 1}),
    Case(ops.cumprod, (np.array([[1.5, 0.0, 2.0], [0.0, 0.7, 3.0]]),), name="zeros"),
    Case(ops.nancumprod, (_X,), {"axis": 0}),
    Case(ops.nancumsum, (_X,), {"axis": 0}),
    Case(ops.cumsum, (_X,), {"axis": 1}),
    Case(ops.cumsum, (_X,), name="flat"),
]

SHAPING = [
    Case(ops.ravel, (_X.T,)),
    Case(ops.append, (_X, _Y)),
    Case(ops.append, (_X, _Y), {"axis": 1}, name="axis"),
    *(
        Case(op, _list(2, *shape), name=f"{len(shape)}d")
        for op in (_hstack, _vstack, _dstack)
        for shape in ((3,), (2, 3))
    ),
    Case(ops.array_split, (_X, 3, 1)),
    Case(ops.array_split, (_X, [1, 3], 1), name="indices"),
    *(Case(op, (_random(2, 4, 2), 2)) for op in (ops.vsplit, ops.hsplit, ops.dsplit)),
    Case(ops.hsplit, (_random(4), 2), name="vector"),
    Case(ops.fliplr, (_X,)),
    Case(ops.flipud, (_X,)),
    *(Case(ops.rot90, (_random(2, 3, 2),), {"k": k, "axes": (0, 1)}, name=str(k)) for k in (1, 2, -1)),
    Case(_meshgrid, (_random(2), _random(3), _random(2, seed=1))),
    Case(_meshgrid, (_random(2), _random(3)), {"indexing": "ij"}, name="rows"),
    Case(ops.diff, (_X,)),
    Case(ops.diff, (_X, 2, 0), name="twice"),
    Case(ops.depth_to_space, (_random(1, 2, 2, 8), 2)),
    Case(ops.space_to_depth, (_random(1, 4, 2, 3), 2)),
    *(Case(op, (_random(2, 3, 4),), {"k": k}, name=str(k)) for op in (ops.tril, ops.triu) for k in (0, 1, -1)),
    *(Case(ops.diagonal, (_random(2, 3, 4), k, 2, 0), name=str(k)) for k in (0, 1, -1)),
    *(
        Case(ops.diag, (_random(*shape),), {"k": k}, name=f"{len(shape)}d{k}")
        for shape in ((3,), (3, 4))
        for k in (0, 1, -1)
    ),
    Case(ops.diagflat, (_random(2, 2), 1)),
    Case(ops.trace, (_random(3, 4, 2),)),
    Case(ops.reshape, (_X, (2, -1))),
    Case(ops.reshape, (_X.T, (6, 2)), name="strided"),
    Case(ops.transpose, (_random(2, 3, 4),)),
    Case(ops.transpose, (_random(2, 3, 4), (1, 2, 0)), name="axes"),
    Case(ops.swapaxes, (_random(2, 3, 4), 0, -1)),
    Case(ops.moveaxis, (_random(2, 3, 4), 0, -1)),
    Case(ops.expand_dims, (_X, 1)),
    Case(ops.squeeze, (_random(3, 1, 2), 1)),
    Case(ops.squeeze, (_random(1, 3, 1),), name="all"),
    Case(ops.broadcast_to, (_random(3, 1), (2, 3, 4))),
    Case(ops.flip, (_X, 1)),
    Case(ops.roll, (_X, 1, 1)),
    Case(ops.roll, (_X, (1, -2), (0, 1)), name="both"),
    Case(ops.repeat, (_X, 3, 1)),
    Case(ops.repeat, (_X, 2), name="flat"),
    Case(ops.repeat, (_X, [1, 0, 2], 0), name="counts"),
    Case(ops.tile, (_X, (2, 1, 3))),
    Case(_concatenate, _list(3, 2, 3), {"axis": -1}),
    Case(_stack, _list(3, 2, 3), {"axis": 1}),
    Case(ops.split, (_X, 2, 1)),
    Case(ops.split, (_X, [1, 3], 1), name="indices"),
    Case(ops.unstack, (_X,)),
    Case(ops.pad, (_X, ((1, 0), (2, 3)))),
    Case(ops.pad, (_X, 1, "reflect"), name="reflect"),
    Case(ops.pad, (_X, ((0, 0), (2, 1)), "symmetric"), name="symmetric"),
]

INDEXING = [
    Case(ops.sort, (_X,)),
    Case(ops.sort, (_X, None), name="flat"),
    Case(ops.sort, (_X, 0), name="axis"),
    Case(_top_k, (_X, 2)),
    Case(ops.slice_update, (_X, (1, 0), _random(2, 3, seed=4))),
    Case(ops.scatter, (np.array([[0, 1], [2, 2], [0, 1]]), _random(3), (3, 4)), constant=(0,)),
    *(
        Case(ops.scatter_update, (_X, np.array([[2], [0]]), _random(2, 4, seed=4)), {"reduction": how}, (1,), str(how))
        for how in (None, "add", "mul", "max", "min")
    ),
    Case(ops.scatter_update, (_ROW, np.array([[1], [3], [1]]), _random(3, seed=4)), constant=(1,), name="twice"),
    *(
        Case(op, (_random(4, 3), np.array([0, 2, -1, 0]), 4), constant=(1,), name="gaps")
        for op in (ops.segment_sum, ops.segment_prod)
    ),
    *(
        Case(op, (_random(4, 3), np.array([0, 1, -1, 0])), constant=(1,))
        for op in (ops.segment_sum, ops.segment_max, ops.segment_min, ops.segment_prod)
    ),
    Case(ops.getitem, (_X, np.s_[1:, ::2])),
    Case(ops.getitem, (_X, np.s_[..., None, -1]), name="newaxis"),
    Case(ops.getitem, (_X, np.array([0, 2, 0])), name="indices"),
    Case(ops.getitem, (_X, (np.s_[:], [1, 1])), name="list"),
    Case(ops.getitem, (_X, _X > 0), name="mask"),
    Case(ops.slice, (_X, (1, 0), (2, 3))),
    Case(ops.take, (_X, np.array([[2, 0], [-1, 2]]), 0), constant=(1,)),
    Case(ops.take, (_X, np.array([3, 3, 1]), 1), constant=(1,), name="last"),
    Case(ops.take, (_X, np.array(5)), constant=(1,), name="flat"),
    Case(ops.take_rows, (_random(3, 2, 2), np.array([2, 0, -1, 2])), constant=(1,)),
    Case(ops.take_along_axis, (_X, np.array([[0, 1, 0], [3, 3, 2], [1, 0, -1]]), 1), constant=(1,)),
]

LOSSES = [
    Case(ops.categorical_crossentropy, (_probabilities(3, 4), _positive(3, 4, seed=3))),
    Case(ops.categorical_crossentropy, (_positive(3, 4), _X), {"from_logits": True}, name="logits"),
    Case(ops.categorical_crossentropy, (_positive(4, 2, 3), _positive(4, 2, 3, seed=3)), {"axis": 0}, name="axis"),
    Case(ops.sparse_categorical_crossentropy, (np.array([0, 3, 1]), _probabilities(3, 4)), constant=(0,)),
    Case(
        ops.sparse_categorical_crossentropy,
        (np.array([[0, 3], [1, 1]]), _random(2, 2, 4)),
        {"from_logits": True},
        constant=(0,),
        name="logits",
    ),
    Case(ops.binary_crossentropy, (_probabilities(3, 4), _probabilities(3, 4, seed=3))),
    Case(ops.binary_crossentropy, (_probabilities(3, 4), _X), {"from_logits": True}, name="logits"),
]


def _frames(*shape: int) -> np.ndarray:
    return _random(*shape, seed=11)


CONVOLUTION = [
    Case(ops.conv2d, (_frames(2, 5, 4, 3), _random(3, 2, 3, 4), _random(4)), settings, name=name)
    for name, settings in (
        ("valid", {}),
        ("same", {"padding": "same"}),
        ("strides", {"strides": (2, 1)}),
        ("same-strides", {"strides": 2, "padding": "same"}),
        ("dilation", {"dilation_rate": (2, 3)}),
        ("relu", {"activation": "relu"}),
        ("tanh", {"activation": "tanh"}),
        ("gelu", {"activation": "gelu"}),
    )
] + [
    Case(ops.conv2d, (_frames(2, 4, 4, 3), _random(1, 1, 3, 2)), name="no-bias"),
    Case(ops.conv2d, (_frames(1, 4, 4, 4), _random(3, 3, 2, 6), _random(6)), {"groups": 2}, name="groups"),
    Case(ops.conv2d, (_frames(1, 4, 5, 3).transpose(0, 2, 1, 3), _random(2, 2, 3, 2)), name="strided"),
    *(
        Case(
            ops.conv2d_pool,
            (_frames(2, 6, 7, 2), _random(3, 3, 2, 3), _random(3)),
            {"pool_size": window, "activation": activation, "padding": padding},
            name=f"{activation}-{padding}-{window}",
        )
        for window, activation, padding in (
            (2, "relu", "valid"),
            ((2, 3), "relu", "same"),
            (2, "linear", "same"),
            (2, "tanh", "valid"),
        )
    ),
    Case(ops.conv2d_pool, (_frames(2, 6, 6, 2), _random(3, 3, 2, 3)), {"pool_size": 2, "strides": 2}, name="no-bias"),
    *(
        Case(ops.conv, (_frames(*x), _random(*kernel)), settings, name=name)
        for name, x, kernel, settings in (
            ("frames", (2, 5, 4, 2), (2, 3, 2, 3), {"strides": (2, 1), "padding": "same"}),
            ("groups", (1, 4, 4, 4), (3, 2, 2, 6), {"dilation_rate": (1, 2)}),
            ("steps", (2, 6, 2), (3, 2, 3), {"strides": 2}),
            ("steps-same", (2, 6, 2), (3, 2, 3), {"dilation_rate": (2,), "padding": "same"}),
        )
    ),
    Case(ops.depthwise_conv, (_frames(1, 4, 5, 3), _random(2, 3, 3, 2))),
    Case(ops.depthwise_conv, (_frames(2, 5, 3), _random(2, 3, 2)), {"padding": "same"}, name="steps"),
    Case(ops.separable_conv, (_frames(1, 4, 4, 2), _random(2, 2, 2, 2), _random(1, 1, 4, 3)), {"strides": 2}),
    Case(_dense_chain, (_random(3, 2, 4), _random(4, 5), _random(5), _random(5, 2))),
    Case(_conv2d_chain, (_frames(2, 8, 7, 2), _random(3, 3, 2, 3), _random(3), _random(2, 2, 3, 2))),
]

POOLING = [
    Case(op, (_frames(2, 5, 6, 2),), settings, name=name)
    for op in (ops.max_pool, ops.average_pool)
    for name, settings in (
        ("side-by-side", {"pool_size": 2}),
        ("overlapping", {"pool_size": (3, 2), "strides": 1}),
        ("same", {"pool_size": 3, "strides": 2, "padding": "same"}),
        ("gaps", {"pool_size": 1, "strides": (2, 3)}),
    )
] + [
    Case(op, (_frames(2, 3, 4, 3),), {"keepdims": keepdims}, name=f"keepdims-{keepdims}")
    for op in (ops.global_max_pool, ops.global_average_pool)
    for keepdims in (False, True)
]

ACTIVATIONS = [
    *(Case(op, (_X,)) for op in (ops.relu, ops.relu6, ops.leaky_relu, ops.elu, ops.selu, ops.silu, ops.sigmoid)),
    *(
        Case(op, (_X,))
        for op in (ops.hard_sigmoid, ops.hard_sigmoid_legacy, ops.tanh, ops.softplus, ops.softsign, ops.exponential)
    ),
    Case(ops.hard_sigmoid, (_X * 3,), name="saturated"),
    *(Case(op, (_X,)) for op in (ops.celu, ops.hard_silu, ops.hard_tanh, ops.log_sigmoid, ops.mish, ops.tanh_shrink)),
    *(Case(op, (_X,)) for op in (ops.hard_shrink, ops.soft_shrink, ops.squareplus)),
    Case(ops.celu, (_X,), {"alpha": 0.5}, name="alpha"),
    Case(ops.threshold, (_X,), {"threshold": 0.4, "default_value": -1.0}),
    Case(ops.glu, (_random(3, 8),)),
    Case(ops.leaky_relu, (_X, 0.05), name="slope"),
    Case(ops.elu, (_X, 0.3), name="alpha"),
    Case(ops.gelu, (_X,)),
    Case(ops.gelu, (_X, False), name="exact"),
    *(Case(op, (_X.T,), name="strided") for op in (ops.relu, ops.tanh)),
    *(Case(op, (_random(2, 3, 4),)) for op in (ops.softmax, ops.log_softmax)),
    *(Case(op, (_random(2, 3, 4), 1), name="axis") for op in (ops.softmax, ops.log_softmax)),
]

LINALG = [
    Case(
        ops.dot_product_attention,
        (_random(2, 3, 2, 4), _random(2, 5, 2, 4, seed=1), _random(2, 5, 2, 4, seed=2), _random(3, 5)),
        {"mask": _random(2, 1, 3, 5) > -0.5, "is_causal": True},
    ),
    Case(ops.dot_product_attention, (_random(1, 3, 1, 2),) * 3, {"scale": 0.3}, name="scale"),
    *(
        Case(op, (_random(*a, seed=1), _random(*b, seed=2)), name=f"{len(a)}x{len(b)}")
        for op, shapes in (
            (ops.dot, (((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((2, 3), (2, 3, 2)), ((), (2,)))),
            (ops.inner, (((3,), (3,)), ((2, 3), (4, 3)), ((2,), ()))),
            (ops.outer, (((3,), (2,)), ((2, 2), (3,)))),
            (ops.vdot, (((2, 3), (2, 3)),)),
            (ops.tensordot, (((2, 3, 4), (3, 4, 2)),)),
        )
        for a, b in shapes
    ),
    Case(ops.tensordot, (_random(2, 3, 4), _random(4, 2, 2), ((0, 2), (1, 0))), name="axes"),
    Case(ops.tensordot, (_random(2), _random(3), 0), name="none"),
    *(
        Case(_einsum, tuple(_random(*s, seed=i) for i, s in enumerate(shapes)), {"subscripts": text}, name=text)
        for text, shapes in EINSUMS.items()
    ),
    *(
        Case(ops.norm, (_random(2, 3, 4),), {"ord": order, "axis": 1, "keepdims": order == 3}, name=f"vector-{order}")
        for order in (None, 1, 2, 3, np.inf, -np.inf)
    ),
    *(
        Case(
            ops.norm,
            (_random(2, 3, 4),),
            {"ord": order, "axis": (2, 0), "keepdims": order == 1},
            name=f"matrix-{order}",
        )
        for order in (None, "fro", 1, -1, np.inf, -np.inf)
    ),
    Case(ops.norm, (_random(2, 3, 4),), name="all"),
    *(Case(ops.normalize, (_X,), {"order": order}, name=str(order)) for order in (1, 2, 3)),
    Case(ops.normalize, (_X, 0), name="axis"),
    *(
        Case(ops.matmul, (_random(*a, seed=1), _random(*b, seed=2)), name=f"{len(a)}x{len(b)}")
        for a, b in (
            ((3, 4), (4, 2)),
            ((2, 3, 4), (4, 5)),
            ((2, 3, 4), (2, 4, 5)),
            ((2, 1, 3, 4), (5, 4, 2)),
            ((4,), (4,)),
            ((4,), (4, 3)),
            ((3, 4), (4,)),
            ((4,), (2, 4, 3)),
            ((2, 3, 4), (4,)),
        )
    ),
    Case(ops.matmul, (_random(4, 3).T, _random(2, 4).T), name="strided"),
    *(
        Case(ops.dense, (_random(3, 4), _random(4, 2), _random(2)), {"activation": activation}, name=str(activation))
        for activation in (None, "relu", "tanh", "sigmoid", "softplus", "elu", "hard_sigmoid", "silu")
    ),
    Case(ops.dense, (_random(2, 3, 4), _random(4, 2)), name="no-bias"),
    Case(ops.dense, (_random(4), _random(4, 2), _random(2)), name="vector"),
]


def _mask(*rows: str) -> np.ndarray:
    """Booleans out of rows such as "1101"."""
    return np.array([[step == "1" for step in row] for row in rows])


def _recurrence(op: Callable[..., Any], gates: int, **settings: Any) -> list[Case]:
    """A recurrence plain and with everything that it can be given: batch 2, time 4, 3 units."""
    z, u = _random(2, 4, 3 * gates, seed=1), 0.6 * _random(3, 3 * gates, seed=2)
    states = [0.5 * _random(2, 3, seed=seed) for seed in (3, 4)]
    extra = {ops.simple_rnn: (), ops.gru: (_random(3 * gates, seed=5),), ops.lstm: (0.4 * _random(3, 3, seed=5),)}[op]
    if op is ops.gru and not settings.get("reset_after", True):
        extra = (None,)
    initial = tuple(states[: 2 if op is ops.lstm else 1])
    dropped = np.array([[2.0, 0.0, 2.0], [0.0, 2.0, 2.0]])
    constant = (2 + len(extra) + len(initial), 3 + len(extra) + len(initial))
    full = (z, u, *extra, *initial)
    label = "-".join(f"{value}" for value in settings.values()) or "default"
    return [
        Case(op, (z, u), settings, name=f"{label}-plain"),
        Case(op, full, settings, name=f"{label}-states"),
        Case(op, (*full, _mask("1101", "0110")), settings, constant, name=f"{label}-mask"),
        Case(op, (*full, None, dropped), settings, constant, name=f"{label}-dropout"),
        Case(
            op,
            (*full, _mask("0111", "1010"), dropped),
            {**settings, "go_backwards": True},
            constant,
            name=f"{label}-all",
        ),
    ]


RECURRENT = [
    *_recurrence(ops.simple_rnn, 1),
    *_recurrence(ops.simple_rnn, 1, activation="softplus"),
    *_recurrence(ops.gru, 3),
    *_recurrence(ops.gru, 3, reset_after=False),
    *_recurrence(ops.gru, 3, activation="softsign", recurrent_activation="hard_sigmoid"),
    *_recurrence(ops.lstm, 4),
    *_recurrence(ops.lstm, 4, activation="elu", recurrent_activation="hard_sigmoid"),
    *_recurrence(ops.lstm, 4, activation=None, recurrent_activation="softsign"),
]

_KEY = RandomKey(seed=5, stream=2, step=3)

NORMALIZATION = [
    Case(ops.batch_norm, (_random(4, 2, 3), _random(3), _random(3, seed=1))),
    Case(ops.batch_norm, (_random(6, 3),), {"epsilon": 0.01}, name="plain"),
    Case(ops.batch_norm, (_random(6, 3), _random(3)), name="scale"),
    Case(ops.batch_norm, (_random(4, 3, 2), None, _random(3)), {"axis": 1}, name="axis"),
    Case(ops.batch_norm, (_random(5, 4, 3), _random(3), _random(3, seed=1)), {"relu": True}, name="relu"),
    Case(
        ops.batch_normalization,
        (_random(4, 2, 3), _random(3), _positive(3), -1, _random(3, seed=1), _random(3, seed=2)),
    ),
    Case(ops.batch_normalization, (_random(4, 3, 2), _random(3), _positive(3), 1), name="axis"),
    Case(ops.layer_normalization, (_random(2, 4, 3), _random(3), _random(3, seed=1))),
    Case(ops.layer_normalization, (_random(2, 4, 3), _random(3)), {"rms_scaling": True}, name="rms"),
    Case(ops.rms_normalization, (_random(2, 4, 3), _random(3))),
    Case(ops.rms_normalization, (_random(2, 4, 3),), {"axis": (1, 2), "epsilon": 0.1}, name="axes"),
    Case(ops.layer_norm, (_random(2, 4, 3), _random(3), _random(3, seed=1))),
    Case(ops.layer_norm, (_random(5, 4),), {"epsilon": 0.01}, name="plain"),
    Case(ops.layer_norm, (_random(2, 4, 3), _random(4, 3), _random(4, 3, seed=1)), {"axis": (1, 2)}, name="axes"),
    Case(ops.layer_norm, (_random(2, 4, 3), _random(4)), {"axis": 1}, name="axis"),
]

OTHERS = [
    Case(ops.dropout, (_random(4, 6), 0.4, _KEY)),
    Case(ops.dropout, (_random(4, 3, 2), 0.4, _KEY, (None, 1, None)), name="noise-shape"),
    *(
        Case(ops.image.resize, (_random(2, 4, 7, 2), size, interpolation, antialias), settings, name=name)
        for name, size, interpolation, antialias, settings in (
            ("bilinear", (6, 5), "bilinear", False, {}),
            ("smaller", (2, 3), "bilinear", True, {}),
            ("nearest", (6, 3), "nearest", False, {}),
            ("bicubic", (3, 9), "bicubic", False, {}),
            ("area", (3, 2), "area", False, {}),
            ("lanczos", (6, 5), "lanczos3", True, {}),
            ("crop", (3, 3), "bilinear", False, {"crop_to_aspect_ratio": True}),
            ("pad", (5, 5), "bilinear", False, {"pad_to_aspect_ratio": True, "fill_value": 2.0}),
        )
    ),
    Case(ops.normalize_frames, (_random(2, 3, 4),), {"scale": _random(4), "offset": _random(3, 1)}),
]

TABLE = [
    *(*ELEMENTWISE, *REDUCTIONS, *SHAPING, *INDEXING, *LOSSES, *ACTIVATIONS, *LINALG),
    *(*CONVOLUTION, *POOLING, *RECURRENT, *NORMALIZATION, *OTHERS),
]
