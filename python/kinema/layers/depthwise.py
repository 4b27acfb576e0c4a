"""Convolution of each channel by itself."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.autograd import Variable
from kinema.layers.arguments import positive_int
from kinema.layers.configured import weight_settings
from kinema.layers.convolution import Convolution
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


class DepthwiseConvolution(Convolution):
    """A convolution whose filters see one channel each."""

    config_names = (
        "depth_multiplier", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation",
        "use_bias", *weight_settings("depthwise", "bias"), "activity_regularizer",
    )  # fmt: skip
    kernel: Variable

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        depth_multiplier: int,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        depthwise_initializer: Any,
        bias_initializer: Any,
        depthwise_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        depthwise_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = positive_int(self._title, "depth_multiplier", depth_multiplier)
        self._describe_weight("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._describe_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def links(self, **ending: Any) -> list[ops.ConvolutionLink]:
        """The one convolution."""
        return [self._depthwise_link(self.kernel, bias=self.bias, **ending)]

    def _add_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self._add_described("depthwise", shape, name="kernel")

    def _outputs(self, input_shape: Shape) -> int:
        return self._known_length(input_shape, -1, "channels") * self.depth_multiplier


@builtin("keras.layers")
class DepthwiseConv2D(DepthwiseConvolution):
    """Slides filters of its own over each channel of a frame.

    A `SeparableConv2D` without what mixes the channels afterwards. In a `Sequential` it is applied to every frame
    of a clip.

    Args:
        kernel_size: Height and width of the window, one number for both or a pair.
        strides: The window's steps along height and width.
        padding: "valid" for windows that lie within the frame, "same" to pad with zeros so that with strides
            of 1 the output has the frame's size.
        depth_multiplier: How many filters each channel has.
        data_format: "channels_last", the only order of axes.
        dilation_rate: The spacing of the window's taps.
        activation: A name or function applied to the output; None for none.
        use_bias: Whether to add a number per output channel.
        depthwise_initializer: How the filters start.
        bias_initializer: How the bias starts.
        depthwise_regularizer: A penalty on the filters.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: Applied to the filters after each update.
        bias_constraint: Applied to the bias after each update.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new height, new width, channels * depth_multiplier).

    Raises:
        ShapeError: The input is not a batch of frames, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.DepthwiseConv2D(3, depth_multiplier=2)(np.ones((2, 16, 16, 3), "float32")).shape
        (2, 14, 14, 6)
    """

    rank = 2
    frame_rank = 4

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
            depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer,
            depthwise_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


@builtin("keras.layers")
class DepthwiseConv1D(DepthwiseConvolution):
    """Slides filters of its own along each channel of a sequence.

    A `SeparableConv1D` without what mixes the channels afterwards.

    Args:
        kernel_size: How many steps the window spans.
        strides: By how many steps it moves.
        padding: "valid" for windows that lie within the sequence, "same" to pad with zeros so that with strides
            of 1 the output has the sequence's length.
        depth_multiplier: How many filters each channel has.
        data_format: "channels_last", the only order of axes.
        dilation_rate: The spacing of the window's taps.
        activation: A name or function applied to the output; None for none.
        use_bias: Whether to add a number per output channel.
        depthwise_initializer: How the filters start.
        bias_initializer: How the bias starts.
        depthwise_regularizer: A penalty on the filters.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: Applied to the filters after each update.
        bias_constraint: Applied to the bias after each update.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new steps, channels * depth_multiplier).

    Raises:
        ShapeError: The input is not a batch of sequences, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 16, 3), "float32")).shape
        (2, 14, 6)
    """

    rank = 1
    mixes_frames = True

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
            depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer,
            depthwise_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
