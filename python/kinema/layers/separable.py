"""Convolution of each channel by itself, whose results are mixed afterwards."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.autograd import Variable
from kinema.layers.arguments import positive_int
from kinema.layers.configured import weight_settings
from kinema.layers.convolution import Convolution
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


class SeparableConvolution(Convolution):
    """A convolution of each channel by itself, and behind it one with windows of a single place."""

    config_names = (
        "depth_multiplier", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate",
        "activation", "use_bias", *weight_settings("depthwise", "pointwise", "bias"), "activity_regularizer",
    )  # fmt: skip
    depthwise_kernel: Variable
    pointwise_kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        depth_multiplier: int,
        activation: Any,
        use_bias: bool,
        depthwise_initializer: Any,
        pointwise_initializer: Any,
        bias_initializer: Any,
        depthwise_regularizer: Any,
        pointwise_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        depthwise_constraint: Any,
        pointwise_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.filters = positive_int(self._title, "filters", filters)
        self.depth_multiplier = positive_int(self._title, "depth_multiplier", depth_multiplier)
        self._describe_weight("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._describe_weight("pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)
        self._describe_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def links(self, **ending: Any) -> list[ops.ConvolutionLink]:
        """The convolution of single channels, and the one that mixes them."""
        mixing = (1, 1, *self.pointwise_kernel.shape[-2:])
        return [
            self._depthwise_link(self.depthwise_kernel),
            ops.ConvolutionLink(self.pointwise_kernel, self.bias, kernel_shape=mixing, **ending),
        ]

    def _add_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self._add_described("depthwise", shape, name="depthwise_kernel")
        mixing = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self._add_described("pointwise", mixing, name="pointwise_kernel")

    def _outputs(self, input_shape: Shape) -> int:
        return self.filters


@builtin("keras.layers", "SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """Slides filters over each channel of a frame, and mixes the channels pixel by pixel.

    Far fewer weights and products than a `Conv2D` of the same size. In a `Sequential` it is applied to every frame
    of a clip.

    Args:
        filters: How many filters mix the channels: the channels of the output.
        kernel_size: Height and width of the window, one number for both or a pair.
        strides: The window's steps along height and width.
        padding: "valid" for windows that lie within the frame, "same" to pad with zeros so that with strides
            of 1 the output has the frame's size.
        data_format: "channels_last", the only order of axes.
        dilation_rate: The spacing of the window's taps.
        depth_multiplier: How many filters each channel has before channels are mixed.
        activation: A name or function applied to the output; None for none.
        use_bias: Whether to add a number per filter.
        depthwise_initializer: How the filters of single channels start.
        pointwise_initializer: How the filters that mix channels start.
        bias_initializer: How the bias starts.
        depthwise_regularizer: A penalty on the filters of single channels.
        pointwise_regularizer: A penalty on the filters that mix channels.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: Applied to the filters of single channels after each update.
        pointwise_constraint: Applied to the filters that mix channels after each update.
        bias_constraint: Applied to the bias after each update.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new height, new width, filters).

    Raises:
        ShapeError: The input is not a batch of frames, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.SeparableConv2D(8, 3)(np.ones((2, 16, 16, 3), "float32")).shape
        (2, 14, 14, 8)
    """

    rank = 2
    frame_rank = 4

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
            depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer,
            pointwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint,
            bias_constraint, **kwargs,
        )  # fmt: skip


@builtin("keras.layers", "SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """Slides filters along each channel of a sequence, and mixes the channels step by step.

    Far fewer weights and products than a `Conv1D` of the same size.

    Args:
        filters: How many filters mix the channels: the channels of the output.
        kernel_size: How many steps the window spans.
        strides: By how many steps it moves.
        padding: "valid" for windows that lie within the sequence, "same" to pad with zeros so that with strides
            of 1 the output has the sequence's length.
        data_format: "channels_last", the only order of axes.
        dilation_rate: The spacing of the window's taps.
        depth_multiplier: How many filters each channel has before channels are mixed.
        activation: A name or function applied to the output; None for none.
        use_bias: Whether to add a number per filter.
        depthwise_initializer: How the filters of single channels start.
        pointwise_initializer: How the filters that mix channels start.
        bias_initializer: How the bias starts.
        depthwise_regularizer: A penalty on the filters of single channels.
        pointwise_regularizer: A penalty on the filters that mix channels.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: Applied to the filters of single channels after each update.
        pointwise_constraint: Applied to the filters that mix channels after each update.
        bias_constraint: Applied to the bias after each update.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new steps, filters).

    Raises:
        ShapeError: The input is not a batch of sequences, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.SeparableConv1D(8, 3)(np.ones((2, 16, 3), "float32")).shape
        (2, 14, 8)
    """

    rank = 1
    mixes_frames = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
            depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer,
            pointwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint,
            bias_constraint, **kwargs,
        )  # fmt: skip


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
