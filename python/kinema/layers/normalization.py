"""Bringing data to mean 0 and variance 1, by what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import config, ops
from kinema.autograd import Array, Variable
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.moments import RunningMoments, data_batches
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


@builtin("keras.layers")
class Normalization(ElementwiseLayer):
    """Subtracts a mean and divides by a standard deviation, known beforehand or found by `adapt`.

    Frames of uint8 are converted on the way.

    Args:
        axis: The axes that have a mean and variance of their own: -1 for one a channel, (-3, -2, -1) for one a pixel,
            None for one in all.
        mean: The mean, where it is known.
        variance: The variance, where it is known.
        invert: Do the opposite: multiply by the standard deviation and add the mean.

    Input shape:
        Any.

    Output shape:
        The input's.

    Raises:
        ShapeError: The mean does not fit the axes, or the data does not fit what the layer was built for.

    Example:
        >>> import kinema, numpy as np
        >>> layer = kinema.layers.Normalization()
        >>> layer.adapt(np.float32([[1.0], [3.0]]))
        >>> layer(np.float32([[5.0]])).numpy()
        array([[3.]], dtype=float32)
    """

    accepts_integers = True

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        named = () if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
        self.axis = tuple(int(one) for one in named)
        self.invert = bool(invert)
        if (mean is None) != (variance is None):
            raise ArgumentError(f"{self._title}: give both mean and variance, or neither and call adapt on data")
        self.input_mean = None if mean is None else np.asarray(mean, np.float64)
        self.input_variance = None if variance is None else np.asarray(variance, np.float64)
        if np.shape(mean) != np.shape(variance):
            raise ArgumentError(
                f"{self._title}: mean has shape {np.shape(mean)}, but variance {np.shape(variance)}: give equal shapes"
            )
        self._keep: tuple[int, ...] = ()
        self._kept_shape: tuple[int, ...] = ()
        self._broadcast_shape: tuple[int, ...] = ()

    def build(self, input_shape: Shape) -> None:
        """Finds the axes to keep, and creates the weights that `adapt` fills."""
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ShapeError(f"axis={self.axis} does not name axes of an input of shape {input_shape}")
        self._keep = tuple(sorted({axis % rank for axis in self.axis}))
        self.mixes_frames = rank > 2 and 1 in self._keep
        self._kept_shape = tuple(self._known_length(input_shape, axis, "features") for axis in self._keep)
        lengths = dict(zip(self._keep, self._kept_shape, strict=True))
        self._broadcast_shape = tuple(lengths.get(axis, 1) for axis in range(rank))
        if self.input_mean is not None:
            try:
                np.broadcast_to(self.input_mean, self._kept_shape)
            except ValueError:
                raise ShapeError(
                    f"mean of shape {self.input_mean.shape} does not fit the axes {self.axis} of an input of shape "
                    f"{input_shape}, which have the lengths {self._kept_shape}"
                ) from None
        else:
            self.adapt_mean = self.add_weight(self._kept_shape, initializer="zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(
                self._kept_shape, initializer="ones", trainable=False, name="variance"
            )
            # Keras's files have this third weight.
            self.count = Variable(np.zeros((), np.int32), trainable=False, name="count")
        self.built = True

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds mean and variance of data, in one pass; data that does not fit in memory may come in batches.

        Args:
            data: An array of samples, or a generator or dataset, such as `kinema.video.VideoFolder`, that yields
                batches of inputs, or tuples that begin with them.
            steps: How many batches to take of a generator that does not end.
        """
        if self.input_mean is not None:
            raise ArgumentError(f"{self._title}: mean and variance were given, there is nothing to adapt")
        moments: RunningMoments | None = None
        with self._naming_errors():
            for batch in data_batches(data, steps):
                self.ensure_built((None, *batch.shape[1:]))
                self._require_kept_lengths(batch.shape)
                moments = moments or RunningMoments(self._keep)
                moments.add(batch)
            mean, variance = (moments or RunningMoments(())).result()
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    @property
    def mean(self) -> Array:
        """The mean, in a shape that fits the input."""
        return self._fitted(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Array:
        """The variance, in a shape that fits the input."""
        return self._fitted(self.input_variance, "adapt_variance")

    def call(self, inputs: Any) -> Any:
        """The normalised input."""
        self._require_kept_lengths(inputs.shape)
        factor_and_term = self._factor_and_term(of_floats=inputs.dtype.kind == "f")
        if factor_and_term is None:
            floats = inputs if inputs.dtype.kind == "f" else ops.cast(inputs, dtype=self.dtype)
            return (floats - self.mean) / self.deviation
        scale, offset = (_innermost(constants) for constants in factor_and_term)
        return ops.normalize_frames(inputs, scale=scale, offset=offset)

    def byte_scaling(self, rescaling: ops.ByteScaling | None = None) -> ops.ByteScaling | None:
        """What the layer makes of bytes, or of what a rescaling before it made of them; None if that is no scaling."""
        factor_and_term = self._factor_and_term(of_floats=rescaling is not None)
        if factor_and_term is None:
            one, zero = np.ones((), self.dtype), np.zeros((), self.dtype)
            scale, offset = (one, zero) if rescaling is None else (rescaling.scale, rescaling.offset)
            return ops.ByteScaling(scale, offset, _innermost(self.mean), _innermost(self.deviation))
        if rescaling is not None:
            return None
        return ops.ByteScaling(*(_innermost(constants) for constants in factor_and_term))

    @property
    def deviation(self) -> Array:
        """The standard deviation, never 0, in a shape that fits the input."""
        deviation: Array = np.maximum(np.sqrt(self.variance), np.asarray(config.epsilon(), self.dtype))
        return deviation

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": None if self.input_mean is None else self.input_mean.tolist(),
            "variance": None if self.input_variance is None else self.input_variance.tolist(),
        }

    def _factor_and_term(self, of_floats: bool) -> tuple[Array, Array] | None:
        """What to multiply with and what to add; None where mean and deviation are applied one after the other."""
        mean, deviation = self.mean, self.deviation
        if self.invert:
            return deviation, mean
        # A small deviation would make of `x / deviation - mean / deviation` a difference of two huge numbers.
        return None if of_floats or deviation.min(initial=1.0) < 1 else (1 / deviation, -mean / deviation)

    def _fitted(self, given: Array | None, weight: str) -> Array:
        values = np.broadcast_to(given, self._kept_shape) if given is not None else getattr(self, weight).array
        return np.array(values, self.dtype).reshape(self._broadcast_shape)

    def _require_kept_lengths(self, shape: tuple[int, ...]) -> None:
        fits = len(shape) == len(self._broadcast_shape) and all(
            shape[axis] == length for axis, length in zip(self._keep, self._kept_shape, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"built for {len(self._broadcast_shape)} axes with lengths {self._kept_shape} along {self._keep}, "
                f"but got an input of shape {shape}"
            )


def _innermost(constants: Array) -> Array:
    """Without leading axes of length 1, which say nothing: the constants fit the innermost axes of every sample."""
    leading = next((i for i, length in enumerate(constants.shape) if length != 1), constants.ndim)
    return constants.reshape(constants.shape[leading:])
