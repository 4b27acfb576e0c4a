"""Keras's convolutions over sequences and frames: `conv2d` under the shapes that Keras gives them."""

from __future__ import annotations

from typing import Any

from kinema.autograd import Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops.convolution import conv2d
from kinema.ops.shaping import expand_dims, reshape, squeeze


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Slides a kernel over sequences or frames.

    Args:
        inputs: Sequences (batch, steps, channels) or frames (batch, height, width, channels).
        kernel: Weights (window, channels / groups, filters), where the window has one axis or two.
        strides: The steps of the kernel: a number, or one for each axis of the window.
        padding: "valid": only where the whole kernel fits; "same": zeros around keep the size with steps of 1.
        data_format: None or "channels_last".
        dilation_rate: The distance between the kernel's taps.

    Example:
        >>> import kinema
        >>> kinema.ops.conv(kinema.ops.ones((1, 6, 3)), kinema.ops.ones((2, 3, 8))).shape
        (1, 5, 8)
    """
    channels, per_group = as_array(inputs).shape[-1], as_array(kernel).shape[-2]
    groups = channels // per_group if per_group else 1
    return _convolved("conv", inputs, kernel, strides, padding, data_format, dilation_rate, groups)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Slides kernels of its own over each channel.

    Args:
        inputs: Sequences (batch, steps, channels) or frames (batch, height, width, channels).
        kernel: Weights (window, channels, kernels of a channel).
        strides: See `conv`, as for all that follows.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        dilation_rate: The distance between the kernel's taps.
    """
    *window, channels, each = as_array(kernel).shape
    flat = reshape(kernel, (*window, 1, channels * each))
    return _convolved("depthwise_conv", inputs, flat, strides, padding, data_format, dilation_rate, channels)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """`depthwise_conv`, and a convolution with a window of 1 that mixes the channels.

    Args:
        inputs: Sequences (batch, steps, channels) or frames (batch, height, width, channels).
        depthwise_kernel: Weights (window, channels, kernels of a channel).
        pointwise_kernel: Weights (window of 1, channels * kernels of a channel, filters).
        strides: See `conv`, as for all that follows.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        dilation_rate: The distance between the kernel's taps.
    """
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(between, pointwise_kernel, data_format=data_format)


def _convolved(
    op: str,
    inputs: Any,
    kernel: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    dilation_rate: Any,
    groups: int,
) -> Tensor:
    if data_format not in (None, "channels_last"):
        raise ArgumentError(f"ops.{op}: data_format={data_format!r} is not supported: move the channel axis to the end")
    shape, weights = as_array(inputs).shape, as_array(kernel).shape
    if len(shape) not in (3, 4) or len(weights) != len(shape):
        raise ShapeError(
            f"ops.{op}: inputs has shape {shape} and the kernel {weights}; expected (batch, steps, channels) or "
            "(batch, height, width, channels) and a kernel with one axis for each"
        )
    y: Tensor
    if len(shape) == 4:
        y = conv2d(inputs, kernel, None, strides, padding, dilation_rate, groups)
        return y
    frames = expand_dims(inputs, 1), expand_dims(kernel, 0)
    y = squeeze(conv2d(*frames, None, _flat(strides), padding, _flat(dilation_rate), groups), 1)
    return y


def _flat(step: Any) -> tuple[int, Any]:
    """A step along a sequence as one over frames of height 1."""
    return 1, step[0] if isinstance(step, (tuple, list)) and len(step) == 1 else step
