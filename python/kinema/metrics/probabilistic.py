"""Cross-entropies as metrics."""

from __future__ import annotations

from numpy.typing import DTypeLike

from kinema.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy,
    sparse_categorical_crossentropy,
)
from kinema.metrics.reduction import NamedMean
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"

builtin(_MODULE, "bce", "BCE")(binary_crossentropy)
builtin(_MODULE)(categorical_crossentropy)
builtin(_MODULE, "ce")(crossentropy)
builtin(_MODULE)(sparse_categorical_crossentropy)


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
