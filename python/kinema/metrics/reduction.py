"""Sums and means over samples, and metrics made of a function of each sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor, as_array, no_tape
from kinema.losses.loss import align_weights, mask_of_values
from kinema.metrics.metric import Metric, ratio
from kinema.saving.registry import builtin, builtin_objects, serialize_keras_object

_MODULE = "keras.metrics"


@builtin(_MODULE)
class Sum(Metric):
    """The weighted sum of numbers.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.Sum()
        >>> metric.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
        >>> float(metric.result())
        4.0
    """

    def __init__(self, name: str = "sum", dtype: DTypeLike | None = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        array = np.asarray(as_array(values), np.float64)
        if sample_weight is not None:
            array = array * align_weights(self.name, sample_weight, array.shape)
        self.total.assign_add(array.sum())

    def result(self) -> Tensor:
        return self.total.value


class Average(Metric):
    """What divides a weighted sum over samples by the sum of the weights."""

    def __init__(self, name: str | None = None, dtype: DTypeLike | None = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def add(self, values: Any, weights: Any = None) -> None:
        """Adds values, whose axes after the first are averaged."""
        array = np.asarray(as_array(values), np.float64)
        per_sample = max(math.prod(array.shape[1:]), 1)
        if weights is None:
            self.total.assign_add(array.sum() / per_sample)
            self.count.assign_add(array.size / per_sample)
            return
        factors = np.broadcast_to(align_weights(self.name, weights, array.shape), array.shape)
        self.total.assign_add((array * factors).sum() / per_sample)
        self.count.assign_add(factors.sum(dtype=np.float64) / per_sample)

    def result(self) -> Tensor:
        return ratio(self.total.array, self.count.array)


@builtin(_MODULE)
class Mean(Average):
    """The weighted mean of numbers.

    Values with more axes than there are weights are averaged first, so that every sample counts by its weight.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.Mean()
        >>> metric.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
        >>> float(metric.result())
        2.0
    """

    def __init__(self, name: str = "mean", dtype: DTypeLike | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self.add(values, sample_weight)


@builtin(_MODULE)
class MeanMetricWrapper(Average):
    """The mean of a function `fn(y_true, y_pred, **settings)` that gives one value per sample.

    Args:
        fn: The function.
        name: Its name in logs; the function's own when None.
        dtype: See `Metric`.
        **kwargs: Passed to the function.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.MeanMetricWrapper(kinema.losses.mean_squared_error)
        >>> metric.update_state([[0.0], [0.0]], [[1.0], [3.0]])
        >>> float(metric.result())
        5.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: DTypeLike | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", "metric"), dtype)
        self.fn = fn
        self.direction = type(self).direction or _direction(fn)
        self._settings = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        with no_tape():
            values = as_array(self.fn(y_true, y_pred, **self._settings))
        self.add(values, masked(self.name, sample_weight, getattr(y_pred, "mask", None), values.shape))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "fn": serialize_keras_object(self.fn), **self._settings}


class NamedMean(MeanMetricWrapper):
    """A mean with a class of its own: its function belongs to the class and is not written to files."""

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, **self._settings}


def _direction(fn: Callable[..., Any]) -> str | None:
    name = getattr(fn, "__name__", "")
    if builtin_objects("keras.losses").get(name) is fn:
        return "down"
    return "up" if builtin_objects(_MODULE).get(name) is fn else None


def masked(name: str, sample_weight: Any, mask: Any, shape: tuple[int, ...]) -> Array | None:
    """Sample weights without what is masked."""
    if mask is None:
        return None if sample_weight is None else as_array(sample_weight)
    counted = mask_of_values(mask, len(shape))
    if sample_weight is None:
        return counted
    weights: Array = align_weights(name, sample_weight, shape) * align_weights(name, counted, shape)
    return weights
