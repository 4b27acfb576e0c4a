"""Cross-entropies, fused with the softmax or sigmoid in front of them when they are given logits.

The formulas and the treatment of probabilities of 0 and 1 are Keras 3's: probabilities are limited to [1e-7, 1 - 1e-7].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import _rust
from kinema._warnings import warn_once
from kinema.autograd import Array, Tensor, as_array
from kinema.errors import DataError, DTypeError, ShapeError
from kinema.ops._arrays import one_axis, rows
from kinema.ops._contract import Result, differentiable
from kinema.ops.shaping import moveaxis

EPSILON = 1e-7


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """The cross-entropy of distributions, one number for each.

    Args:
        target: What should be predicted: non-negative numbers, in the shape of `output`.
        output: What is predicted: probabilities, which are divided by their sum, or logits.
        from_logits: Whether `output` holds logits, to which a softmax is to be applied. Logits behind an output of
            `ops.softmax` or `ops.sigmoid` are found and taken in any case, with a warning if this is True.
        axis: The axis of the classes.

    Example:
        >>> import kinema
        >>> kinema.ops.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([0.6931472], dtype=float32)
    """
    target, output = _classes_last("categorical_crossentropy", target, output, axis)
    output, from_logits = _logits("categorical_crossentropy", output, from_logits)
    return (_from_logits if from_logits else _from_probabilities)(target, output)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """The cross-entropy of distributions with the right class given by its number, one number for each.

    Args:
        target: Class numbers from 0: the shape of `output` without its last axis, or with length 1 there.
        output: Probabilities or logits, classes last.
        from_logits: Whether `output` holds logits, to which a softmax is to be applied. Logits behind an output of
            `ops.softmax` or `ops.sigmoid` are found and taken in any case, with a warning if this is True.
        axis: The axis of the classes: the last one.

    Example:
        >>> import kinema
        >>> kinema.ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy()
        array([0.6931472], dtype=float32)
    """
    ndim = as_array(output).ndim
    if one_axis("sparse_categorical_crossentropy", axis, ndim) != ndim - 1:
        raise ShapeError(
            f"ops.sparse_categorical_crossentropy: the classes are on the last axis of output, not on {axis}"
        )
    output, from_logits = _logits("sparse_categorical_crossentropy", output, from_logits)
    return _sparse(_labels(as_array(target), as_array(output).shape), output, from_logits=from_logits)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """The cross-entropy of yes-or-no answers, element by element.

    Args:
        target: Numbers from 0 to 1.
        output: Probabilities or logits, in the same shape.
        from_logits: Whether `output` holds logits, to which a sigmoid is to be applied. Logits behind an output of
            `ops.softmax` or `ops.sigmoid` are found and taken in any case, with a warning if this is True.

    Example:
        >>> import kinema
        >>> kinema.ops.binary_crossentropy([1.0, 0.0], [0.5, 0.5]).numpy()
        array([0.6931472, 0.6931472], dtype=float32)
    """
    output, from_logits = _logits("binary_crossentropy", output, from_logits)
    return (_binary_from_logits if from_logits else _binary_from_probabilities)(target, output)


@differentiable
def _binary_from_logits(target: Array, output: Array) -> Result:
    _check_same_shape("binary_crossentropy", target, output)
    decay = np.exp(-np.abs(output))

    def backward(dy: Array) -> Any:
        return (
            lambda: -dy * output,
            lambda: dy * (np.where(output >= 0, output.dtype.type(1), decay) / (1 + decay) - target),
        )

    return np.maximum(output, 0) - output * target + np.log1p(decay), backward


@differentiable
def _binary_from_probabilities(target: Array, output: Array) -> Result:
    _check_same_shape("binary_crossentropy", target, output)
    p = np.clip(output, EPSILON, 1 - EPSILON)

    def backward(dy: Array) -> Any:
        return (
            lambda: dy * (np.log(1 - p) - np.log(p)),
            lambda: dy * (p == output) * (p - target) / (p * (1 - p)),
        )

    return -(target * np.log(p) + (1 - target) * np.log(1 - p)), backward


@differentiable
def _from_logits(target: Array, output: Array) -> Result:
    _check_same_shape("categorical_crossentropy", target, output)
    logarithms = _log_softmax(output)

    def backward(dy: Array) -> Any:
        scale = -dy[..., None]
        return (
            lambda: scale * logarithms,
            lambda: _rust.log_softmax_grad(rows(scale * target), rows(logarithms)).reshape(output.shape),
        )

    return -(target * logarithms).sum(-1), backward


@differentiable
def _from_probabilities(target: Array, output: Array) -> Result:
    _check_same_shape("categorical_crossentropy", target, output)
    total = output.sum(-1, keepdims=True)
    share = output / total
    p = np.clip(share, EPSILON, 1 - EPSILON)

    def gradient(dy: Array) -> Array:
        d_share = -dy[..., None] * target / p * (p == share)
        return np.asarray((d_share - (d_share * share).sum(-1, keepdims=True)) / total)

    return -(target * np.log(p)).sum(-1), lambda dy: (lambda: -dy[..., None] * np.log(p), lambda: gradient(dy))


@differentiable(promote=False)
def _sparse(labels: Array, output: Array, *, from_logits: bool) -> Result:
    # Keras takes the logarithms of limited probabilities for logits, so that they need not sum to 1.
    p = None if from_logits else np.clip(output, EPSILON, 1 - EPSILON)
    logarithms = _log_softmax(output if p is None else np.log(p))
    place = np.arange(labels.size) * output.shape[-1] + labels.ravel()

    def backward(dy: Array) -> Any:
        d_logits = np.exp(logarithms)
        d_logits.reshape(-1)[place] -= 1
        d_logits *= dy[..., None]
        return None, d_logits if p is None else d_logits / p * (p == output)

    return -logarithms.reshape(-1)[place].reshape(labels.shape), backward


def _logits(op: str, output: Any, from_logits: bool) -> tuple[Any, bool]:
    """What probabilities were made of, where that is known; the second answer is whether these are logits."""
    if not isinstance(output, Tensor) or output.logits is None:
        return output, from_logits
    if from_logits:
        warn_once(
            f"{op} got from_logits=True and an output that a softmax or a sigmoid has made into probabilities: the "
            "logits behind it are taken. Leave out from_logits, or the activation"
        )
    return output.logits.values, True


def _log_softmax(x: Array) -> Array:
    return _rust.log_softmax(rows(x)).reshape(x.shape)


def _classes_last(op: str, target: Any, output: Any, axis: int) -> tuple[Any, Any]:
    ndim = as_array(output).ndim
    if ndim == 0:
        raise ShapeError(f"ops.{op}: output is a single number, but it needs an axis of classes")
    if one_axis(op, axis, ndim) == ndim - 1:
        return target, output
    return moveaxis(target, axis, -1), moveaxis(output, axis, -1)


def _check_same_shape(op: str, target: Array, output: Array) -> None:
    if target.shape != output.shape:
        raise ShapeError(f"ops.{op}: target has shape {target.shape} and output {output.shape}, which should be equal")


def _labels(target: Array, shape: tuple[int, ...]) -> Array:
    """The class numbers in the shape of the output without its classes, checked."""
    op = "ops.sparse_categorical_crossentropy"
    labels = target[..., 0] if target.ndim == len(shape) and target.shape[-1:] == (1,) else target
    if labels.shape != shape[:-1]:
        raise ShapeError(
            f"{op}: target has shape {target.shape}, expected {shape[:-1]} or {(*shape[:-1], 1)} "
            f"for output of shape {shape}; for targets that are vectors over the classes use categorical_crossentropy"
        )
    if labels.dtype.kind not in "iufb":
        raise DTypeError(f"{op}: target holds class numbers, not {labels.dtype}")
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.trunc(labels)):
        raise DataError(f"{op}: target holds numbers that are not whole, but class numbers are")
    if labels.size and not (labels.min() >= 0 and labels.max() < shape[-1]):
        raise DataError(
            f"{op}: target has labels from {labels.min()} to {labels.max()}, but output has {shape[-1]} classes: "
            f"labels are 0 to {shape[-1] - 1}"
        )
    return labels.astype(np.int64)
