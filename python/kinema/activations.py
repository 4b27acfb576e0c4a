"""Activation functions by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kinema import ops
from kinema.autograd import Tensor
from kinema.saving.identifiers import resolve
from kinema.saving.registry import builtin, builtin_objects, serialize_keras_object

_MODULE = "keras.activations"


@builtin(_MODULE)
def linear(x: Any) -> Any:
    """`x` itself."""
    return x


@builtin(_MODULE)
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """`x` where it is positive, else 0.

    Args:
        x: A tensor.
        negative_slope: The slope below the threshold.
        max_value: Where the result is cut off; None for nowhere.
        threshold: Where it starts to count.

    Example:
        >>> import kinema
        >>> kinema.activations.relu(kinema.Tensor([-2.0, 3.0])).numpy()
        array([0., 3.], dtype=float32)
    """
    if threshold:
        above = ops.multiply(x, ops.cast(ops.greater(x, threshold), x.dtype))
        below = ops.multiply(ops.minimum(ops.subtract(x, threshold), 0.0), negative_slope)
        y = ops.add(above, below) if negative_slope else above
    else:
        y = ops.leaky_relu(x, negative_slope=negative_slope) if negative_slope else ops.relu(x)
    result: Tensor = y if max_value is None else ops.minimum(y, max_value)
    return result


@builtin(_MODULE)
def relu6(x: Any) -> Tensor:
    """`min(max(x, 0), 6)`."""
    return relu(x, max_value=6.0)


@builtin(_MODULE)
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """`x` where it is positive, else `negative_slope * x`."""
    y: Tensor = ops.leaky_relu(x, negative_slope=negative_slope)
    return y


@builtin(_MODULE)
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where it is positive, else `alpha * (exp(x) - 1)`."""
    y: Tensor = ops.elu(x, alpha=alpha)
    return y


@builtin(_MODULE)
def selu(x: Any) -> Tensor:
    """ELU, scaled so that deep stacks keep mean 0 and variance 1."""
    y: Tensor = ops.selu(x)
    return y


@builtin(_MODULE)
def softplus(x: Any) -> Tensor:
    """`log(1 + exp(x))`."""
    y: Tensor = ops.softplus(x)
    return y


@builtin(_MODULE)
def softsign(x: Any) -> Tensor:
    """`x / (1 + abs(x))`."""
    y: Tensor = ops.softsign(x)
    return y


@builtin(_MODULE, "swish")
def silu(x: Any) -> Tensor:
    """`x * sigmoid(x)`."""
    y: Tensor = ops.silu(x)
    return y


@builtin(_MODULE)
def gelu(x: Any, approximate: bool = False) -> Tensor:
    """`x` times the probability that a standard normal number is below it; with `approximate`, by tanh."""
    y: Tensor = ops.gelu(x, approximate=approximate)
    return y


@builtin(_MODULE)
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    y: Tensor = ops.tanh(x)
    return y


@builtin(_MODULE)
def sigmoid(x: Any) -> Tensor:
    """`1 / (1 + exp(-x))`."""
    y: Tensor = ops.sigmoid(x)
    return y


@builtin(_MODULE)
def hard_sigmoid(x: Any) -> Tensor:
    """`x / 6 + 0.5`, cut off at 0 and 1."""
    y: Tensor = ops.hard_sigmoid(x)
    return y


@builtin(_MODULE)
def hard_sigmoid_legacy(x: Any) -> Tensor:
    """`0.2 * x + 0.5`, cut off at 0 and 1: what `hard_sigmoid` meant up to Keras 2, for files of that time."""
    y: Tensor = ops.hard_sigmoid_legacy(x)
    return y


@builtin(_MODULE)
def exponential(x: Any) -> Tensor:
    """`exp(x)`."""
    y: Tensor = ops.exponential(x)
    return y


@builtin(_MODULE)
def softmax(x: Any, axis: int = -1) -> Tensor:
    """Positive numbers that sum to 1 along an axis."""
    y: Tensor = ops.softmax(x, axis=axis)
    return y


@builtin(_MODULE)
def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """The logarithm of `softmax`, computed without overflow."""
    y: Tensor = ops.log_softmax(x, axis=axis)
    return y


@builtin(_MODULE)
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where it is positive, else `alpha * (exp(x / alpha) - 1)`."""
    y: Tensor = ops.celu(x, alpha=alpha)
    return y


@builtin(_MODULE)
def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of `x` along an axis, times `sigmoid` of the second half."""
    y: Tensor = ops.glu(x, axis=axis)
    return y


@builtin(_MODULE)
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` where its magnitude is above the threshold, else 0."""
    y: Tensor = ops.hard_shrink(x, threshold=threshold)
    return y


@builtin(_MODULE, "hard_swish")
def hard_silu(x: Any) -> Tensor:
    """`x * hard_sigmoid(x)`."""
    y: Tensor = ops.hard_silu(x)
    return y


@builtin(_MODULE)
def hard_tanh(x: Any) -> Tensor:
    """`x`, cut off at -1 and 1."""
    y: Tensor = ops.hard_tanh(x)
    return y


@builtin(_MODULE)
def log_sigmoid(x: Any) -> Tensor:
    """The logarithm of `sigmoid`, computed without overflow."""
    y: Tensor = ops.log_sigmoid(x)
    return y


@builtin(_MODULE)
def mish(x: Any) -> Tensor:
    """`x * tanh(softplus(x))`."""
    y: Tensor = ops.mish(x)
    return y


@builtin(_MODULE)
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` nearer to 0 by the threshold, and 0 where it is nearer than that."""
    y: Tensor = ops.soft_shrink(x, threshold=threshold)
    return y


@builtin(_MODULE)
def squareplus(x: Any, b: float = 4) -> Tensor:
    """`(x + sqrt(x^2 + b)) / 2`, a smooth `relu`."""
    y: Tensor = ops.squareplus(x, b=b)
    return y


@builtin(_MODULE)
def tanh_shrink(x: Any) -> Tensor:
    """`x - tanh(x)`."""
    y: Tensor = ops.tanh_shrink(x)
    return y


@builtin(_MODULE)
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where it is above the threshold, else the default value."""
    y: Tensor = ops.threshold(x, threshold=threshold, default_value=default_value)
    return y


swish = silu
hard_swish = hard_silu


def get(identifier: Any) -> Callable[..., Any]:
    """The function that a name, a function or a config means; `linear` for None."""
    function: Callable[..., Any] | None = resolve(identifier, _MODULE, "activation")
    return linear if function is None else function


def serialize(activation: Callable[..., Any]) -> Any:
    """What a file says about an activation: the name of a built-in one, a config for others."""
    name = getattr(activation, "__name__", None)
    if name is not None and builtin_objects(_MODULE).get(name) is activation:
        return name
    return serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The activation that a file describes."""
    return get(resolve(config, _MODULE, "activation", custom_objects))
