"""Convolution over the height and width of frames, alone or fused with max-pooling."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Array
from kinema.errors import ShapeError
from kinema.ops._activation import activated
from kinema.ops._arrays import check_rank, floating, native, rows
from kinema.ops._contract import Result, differentiable
from kinema.ops._windows import check_window, is_same, pair


@differentiable
def conv2d(
    x: Array,
    kernel: Array,
    bias: Array | None = None,
    *,
    strides: Any = 1,
    padding: str = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Result:
    """`activation(conv(x, kernel) + bias)`: slides a kernel over each frame.

    Args:
        x: Frames (batch, height, width, channels).
        kernel: Weights (kernel height, kernel width, channels / groups, filters).
        bias: What is added, one number a filter, or None.
        strides: The steps of the kernel: a number, or one for height and one for width.
        padding: `"valid"`: only where the whole kernel fits; `"same"`: zeros around the frame keep its size at
            stride 1.
        dilation_rate: The distance between the kernel's taps.
        groups: Into how many groups channels and filters are split, each convolved on its own.
        activation: The name of an activation, or None.

    Example:
        >>> import kinema
        >>> kinema.ops.conv2d(kinema.ops.ones((1, 4, 4, 3)), kinema.ops.ones((3, 3, 3, 8))).shape
        (1, 2, 2, 8)
    """
    x, kernel, bias, same = _checked("conv2d", x, kernel, bias, padding, dilation_rate, groups)
    steps, spread = pair("conv2d", "strides", strides), pair("conv2d", "dilation_rate", dilation_rate)
    y, before = activated(
        "conv2d", activation, lambda code: _rust.conv2d(x, kernel, bias, steps, same, spread, groups, code)
    )
    size = x.shape[1:3]

    def backward(dy: Array) -> Any:
        dz = before(dy)
        return (
            lambda: _rust.conv2d_input_grad(dz, kernel, size, steps, same, spread, groups),
            lambda: _rust.conv2d_kernel_grad(x, dz, kernel.shape[:2], steps, same, spread, groups),
            lambda: _rust.column_sums(rows(dz)),
        )

    return y, backward


def _checked(
    op: str, x: Array, kernel: Array, bias: Array | None, padding: str, dilation_rate: Any, groups: int
) -> tuple[Array, Array, Array | None, bool]:
    check_rank(op, "x", x, "batch, height, width, channels")
    check_rank(op, "kernel", kernel, "kernel height, kernel width, channels / groups, filters")
    if groups < 1 or kernel.shape[2] * groups != x.shape[3] or kernel.shape[3] % groups:
        raise ShapeError(
            f"ops.{op}: x has {x.shape[3]} channels and groups is {groups}, but kernel has shape {kernel.shape}: "
            "expected channels / groups on its third axis and a multiple of groups on its fourth"
        )
    if bias is not None and bias.shape != kernel.shape[3:]:
        raise ShapeError(f"ops.{op}: bias has shape {bias.shape}, expected {kernel.shape[3:]}, one number a filter")
    same = is_same(op, padding)
    check_window(op, kernel.shape[:2], pair(op, "dilation_rate", dilation_rate), x.shape[1:3], same)
    return native(floating(x)), native(floating(kernel)), None if bias is None else native(floating(bias)), same
