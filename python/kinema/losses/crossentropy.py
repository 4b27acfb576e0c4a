"""Cross-entropies: losses of probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kinema import ops
from kinema.autograd import Tensor, as_array
from kinema.losses.labels import check_binary, check_class_numbers, check_distribution, check_smoothing
from kinema.losses.loss import NamedLoss, as_prediction, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"


@builtin(_MODULE, "bce", "BCE")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """The cross-entropy of yes-or-no outputs, averaged over an axis.

    Args:
        y_true: The targets, from 0 to 1, shaped as `y_pred`.
        y_pred: Probabilities, or logits.
        from_logits: Whether `y_pred` holds logits, as a layer without activation gives.
        label_smoothing: Moves the targets this far towards 0.5.
        axis: The axis over which the mean is taken.

    Raises:
        DataError: A target is outside 0 to 1.

    Example:
        >>> from kinema import losses
        >>> losses.binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_true, y_pred = match_shapes("binary_crossentropy", y_true, y_pred)
    check_binary(as_array(y_true), y_pred.mask)
    if label_smoothing:
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), 0.5 * label_smoothing)
    loss: Tensor = ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)
    return loss


@builtin(_MODULE)
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """The cross-entropy of distributions over classes.

    Args:
        y_true: The targets, shaped as `y_pred`: one-hot rows, or other non-negative numbers.
        y_pred: Probabilities (they are divided by their sum), or logits.
        from_logits: Whether `y_pred` holds logits, as a layer without activation gives.
        label_smoothing: The share of each target that is spread evenly over the classes.
        axis: The axis of the classes.

    Raises:
        DataError: A target is negative or not finite.

    Example:
        >>> from kinema import losses
        >>> losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_true, y_pred = match_shapes("categorical_crossentropy", y_true, y_pred)
    check_distribution(as_array(y_true), axis, y_pred.mask)
    if label_smoothing:
        share = label_smoothing / y_true.shape[axis]
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), share)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


@builtin(_MODULE)
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """The cross-entropy of distributions over classes, the right class given by its number.

    Args:
        y_true: Class numbers from 0: the shape of `y_pred` without its last axis, or with length 1 there.
        y_pred: Probabilities, or logits, classes on the last axis.
        from_logits: Whether `y_pred` holds logits, as a layer without activation gives.
        ignore_class: A label whose samples do not count.
        axis: The axis of the classes: the last one.

    Raises:
        DataError: A label is not a class number.

    Example:
        >>> from kinema import losses
        >>> losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    labels = as_array(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    classes = labels
    if labels.shape == y_pred.shape[:-1]:
        classes = check_class_numbers(labels, y_pred.shape[-1], ignore_class, y_pred.mask)
    if ignore_class is not None and not from_logits:
        y_pred = _without_logits_of_sigmoid(y_pred)
    loss = ops.sparse_categorical_crossentropy(classes, y_pred, from_logits=from_logits, axis=axis)
    if ignore_class is None:
        return loss
    counted = labels != ignore_class
    kept: Tensor = ops.multiply(loss, counted.astype(loss.dtype))
    kept.mask = counted
    return kept


@builtin(_MODULE, "ce")
def crossentropy(y_true: Any, y_pred: Any) -> Tensor:
    """The cross-entropy that fits the shapes: binary, categorical or sparse categorical, of probabilities.

    Example:
        >>> from kinema import losses
        >>> losses.crossentropy([1], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    functions: dict[str, Callable[[Any, Any], Tensor]] = {
        "binary": binary_crossentropy,
        "categorical": categorical_crossentropy,
        "sparse_categorical": sparse_categorical_crossentropy,
    }
    return functions[target_kind(y_true, y_pred)](y_true, y_pred)


def _without_logits_of_sigmoid(y_pred: Tensor) -> Tensor:
    """Predictions that tell of logits only where a softmax made them, as Keras sees them where it ignores a class."""
    if y_pred.logits is None or y_pred.logits.activation == "softmax":
        return y_pred
    plain: Tensor = ops.multiply(y_pred, 1.0)
    return plain


def target_kind(y_true: Any, y_pred: Any) -> str:
    """What targets are, judged by shapes: `"binary"`, `"categorical"` or `"sparse_categorical"`."""
    target, prediction = as_array(y_true).shape, as_array(y_pred).shape
    if prediction[-1:] == (1,):
        return "binary"
    if len(target) < len(prediction) or target[-1:] == (1,):
        return "sparse_categorical"
    return "categorical"


@builtin(_MODULE)
class BinaryCrossentropy(NamedLoss):
    """The cross-entropy of yes-or-no outputs.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: Moves the targets this far towards 0.5.
        axis: The axis over which the mean is taken.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.BinaryCrossentropy()([[0.0], [1.0]], [[0.5], [0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=check_smoothing("BinaryCrossentropy", label_smoothing),
            axis=axis,
        )


@builtin(_MODULE)
class CategoricalCrossentropy(NamedLoss):
    """The cross-entropy of distributions over classes, for one-hot targets.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: The share of each target that is spread evenly over the classes.
        axis: The axis of the classes.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=check_smoothing("CategoricalCrossentropy", label_smoothing),
            axis=axis,
        )


@builtin(_MODULE)
class SparseCategoricalCrossentropy(NamedLoss):
    """The cross-entropy of distributions over classes, for class numbers as targets.

    Args:
        from_logits: Whether predictions are logits.
        ignore_class: A label whose samples do not count.
        reduction: See `Loss`.
        axis: The axis of the classes: the last one.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
