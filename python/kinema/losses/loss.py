"""What every loss shares: sample weights, masks and the reduction to one number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config as settings
from kinema import ops
from kinema.autograd import Array, Tensor, as_array, settled
from kinema.errors import ArgumentError, ShapeError
from kinema.saving.registry import deserialize_keras_object, serialize_keras_object

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


class Loss:
    """How far predictions are from targets.

    Subclass it with `call(y_true, y_pred)`, composed of `kinema.ops`, which gives one value per sample (and per step,
    where there are any). Calling the loss weighs these values by `sample_weight` and the prediction's mask and reduces
    them to one number.

    Args:
        name: Its name in logs.
        reduction: `"sum_over_batch_size"` (the mean), `"sum"`, `"mean_with_sample_weight"` (the sum over the sum of the
            weights) or `"none"`.
        dtype: The type it computes in; the prediction's own when None.

    Raises:
        ArgumentError: The reduction is another one.

    Example:
        >>> import kinema
        >>> from kinema import ops
        >>> class LargestError(kinema.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.max(ops.abs(y_pred - y_true), axis=-1)
        >>> float(LargestError()([[0.0, 0.0]], [[1.0, -3.0]]))
        3.0
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction not in _REDUCTIONS:
            allowed = ", ".join(map(repr, _REDUCTIONS[:-1]))
            raise ArgumentError(f"{type(self).__name__}: reduction is one of {allowed}, not {reduction!r}")
        self.name = name or type(self).__name__.lower()
        self.reduction = reduction
        self.dtype = None if dtype is None else settings.standardize_dtype(dtype)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The reduced loss of a batch."""
        target = Tensor(settled(y_true)) if isinstance(y_true, np.ndarray) else ops.convert_to_tensor(y_true)
        values = self.call(target, as_prediction(y_pred, self.dtype))
        mask = _joint_mask(getattr(y_pred, "mask", None), getattr(values, "mask", None))
        if values.ndim == 0:  # a whole batch's only value, once for each of the weights
            values = ops.broadcast_to(values, _shape_of_weights(mask, sample_weight))
        weights = combine_weights(self.name, values, sample_weight, mask, self.reduction)
        return reduce(values, weights, self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} needs a call(self, y_true, y_pred)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Loss:
        """Makes the loss that `get_config`, of Keras 2 or 3 too, described."""
        arguments = {name: deserialize_keras_object(value) for name, value in config.items()}
        if arguments.get("reduction") == "auto":
            arguments["reduction"] = "sum_over_batch_size"
        return cls(**arguments)


class LossFunctionWrapper(Loss):
    """A loss made of a function `fn(y_true, y_pred, **settings)` that gives one value per sample.

    Args:
        fn: The function.
        reduction: See `Loss`.
        name: See `Loss`; the function's name when None.
        dtype: See `Loss`.
        **kwargs: Passed to the function.

    Example:
        >>> from kinema import losses
        >>> loss = losses.LossFunctionWrapper(losses.huber, delta=0.5)
        >>> float(loss([[0.0]], [[2.0]]))
        0.875
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self._settings = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        if y_pred.ndim == 1:  # one number a sample, not one sample of several
            y_pred = ops.expand_dims(y_pred, -1)
            y_true = ops.expand_dims(y_true, -1) if y_true.ndim == 1 else y_true
        values = self.fn(y_true, y_pred, **self._settings)
        return values if isinstance(values, Tensor) else ops.convert_to_tensor(values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fn": serialize_keras_object(self.fn), **self._settings}


class NamedLoss(LossFunctionWrapper):
    """A loss class of Keras's own names: its function belongs to the class and is not written to files."""

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction, **self._settings}


def as_prediction(value: Any, dtype: DTypeLike | None = None) -> Tensor:
    """A floating-point tensor of a prediction, or of a target in the prediction's `dtype`."""
    tensor = value if isinstance(value, Tensor) else ops.convert_to_tensor(value)
    own = tensor.dtype if tensor.dtype.kind == "f" else settings.floatx()
    wanted = own if dtype is None else dtype
    if tensor.dtype == wanted:
        return tensor
    cast = ops.cast(tensor, wanted)
    cast.mask = tensor.mask
    return cast


def match_shapes(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets in the prediction's type and shape, where they differ only by a last axis of length 1.

    Raises:
        ShapeError: They differ by more.
    """
    prediction = as_prediction(y_pred)
    target = as_prediction(y_true, prediction.dtype)
    if target.ndim == 2 and prediction.ndim == 1:
        prediction = ops.expand_dims(prediction, axis=-1)
    if target.ndim == prediction.ndim + 1 and target.shape[-1] == 1:
        target = ops.squeeze(target, axis=-1)
    elif target.ndim == prediction.ndim - 1 and prediction.shape[-1] == 1:
        target = ops.expand_dims(target, axis=-1)
    if target.shape != prediction.shape:
        raise ShapeError(mismatch(name, target.shape, prediction.shape))
    return target, prediction


def mismatch(name: str, target: tuple[int, ...], prediction: tuple[int, ...]) -> str:
    """The sentence for targets that do not fit the predictions."""
    text = f"{name}: targets have shape {target}, predictions have shape {prediction}"
    if target[:1] != prediction[:1]:
        return f"{text}: the first axis, the samples, must have the same length in both"
    if len(target) < len(prediction):
        return (
            f"{text}: there are fewer axes in the targets than the model predicts. For one target per clip, let the "
            "last recurrent layer have return_sequences=False or pool over time; for class numbers, use "
            "sparse_categorical_crossentropy or kinema.utils.to_categorical"
        )
    return f"{text}: they must be the same; check the targets and the units of the last layer"


def combine_weights(name: str, values: Tensor, sample_weight: Any, mask: Any, reduction: str | None) -> Array | None:
    """The factor of every value, from the sample weights and the mask; None when all count the same."""
    weights = None if sample_weight is None else align_weights(name, sample_weight, values.shape).astype(values.dtype)
    if mask is None:
        return weights
    counted = align_weights(name, mask_of_values(mask, values.ndim), values.shape).astype(values.dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        # Masked values do not count in the mean either.
        counted = counted * counted.dtype.type(counted.size / max(counted.sum(), 1.0))
    return counted if weights is None else counted * weights


def mask_of_values(mask: Any, rank: int) -> Array:
    """The mask for values with so many axes: where one stands for several steps, it counts if one of them does."""
    array = np.asarray(as_array(mask))
    return np.asarray(array.any(axis=tuple(range(rank, array.ndim))))


def align_weights(name: str, weights: Any, shape: tuple[int, ...]) -> Array:
    """Weights brought to the rank of the values they multiply: they belong to the leading axes.

    Raises:
        ShapeError: They do not fit.
    """
    array = np.asarray(as_array(weights))
    wanted = array[..., 0] if array.ndim == len(shape) + 1 and array.shape[-1] == 1 else array
    fits = all(have in (1, want) for have, want in zip(wanted.shape, shape, strict=False))
    if wanted.ndim > len(shape) or not fits:
        steps = f", or one per sample and step, shape {shape}" if len(shape) > 1 else ""
        raise ShapeError(
            f"{name}: sample weights of shape {array.shape} do not fit values of shape {shape}: "
            f"give one weight per sample, shape {shape[:1]}{steps}"
        )
    return wanted.reshape(wanted.shape + (1,) * (len(shape) - wanted.ndim))


def reduce(values: Tensor, weights: Array | None, reduction: str | None) -> Tensor:
    """Weighs values and reduces them to one number."""
    if weights is not None:
        values = ops.multiply(values, weights)
    if reduction in (None, "none") or values.ndim == 0:
        return values
    if values.size and (reduction != "sum") and (reduction != "mean_with_sample_weight" or weights is None):
        return ops.mean(values)
    total: Tensor = ops.sum(values)
    if reduction == "sum":
        return total
    count = 0.0 if weights is None else float(np.broadcast_to(weights, values.shape).sum())
    mean: Tensor = ops.multiply(total, 0.0) if count == 0 else ops.divide(total, count)
    return mean


def _joint_mask(given: Array | None, left: Array | None) -> Array | None:
    """The mask of a prediction and the one that a loss left on its values, which is the better where steps are gone."""
    if given is None or left is None or left.ndim < given.ndim:
        return given if left is None else left
    joint: Array = left & given.reshape(given.shape + (1,) * (left.ndim - given.ndim))
    return joint


def _shape_of_weights(*weights: Any) -> tuple[int, ...]:
    return max((as_array(each).shape for each in weights if each is not None), key=len, default=())
