"""Layers that look, for every step of one sequence, at all steps of another."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema import ops
from kinema.autograd import Array
from kinema.errors import ShapeError
from kinema.layers.arguments import fraction, one_of
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.dropout import drop
from kinema.layers.structure import Shape
from kinema.layers.symbolic import KerasTensor
from kinema.saving.registry import builtin

#: What a score loses where it must not be looked at: so much that its weight is 0.
OUT_OF_SIGHT = 1e9


@builtin("keras.layers")
class Attention(ConfiguredLayer):
    """Gives every step of a query the average of the values, weighted by how well the query fits their keys.

    Masks of the inputs are kept: values that do not count have no weight, and queries that do not count give zeros.

    Args:
        use_scale: Multiply the products by a number that is learnt.
        score_mode: How well query and key fit: "dot", their scalar product, or "concat", the sum of the tanh of their
            sum times a number that is learnt.
        dropout: The part of the weights dropped while training.
        seed: A seed of its own for dropout; the training's when None.

    Input shape:
        A list of query (batch, queries, features), value (batch, values, size) and key (batch, values, features); the
        value is the key where there is none. The call also takes `mask`, a list with those of query and value,
        `return_attention_scores` and `use_causal_mask`, with which no query sees values behind its own place.

    Output shape:
        (batch, queries, size), with `return_attention_scores` followed by the weights (batch, queries, values).

    Raises:
        ShapeError: The input is no such list, or the shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> frames, words = np.ones((2, 5, 3), "float32"), np.ones((2, 4, 3), "float32")
        >>> seen, weights = kinema.layers.Attention()([words, frames], return_attention_scores=True)
        >>> seen.shape, weights.shape
        ((2, 4, 3), (2, 4, 5))
    """

    mixes_frames = True
    supports_masking = True
    config_names: ClassVar[tuple[str, ...]] = ("use_scale", "score_mode", "dropout", "seed")

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = bool(use_scale)
        self.score_mode = one_of(self._title, "score_mode", score_mode, ("dot", "concat"))
        self.dropout = fraction(self._title, "dropout", dropout)
        self.is_random = self.dropout > 0
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Creates the numbers that are learnt."""
        _checked(input_shape)
        self.scale: Any = self.add_weight((), initializer="ones", name="scale") if self.use_scale else None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), initializer="ones", name="concat_score_weight")
        self.built = True

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The weighted averages of the values, followed by the weights if they are asked for.

        Args:
            inputs: Query, value and, where it is another array, key.
            mask: Which steps of query and value count, in a list.
            training: Whether dropout is active.
            return_attention_scores: Give the weights too.
            use_causal_mask: Let no query see values behind its own place.
        """
        _checked([tensor.shape for tensor in inputs] if isinstance(inputs, (list, tuple)) else inputs.shape)
        query, value = inputs[:2]
        query_mask, value_mask = _masks(mask)
        scores = self._scores(query, inputs[-1])
        visible = _visible(scores.shape, value_mask, use_causal_mask)
        if visible is not None:
            scores = ops.where(visible, scores, scores - OUT_OF_SIGHT)
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout:
            weights = drop(weights, self.dropout, self.draw_key(self.seed))
        outputs = weights @ value
        if query_mask is not None:
            outputs = ops.where(query_mask[..., None], outputs, 0.0)
        return (outputs, weights) if return_attention_scores else outputs

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, queries, size of a value)."""
        query, value = _checked(input_shape)[:2]
        return (*query[:-1], value[-1])

    def compute_output_spec(self, inputs: Any, return_attention_scores: bool = False, **_: Any) -> Any:
        """Symbolic tensors of what a call gives."""
        shapes = [tensor.shape for tensor in inputs]
        outputs = KerasTensor(self.compute_output_shape(shapes), self.dtype)
        if not return_attention_scores:
            return outputs
        query, value = _checked(shapes)[:2]
        return outputs, KerasTensor((*query[:-1], value[-2]), self.dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The query's mask; none for the weights."""
        return [_masks(previous_mask)[0], None]

    def _scores(self, query: Any, key: Any) -> Any:
        """How well every query fits every key (batch, queries, values)."""
        if self.score_mode == "concat":
            return self.concat_score_weight * ops.sum(ops.tanh(self._scaled(_pairs(query, key))), axis=-1)
        return self._scaled(query @ ops.swapaxes(key, -2, -1))

    def _scaled(self, numbers: Any) -> Any:
        return numbers if self.scale is None else self.scale * numbers


@builtin("keras.layers")
class AdditiveAttention(Attention):
    """`Attention` whose scores are the sum of the tanh of query plus key.

    Args:
        use_scale: Weight the features in that sum by numbers that are learnt.
        dropout: The part of the weights dropped while training.

    Input shape:
        A list of query (batch, queries, features), value (batch, values, size) and key (batch, values, features); the
        value is the key where there is none. The call takes what that of `Attention` takes.

    Output shape:
        (batch, queries, size), with `return_attention_scores` followed by the weights (batch, queries, values).

    Raises:
        ShapeError: The input is no such list, or the shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> frames, words = np.ones((2, 5, 3), "float32"), np.ones((2, 4, 3), "float32")
        >>> kinema.layers.AdditiveAttention()([words, frames]).shape
        (2, 4, 3)
    """

    config_names = ("use_scale", "dropout", "seed")

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Creates the weights of the features."""
        query, _, _ = _checked(input_shape)
        self.scale = None
        if self.use_scale:
            features = self._known_length(query, -1, "features")
            self.scale = self.add_weight((features,), initializer="glorot_uniform", name="scale")
        self.built = True

    def _scores(self, query: Any, key: Any) -> Any:
        return ops.sum(self._scaled(ops.tanh(_pairs(query, key))), axis=-1)


def _pairs(query: Any, key: Any) -> Any:
    """The sum of every query and every key (batch, queries, values, features)."""
    return ops.expand_dims(query, -2) + ops.expand_dims(key, -3)


def _checked(shapes: Any) -> list[Shape]:
    """The shapes of query, value and key."""
    several = isinstance(shapes, (list, tuple)) and all(isinstance(shape, (list, tuple)) for shape in shapes)
    if not several or len(shapes) not in (2, 3):
        raise ShapeError(
            f"attention takes a list of two or three inputs, [query, value] or [query, value, key], got {shapes}"
        )
    query, value, key = (tuple(shape) for shape in (*shapes[:2], shapes[-1]))
    ranks = len(query) == len(value) == len(key) >= 3
    if not ranks or query[-1] != key[-1] or (None not in (value[-2], key[-2]) and value[-2] != key[-2]):
        raise ShapeError(
            f"query, value and key of shapes {query}, {value} and {key} do not fit together: expected (batch, queries, "
            "features), (batch, values, size) and (batch, values, features)"
        )
    return [query, value, key]


def _masks(mask: Any) -> list[Array | None]:
    """Those of query and value."""
    given = [None, None] if mask is None else list(mask)[:2]
    return [None if one is None else np.asarray(one, bool) for one in given]


def _visible(shape: tuple[int, ...], value_mask: Array | None, causal: bool) -> Array | None:
    """Which values a query may look at, for scores of this shape; None where it may look at all."""
    visible: Array | None = np.tri(*shape[-2:], dtype=bool) if causal else None
    if value_mask is None:
        return visible
    counts = value_mask.reshape(*value_mask.shape[:-1], *(1,) * (len(shape) - value_mask.ndim), -1)
    return counts if visible is None else counts & visible
