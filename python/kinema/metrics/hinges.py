"""Hinge losses as metrics."""

from __future__ import annotations

from numpy.typing import DTypeLike

from kinema.losses.hinges import categorical_hinge, hinge, squared_hinge
from kinema.metrics.reduction import NamedMean
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"

builtin(_MODULE)(hinge)
builtin(_MODULE)(squared_hinge)
builtin(_MODULE)(categorical_hinge)


@builtin(_MODULE)
class Hinge(NamedMean):
    """How far the product of target, -1 or 1, and prediction stays below 1; 0 and 1 are taken for -1 and 1.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.Hinge()([[-1.0, 1.0]], [[0.5, 3.0]])), 4)
        0.75
    """

    direction = "down"

    def __init__(self, name: str = "hinge", dtype: DTypeLike | None = None) -> None:
        super().__init__(hinge, name, dtype)


@builtin(_MODULE)
class SquaredHinge(NamedMean):
    """The square of how far the product of target and prediction stays below 1.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.SquaredHinge()([[-1.0, 1.0]], [[0.5, 3.0]])), 4)
        1.125
    """

    direction = "down"

    def __init__(self, name: str = "squared_hinge", dtype: DTypeLike | None = None) -> None:
        super().__init__(squared_hinge, name, dtype)


@builtin(_MODULE)
class CategoricalHinge(NamedMean):
    """How far the right class's score stays below the best wrong one's plus 1, for one-hot targets.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.CategoricalHinge()([[0, 1, 0]], [[0.5, 1.0, 0.25]])), 4)
        0.5
    """

    direction = "down"

    def __init__(self, name: str = "categorical_hinge", dtype: DTypeLike | None = None) -> None:
        super().__init__(categorical_hinge, name, dtype)
