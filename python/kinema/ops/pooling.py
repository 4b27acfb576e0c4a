"""Pooling over the height and width of frames."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Array
from kinema.ops._arrays import check_rank, floating, native
from kinema.ops._contract import Result, differentiable
from kinema.ops._windows import check_window, is_same, pair

_AXES = "batch, height, width, channels"


@differentiable
def max_pool(inputs: Array, *, pool_size: Any, strides: Any = None, padding: str = "valid") -> Result:
    """The largest value in each window; the first of equal ones gets the gradient.

    Args:
        inputs: Frames (batch, height, width, channels).
        pool_size: The window's height and width, or one number for both.
        strides: The steps of the window, its size when None.
        padding: `"valid"`: only whole windows; `"same"`: windows may reach over the edge.

    Example:
        >>> import kinema
        >>> kinema.ops.max_pool(kinema.ops.ones((1, 4, 4, 3)), 2).shape
        (1, 2, 2, 3)
    """
    window, steps, same = _checked("max_pool", inputs, pool_size, strides, padding)
    y, argmax = _rust.max_pool2d(native(floating(inputs)), window, steps, same)
    size = inputs.shape[1:3]
    return y, lambda dy: _rust.max_pool2d_grad(native(dy), argmax, size, window, steps, same)


@differentiable
def average_pool(inputs: Array, *, pool_size: Any, strides: Any = None, padding: str = "valid") -> Result:
    """The mean of each window, of the part inside the frame where it reaches over the edge; see `max_pool`."""
    window, steps, same = _checked("average_pool", inputs, pool_size, strides, padding)
    y = _rust.average_pool2d(native(floating(inputs)), window, steps, same)
    size = inputs.shape[1:3]
    return y, lambda dy: _rust.average_pool2d_grad(native(dy), size, window, steps, same)


@differentiable
def global_max_pool(inputs: Array, *, keepdims: bool = False) -> Result:
    """The largest value of each channel over the whole frame.

    Args:
        inputs: Frames (batch, height, width, channels).
        keepdims: Keep height and width with length 1.
    """
    size = _checked_size("global_max_pool", inputs)
    y, argmax = _rust.global_max_pool2d(native(floating(inputs)))
    flat = y.shape

    def backward(dy: Array) -> Any:
        return _rust.global_max_pool2d_grad(native(dy.reshape(flat)), argmax, size)

    return y[:, None, None, :] if keepdims else y, backward


@differentiable
def global_average_pool(inputs: Array, *, keepdims: bool = False) -> Result:
    """The mean of each channel over the whole frame; see `global_max_pool`."""
    size = _checked_size("global_average_pool", inputs)
    y = _rust.global_average_pool2d(native(floating(inputs)))
    flat = y.shape

    def backward(dy: Array) -> Any:
        return _rust.global_average_pool2d_grad(native(dy.reshape(flat)), size)

    return y[:, None, None, :] if keepdims else y, backward


def _checked(
    op: str, inputs: Array, pool_size: Any, strides: Any, padding: str
) -> tuple[tuple[int, int], tuple[int, int], bool]:
    check_rank(op, "inputs", inputs, _AXES)
    window = pair(op, "pool_size", pool_size)
    steps = window if strides is None else pair(op, "strides", strides)
    same = is_same(op, padding)
    check_window(op, window, (1, 1), inputs.shape[1:3], same)
    return window, steps, same


def _checked_size(op: str, inputs: Array) -> tuple[int, int]:
    check_rank(op, "inputs", inputs, _AXES)
    check_window(op, (1, 1), (1, 1), inputs.shape[1:3], True)
    _, height, width, _ = inputs.shape
    return height, width
