"""Cross-entropies and divergences as metrics."""

from __future__ import annotations

from numpy.typing import DTypeLike

from kinema.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy,
    sparse_categorical_crossentropy,
)
from kinema.losses.divergence import kl_divergence, poisson
from kinema.losses.focal import binary_focal_crossentropy, categorical_focal_crossentropy
from kinema.metrics.reduction import NamedMean
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"

builtin(_MODULE, "bce", "BCE")(binary_crossentropy)
builtin(_MODULE)(categorical_crossentropy)
builtin(_MODULE, "ce")(crossentropy)
builtin(_MODULE)(sparse_categorical_crossentropy)
builtin(_MODULE)(binary_focal_crossentropy)
builtin(_MODULE)(categorical_focal_crossentropy)
builtin(_MODULE, "kld", "KLD", "kullback_leibler_divergence")(kl_divergence)
builtin(_MODULE)(poisson)


@builtin(_MODULE)
class BinaryCrossentropy(NamedMean):
    """The mean cross-entropy of yes-or-no outputs.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        label_smoothing: Moves the targets this far towards 0.5.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.BinaryCrossentropy()([[0.0], [1.0]], [[0.5], [0.5]])), 4)
        0.6931
    """

    direction = "down"

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: DTypeLike | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


@builtin(_MODULE)
class CategoricalCrossentropy(NamedMean):
    """The mean cross-entropy of distributions over classes, for one-hot targets.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        label_smoothing: The share of each target that is spread evenly over the classes.
        axis: The axis of the classes.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    direction = "down"

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: DTypeLike | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@builtin(_MODULE)
class SparseCategoricalCrossentropy(NamedMean):
    """The mean cross-entropy of distributions over classes, for class numbers as targets.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        ignore_class: A label whose samples do not count.
        axis: The axis of the classes: the last one.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
        0.6931
    """

    direction = "down"

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: DTypeLike | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


@builtin(_MODULE)
class KLDivergence(NamedMean):
    """How much predicted distributions differ from those of the targets.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
        0.1438
    """

    direction = "down"

    def __init__(self, name: str = "kl_divergence", dtype: DTypeLike | None = None) -> None:
        super().__init__(kl_divergence, name, dtype)


@builtin(_MODULE)
class Poisson(NamedMean):
    """The mean of `y_pred - y_true * log(y_pred)`.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.Poisson()([[0.0, 2.0]], [[1.0, 2.0]])), 4)
        0.8069
    """

    direction = "down"

    def __init__(self, name: str = "poisson", dtype: DTypeLike | None = None) -> None:
        super().__init__(poisson, name, dtype)
