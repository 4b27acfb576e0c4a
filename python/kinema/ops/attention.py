"""Attention: means of values, weighted by how well their keys answer a query."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinema.autograd import Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops.activations import softmax
from kinema.ops.comparison import logical_and, where
from kinema.ops.creation import as_floating
from kinema.ops.einsum import einsum
from kinema.ops.elementwise import add, multiply

#: What stands for a score that is left out, as a share of the type's least number: a sum with another stays finite.
_LEFT_OUT = 0.7


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """`softmax(scale * query @ key + bias) @ value`, for each sample and head.

    Args:
        query: (batch, target steps, heads, features).
        key: (batch, source steps, heads, features).
        value: (batch, source steps, heads, features).
        bias: What is added to the scores, broadcast to (batch, heads, target steps, source steps), or None.
        mask: Which sources count, broadcast as the bias is, or None. Where none does, all count the same.
        scale: What scores are multiplied with, one over the root of the number of features when None.
        is_causal: Whether a target sees only the sources up to its own step.
        flash_attention: None or False: there is one way to compute it.
        attn_logits_soft_cap: None, as in Keras on TensorFlow.

    Example:
        >>> import kinema
        >>> x = kinema.ops.ones((2, 5, 1, 4))
        >>> kinema.ops.dot_product_attention(x, x, x, is_causal=True).shape
        (2, 5, 1, 4)
    """
    if flash_attention or attn_logits_soft_cap is not None:
        raise ArgumentError(
            "ops.dot_product_attention: flash_attention and attn_logits_soft_cap are not supported: leave them out"
        )
    shapes = [as_array(x).shape for x in (query, key, value)]
    if any(len(shape) != 4 for shape in shapes):
        raise ShapeError(
            "ops.dot_product_attention: query, key and value are (batch, steps, heads, features), "
            f"got shapes {', '.join(map(str, shapes))}"
        )
    factor = 1 / math.sqrt(shapes[0][-1]) if scale is None else scale
    scores: Tensor = multiply(einsum("bthd,bshd->bhts", as_floating(query), as_floating(key)), factor)
    if bias is not None:
        scores = add(scores, bias)
    if is_causal:
        seen = np.tri(shapes[0][1], shapes[1][1], dtype=bool)
        mask = seen if mask is None else logical_and(mask, seen)
    if mask is not None:
        scores = where(mask, scores, np.asarray(_LEFT_OUT * np.finfo(scores.dtype).min, scores.dtype))
    return einsum("bhts,bshd->bthd", softmax(scores), as_floating(value))
