"""The cosine similarity as a loss."""

from __future__ import annotations

from typing import Any

from kinema import config as settings
from kinema import ops
from kinema.autograd import Tensor
from kinema.losses.loss import NamedLoss, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"


@builtin(_MODULE)
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between target and prediction with its sign turned: -1 for the same direction.

    Args:
        y_true: The targets.
        y_pred: The predictions, shaped as `y_true`.
        axis: The axis of the vectors.

    Example:
        >>> from kinema import losses
        >>> losses.cosine_similarity([[3.0, 4.0]], [[4.0, 3.0]]).numpy().round(4)
        array([-0.96], dtype=float32)
    """
    cosine: Tensor = ops.negative(cosine_of_angle(y_true, y_pred, axis))
    return cosine


def cosine_of_angle(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between target and prediction."""
    y_true, y_pred = match_shapes("cosine_similarity", y_true, y_pred)
    cosine: Tensor = ops.sum(ops.multiply(_unit(y_true, axis), _unit(y_pred, axis)), axis=axis)
    return cosine


@builtin(_MODULE)
class CosineSimilarity(NamedLoss):
    """The cosine of the angle between target and prediction with its sign turned: from -1, the same direction, to 1.

    Args:
        axis: The axis of the vectors.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]])), 4)
        -0.96
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


def _unit(vectors: Tensor, axis: int) -> Tensor:
    """Vectors of length 1; where all is zero, it stays so and has no gradient that is not finite."""
    squares = ops.sum(ops.square(vectors), axis=axis, keepdims=True)
    unit: Tensor = ops.multiply(vectors, ops.rsqrt(ops.maximum(squares, settings.epsilon() ** 2)))
    return unit
