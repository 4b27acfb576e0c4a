"""Convolution over the height and width of frames, alone or fused with max-pooling."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Array, Tensor
from kinema.errors import ShapeError
from kinema.ops._activation import activated, code_of
from kinema.ops._arrays import check_rank, floating, native, rows
from kinema.ops._contract import Result, differentiable
from kinema.ops._windows import check_window, is_same, pair
from kinema.ops.frames import ByteFrames
from kinema.ops.pooling import max_pool

#: The activations that leave the place of a window's maximum where it is, and what the kernels fuse.
FUSED = (None, "linear", "relu")
#: One byte tells the place of the maximum; this value says that ReLU let nothing through.
DEAD = 255


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
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate, "groups": groups}
    return _convolved(native(floating(x)), x.shape, kernel, bias, activation=activation, **settings)


def conv2d_pool(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    pool_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Tensor:
    """`max_pool(conv2d(x, kernel, bias, ...), pool_size)`, in one go for the activations "linear" and "relu".

    Args:
        x: Frames (batch, height, width, channels).
        kernel: Weights (kernel height, kernel width, channels / groups, filters).
        bias: What is added, one number a filter, or None.
        pool_size: The pooling window's height and width, or one number for both; windows stand side by side.
        strides: See `conv2d`, as for all that follows.
        padding: The convolution's padding.
        dilation_rate: The distance between the kernel's taps.
        groups: Into how many groups channels and filters are split.
        activation: The name of an activation, or None.
    """
    window = pair("conv2d_pool", "pool_size", pool_size)
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate, "groups": groups}
    if activation in FUSED and window[0] * window[1] < DEAD:
        pooled: Tensor = convolved(x, kernel, bias, window=window, activation=activation, **settings)
        return pooled
    return max_pool(convolved(x, kernel, bias, activation=activation, **settings), window)


@differentiable
def _conv2d_pool(x: Array, kernel: Array, bias: Array | None = None, *, settings: dict[str, Any]) -> Result:
    return _pooled(native(floating(x)), x.shape, kernel, bias, **settings)


@differentiable
def _conv2d_of_bytes(
    kernel: Array, bias: Array | None = None, *, frames: ByteFrames, settings: dict[str, Any]
) -> Result:
    """A convolution, pooled where there is a window, whose input is data."""
    compute = _pooled if "window" in settings else _convolved
    y, backward = compute(frames.native(), frames.shape, kernel, bias, **settings)
    return y, lambda dy: backward(dy)[1:]


def convolved(x: Any, kernel: Any, bias: Any, **settings: Any) -> Any:
    """`conv2d`, pooled where there is a window, of bytes where `x` is some."""
    if isinstance(x, ByteFrames):
        return _conv2d_of_bytes(kernel, bias, frames=x, settings=settings)
    return (
        _conv2d_pool(x, kernel, bias, settings=settings)
        if "window" in settings
        else conv2d(x, kernel, bias, **settings)
    )


def _convolved(
    x: Any,
    shape: tuple[int, ...],
    kernel: Array,
    bias: Array | None,
    *,
    strides: Any,
    padding: str,
    dilation_rate: Any,
    groups: int,
    activation: str | None,
) -> Result:
    """Frames of a shape, as kernels take them, convolved."""
    kernel, bias, same = checked("conv2d", shape, kernel, bias, padding, dilation_rate, groups)
    steps, spread = pair("conv2d", "strides", strides), pair("conv2d", "dilation_rate", dilation_rate)
    y, before = activated(
        "conv2d", activation, lambda code: _rust.conv2d(x, kernel, bias, steps, same, spread, groups, code)
    )

    def backward(dy: Array) -> Any:
        dz = before(dy)

        def gradients(of_input: bool) -> Any:
            return _rust.conv2d_grad(dz, x, kernel, steps, same, spread, groups, (of_input, not of_input))

        return lambda: gradients(True)[0], lambda: gradients(False)[1], lambda: _rust.column_sums(rows(dz))

    return y, backward


def _pooled(
    x: Any,
    shape: tuple[int, ...],
    kernel: Array,
    bias: Array | None,
    *,
    window: tuple[int, int],
    strides: Any,
    padding: str,
    dilation_rate: Any,
    groups: int,
    activation: str | None,
) -> Result:
    """Frames of a shape, as kernels take them, convolved and pooled."""
    kernel, bias, same = checked("conv2d_pool", shape, kernel, bias, padding, dilation_rate, groups)
    geometry = (
        pair("conv2d_pool", "strides", strides),
        same,
        pair("conv2d_pool", "dilation_rate", dilation_rate),
        groups,
    )
    y, argmax = _rust.conv2d_pool(x, kernel, bias, *geometry, code_of("conv2d_pool", activation), window)

    def backward(dy: Array) -> Any:
        gradient = native(dy)
        found: list[Any] = []

        def compute(input_gradient: bool) -> None:
            found.extend(_rust.conv2d_pool_grad(gradient, argmax, x, kernel, *geometry, window, input_gradient))

        def of(position: int) -> Any:
            # The input's gradient is asked for first if at all: then all three come out of one pass.
            if not found:
                compute(input_gradient=position == 0)
            return found[position]

        return lambda: of(0), lambda: of(1), lambda: of(2)

    return y, backward


def checked(
    op: str,
    shape: tuple[int, ...],
    kernel: Array,
    bias: Array | None,
    padding: str,
    dilation_rate: Any,
    groups: int,
) -> tuple[Array, Array | None, bool]:
    """Kernel and bias as kernels take them for an input of a shape, and whether padding is "same"."""
    if len(shape) != 4:
        raise ShapeError(f"ops.{op}: x has shape {shape}, expected 4 axes (batch, height, width, channels)")
    check_rank(op, "kernel", kernel, "kernel height, kernel width, channels / groups, filters")
    if groups < 1 or kernel.shape[2] * groups != shape[3] or kernel.shape[3] % groups:
        raise ShapeError(
            f"ops.{op}: x has {shape[3]} channels and groups is {groups}, but kernel has shape {kernel.shape}: "
            "expected channels / groups on its third axis and a multiple of groups on its fourth"
        )
    if bias is not None and bias.shape != kernel.shape[3:]:
        raise ShapeError(f"ops.{op}: bias has shape {bias.shape}, expected {kernel.shape[3:]}, one number a filter")
    same = is_same(op, padding)
    check_window(op, kernel.shape[:2], pair(op, "dilation_rate", dilation_rate), shape[1:3], same)
    return native(floating(kernel)), None if bias is None else native(floating(bias)), same
