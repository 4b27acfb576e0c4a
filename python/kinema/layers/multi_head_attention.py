"""Attention with several heads, each with projections of its own."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Array
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.arguments import as_shape, fraction, positive_int
from kinema.layers.attention import OUT_OF_SIGHT
from kinema.layers.configured import ConfiguredLayer, weight_settings
from kinema.layers.dropout import drop
from kinema.layers.structure import Shape
from kinema.layers.symbolic import KerasTensor
from kinema.saving.registry import builtin

_KINDS = ("kernel", "bias")


class Projection(ConfiguredLayer):
    """A dense layer from the last axes of its input to several new ones, whose weights keep these axes apart.

    Args:
        inner: How many axes of the input are multiplied away.
        outer: The lengths of the axes that take their place.
        like: The layer whose settings of weights hold here too.
        name: The layer's name.
    """

    supports_masking = True

    def __init__(self, inner: int, outer: Shape, like: Any, name: str) -> None:
        super().__init__(name=name, dtype=like.dtype, trainable=like.trainable)
        self.inner = inner
        self.outer = outer
        for kind in _KINDS:
            settings = (getattr(like, f"{kind}_{setting}") for setting in ("initializer", "regularizer", "constraint"))
            self._describe_weight(kind, *settings)
        self.use_bias = like.use_bias

    def build(self, input_shape: Any) -> None:
        """Creates the kernel and the bias."""
        axes = tuple(self._known_length(input_shape, axis, "features") for axis in range(-self.inner, 0))
        outer: Any = self.outer
        self.kernel = self._add_described("kernel", (*axes, *outer))
        self.bias = self._add_described("bias", outer) if self.use_bias else None
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The projection: (..., inner axes) to (..., outer axes)."""
        leading, lengths = inputs.shape[: -self.inner], self.kernel.shape[: self.inner]
        if inputs.shape[-self.inner :] != lengths:
            raise ShapeError(
                f"expected {lengths} features on the last axes, as when it was built, but got an input of shape "
                f"{tuple(inputs.shape)}"
            )
        flat, width = math.prod(lengths), math.prod(self.kernel.shape[self.inner :])
        kernel = ops.reshape(self.kernel, (flat, width))
        bias = None if self.bias is None else ops.reshape(self.bias, (width,))
        outputs = ops.dense(ops.reshape(inputs, (*leading, flat)), kernel, bias)
        return ops.reshape(outputs, (*leading, *self.outer))


@builtin("keras.layers")
class MultiHeadAttention(ConfiguredLayer):
    """Projects query, key and value for several heads, lets each attend for itself, and projects what they saw.

    Masks of the inputs are kept: values and keys that do not count have no weight, and the query's mask stands for the
    output.

    Args:
        num_heads: The number of heads.
        key_dim: The length of a query and a key in each head.
        value_dim: The length of a value in each head; `key_dim` when None.
        dropout: The part of the weights dropped while training.
        use_bias: Whether the projections add a bias.
        output_shape: The lengths of the output's last axes; the query's features when None.
        attention_axes: The axes to attend over; all but those of batch and features when None.
        sliding_window: Not supported; None.
        flash_attention: Accepted for Keras's sake.
        kernel_initializer: How the kernels start.
        bias_initializer: How the biases start.
        kernel_regularizer: A penalty on the kernels.
        bias_regularizer: A penalty on the biases.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the kernels after each update.
        bias_constraint: Applied to the biases after each update.
        use_gate: Not supported; False.
        seed: A seed of its own for dropout; the training's when None.

    Input shape:
        Query (batch, queries, features), value (batch, values, size) and, where it is another array, key (batch,
        values, features), as arguments of the call. It also takes `query_mask`, `value_mask` and `key_mask` in place of
        those that the inputs carry, `attention_mask` (batch, queries, values), `return_attention_scores` and
        `use_causal_mask`, with which no query sees values behind its own place.

    Output shape:
        (batch, queries, features), with `return_attention_scores` followed by the weights (batch, heads, queries,
        values).

    Raises:
        ArgumentError: An argument is out of range or not supported.
        ShapeError: The shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> frames = np.ones((2, 5, 6), "float32")
        >>> kinema.layers.MultiHeadAttention(num_heads=2, key_dim=4)(frames, frames).shape
        (2, 5, 6)
    """

    mixes_frames = True
    supports_masking = True
    config_names = (
        "num_heads", "key_dim", "value_dim", "dropout", "use_bias", "use_gate", "attention_axes", "sliding_window",
        *weight_settings(*_KINDS), "seed",
    )  # fmt: skip

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.num_heads = positive_int(self._title, "num_heads", num_heads)
        self.key_dim = positive_int(self._title, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else positive_int(self._title, "value_dim", value_dim)
        self.dropout = fraction(self._title, "dropout", dropout)
        self.is_random = self.dropout > 0
        self.use_bias = bool(use_bias)
        self.output_axes = None if output_shape is None else as_shape(output_shape)
        self.attention_axes = None if attention_axes is None else list(as_shape(attention_axes))
        for argument, value in (("sliding_window", sliding_window), ("use_gate", use_gate or None)):
            if value is not None:
                raise ArgumentError(f"{self._title}: {argument}={value!r} is not supported: leave it out")
        self.sliding_window = None
        self.use_gate = False
        self._describe_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._describe_weight("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.seed = seed

    def build(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> None:
        """Creates the projections; the value has the query's shape when None."""
        value_shape = query_shape if value_shape is None else value_shape
        self._shapes = {"query_shape": query_shape, "value_shape": value_shape}
        if key_shape is not None:
            self._shapes["key_shape"] = key_shape
        if self.attention_axes is None:
            self.attention_axes = list(range(1, len(query_shape) - 1))
        self.query_dense = Projection(1, (self.num_heads, self.key_dim), self, "query")
        self.key_dense = Projection(1, (self.num_heads, self.key_dim), self, "key")
        self.value_dense = Projection(1, (self.num_heads, self.value_dim), self, "value")
        self.output_dense = Projection(2, self._output_axes(query_shape), self, "attention_output")
        for layer, shape in (
            (self.query_dense, query_shape),
            (self.key_dense, key_shape or value_shape),
            (self.value_dense, value_shape),
            (self.output_dense, (*query_shape[:-1], self.num_heads, self.value_dim)),
        ):
            layer.ensure_built(shape)
            self._place_inside(layer)
        self.built = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = dict(zip(("query", "value", "key"), args, strict=False)) | kwargs
        query, value, key = (given.pop(name, None) for name in ("query", "value", "key"))
        if query is None or value is None:
            raise ArgumentError(f"{self._title} is called on a query and a value: layer(x, x) to look at x from x")
        if not self.built:
            with self._naming_errors():
                self.build(*((None, *np.shape(one)[1:]) for one in (query, value, key) if one is not None))
        return super().__call__(query, value, key, *args[3:], **given)

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """What the heads saw, followed by the weights if they are asked for.

        Args:
            query: (batch, queries, features).
            value: (batch, values, size).
            key: (batch, values, features); the value when None.
            query_mask: Which queries count; what the query carries when None.
            value_mask: Which values count; what the value carries when None.
            key_mask: Which keys count; what the key carries when None.
            attention_mask: Which values each query may look at (batch, queries, values).
            return_attention_scores: Give the weights too.
            training: Whether dropout is active.
            use_causal_mask: Let no query see values behind its own place.
        """
        value = self._convert(value)
        key = value if key is None else self._convert(key)
        axes = _Axes(query.ndim, self.attention_axes or [])
        queries = axes.gather(self.query_dense(query) * (1 / math.sqrt(self.key_dim)))
        scores = queries @ ops.swapaxes(axes.gather(self.key_dense(key)), -2, -1)
        visible = _both(
            _seen(axes, query, query_mask, of_queries=True),
            _seen(axes, value, value_mask),
            None if key is value and key_mask is None else _seen(axes, key, key_mask),
            np.tri(*scores.shape[-2:], dtype=bool) if use_causal_mask else None,
            None if attention_mask is None else axes.of_pairs(np.asarray(attention_mask, bool), scores.shape),
        )
        if visible is None:
            weights = ops.softmax(scores, axis=-1)
        else:  # a query that sees nothing has no weights at all
            weights = ops.softmax(ops.where(visible, scores, scores - OUT_OF_SIGHT), axis=-1)
            weights = ops.where(visible.any(axis=-1, keepdims=True), weights, 0.0)
        if training and self.dropout:
            weights = drop(weights, self.dropout, self.draw_key(self.seed))
        seen = axes.scatter(weights @ axes.gather(self.value_dense(value)), query.shape)
        outputs = self.output_dense(seen)
        outputs.mask = query.mask if query_mask is None else np.asarray(query_mask, bool)
        if not return_attention_scores:
            return outputs
        lengths = (tensor.shape[axis] for tensor in (query, key) for axis in axes.attended)
        return outputs, ops.reshape(weights, (*weights.shape[:-2], *lengths))

    def compute_output_shape(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> Shape:
        """The query's shape, with other last axes where `output_shape` says so."""
        return (*query_shape[:-1], *self._output_axes(query_shape))

    def compute_output_spec(
        self, query: Any, value: Any, key: Any = None, *_: Any, return_attention_scores: bool = False, **__: Any
    ) -> Any:
        """Symbolic tensors of what a call gives."""
        outputs = KerasTensor(self.compute_output_shape(query.shape), self.dtype)
        if not return_attention_scores:
            return outputs
        axes = _Axes(query.ndim, self.attention_axes or [])
        lengths = [tensor.shape[axis] for tensor in (query, value if key is None else key) for axis in axes.attended]
        apart = [query.shape[axis] for axis in axes.apart]
        return outputs, KerasTensor((query.shape[0], *apart, self.num_heads, *lengths), self.dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the call has set the output's."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {**super().get_config(), "output_shape": self.output_axes}

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with, for files."""
        return {"shapes_dict": self._shapes} if self.built else None

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer as `get_build_config` described."""
        self.build(**{name: tuple(shape) for name, shape in config["shapes_dict"].items()})

    def _output_axes(self, query_shape: Any) -> Shape:
        return (query_shape[-1],) if self.output_axes is None else self.output_axes


class _Axes:
    """How axes of (batch, ..., heads, length) are brought into the order (batch, apart, heads, attended, length).

    Args:
        rank: The rank of the inputs.
        attention_axes: The axes to attend over.
    """

    def __init__(self, rank: int, attention_axes: Sequence[int | None]) -> None:
        self.attended = [int(axis or 0) % rank for axis in attention_axes]
        if not self.attended or not all(0 < axis < rank - 1 for axis in self.attended):
            raise ShapeError(
                f"attention_axes {list(attention_axes)} are not between batch and features of an input with {rank} axes"
            )
        self.apart = [axis for axis in range(1, rank - 1) if axis not in self.attended]

    def gather(self, x: Any) -> Any:
        """(batch, ..., heads, length) to (batch, apart, heads, all attended axes as one, length)."""
        ordered = ops.transpose(x, self._order(x.ndim))
        return ops.reshape(ordered, (*ordered.shape[: len(self.apart) + 2], -1, x.shape[-1]))

    def scatter(self, x: Any, query_shape: Any) -> Any:
        """The way back, for what was seen of queries of this shape."""
        lengths = (query_shape[axis] for axis in self.attended)
        ordered = ops.reshape(x, (*x.shape[:-2], *lengths, x.shape[-1]))
        return ops.transpose(ordered, np.argsort(self._order(ordered.ndim)).tolist())

    def of_steps(self, counts: Array) -> Array:
        """Booleans (batch, ...) for every step to (batch, apart, all attended axes as one)."""
        ordered: Array = counts.transpose(0, *self.apart, *self.attended)
        return ordered.reshape(*ordered.shape[: len(self.apart) + 1], -1)

    def of_pairs(self, mask: Array, scores_shape: Any) -> Array:
        """A mask (batch, apart, queries, values), or without its first axes, as one for the scores of all heads."""
        pairs = mask.reshape(*mask.shape[: mask.ndim - 2 * len(self.attended)], *scores_shape[-2:])
        missing = len(scores_shape) - pairs.ndim
        heads = max(pairs.ndim - 2, 0)
        return pairs.reshape(*pairs.shape[:heads], *(1,) * missing, *pairs.shape[heads:])

    def _order(self, rank: int) -> list[int]:
        return [0, *self.apart, rank - 2, *self.attended, rank - 1]


def _seen(axes: _Axes, tensor: Any, mask: Any, of_queries: bool = False) -> Array | None:
    """Which steps of an input count, for the scores of all heads; None where all do."""
    given = tensor.mask if mask is None else mask
    if given is None:
        return None
    counts = np.asarray(given, bool)
    counts = counts.reshape(*counts.shape, *(1,) * (tensor.ndim - 1 - counts.ndim))
    steps = axes.of_steps(np.broadcast_to(counts, tensor.shape[:-1]))
    return steps[..., None, :, None] if of_queries else steps[..., None, None, :]


def _both(*masks: Array | None) -> Array | None:
    """What all masks show."""
    given = [mask for mask in masks if mask is not None]
    return functools.reduce(np.logical_and, given) if given else None
