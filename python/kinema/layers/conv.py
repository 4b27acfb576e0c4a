"""Convolution over frames and over sequences."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.autograd import Variable
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.arguments import positive_int
from kinema.layers.configured import weight_settings
from kinema.layers.convolution import Convolution
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


class FilteringConvolution(Convolution):
    """A convolution whose filters see all channels, or all of a group."""

    config_names = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation",
        "use_bias", *weight_settings("kernel", "bias"), "activity_regularizer",
    )  # fmt: skip
    kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        groups: int,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.filters = positive_int(self._title, "filters", filters)
        self.groups = positive_int(self._title, "groups", groups)
        self._describe_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._describe_weight("bias", bias_initializer, bias_regularizer, bias_constraint)
        if self.filters % self.groups:
            raise ArgumentError(f"{self._title}: {self.filters} filters cannot be divided into {self.groups} groups")

    def links(self, **ending: Any) -> list[ops.ConvolutionLink]:
        """The one convolution."""
        row = None if self.rank == 2 else (1, *self.kernel.shape)
        return [self._link(self.kernel, bias=self.bias, groups=self.groups, kernel_shape=row, **ending)]

    def _add_kernels(self, channels: int) -> None:
        if channels % self.groups:
            raise ShapeError(f"{channels} channels cannot be divided into {self.groups} groups")
        self.kernel = self._add_described("kernel", (*self.kernel_size, channels // self.groups, self.filters))

    def _outputs(self, input_shape: Shape) -> int:
        return self.filters


@builtin("keras.layers", "Convolution2D")
class Conv2D(FilteringConvolution):
    """Slides learnt filters over each frame.

    In a `Sequential` it also takes clips (batch, time, height, width, channels) and is applied to every frame.

    Args:
        filters: How many filters there are: the channels of the output.
        kernel_size: Height and width of the window, one number for both or a pair.
        strides: The window's steps along height and width.
        padding: "valid" for windows that lie within the frame, "same" to pad with zeros so that with strides of 1 the
            output has the frame's size.
        data_format: "channels_last", the only order of axes.
        dilation_rate: The spacing of the window's taps along height and width.
        groups: Into how many groups the channels are divided; each filter sees one group.
        activation: A name or function applied to the output; None for none.
        use_bias: Whether to add a number per filter.
        kernel_initializer: How the filters start.
        bias_initializer: How the bias starts.
        kernel_regularizer: A penalty on the filters.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the filters after each update.
        bias_constraint: Applied to the bias after each update.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new height, new width, filters).

    Raises:
        ShapeError: The input is not a batch of frames, the window does not fit, or the channels do not divide.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Conv2D(8, 3, activation="relu")(np.ones((2, 16, 16, 3), "float32")).shape
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
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


@builtin("keras.layers", "Convolution1D")
class Conv1D(FilteringConvolution):
    """Slides learnt filters along the steps of each sequence, such as features of frames or of sound.

    Args:
        filters: How many filters there are: the channels of the output.
        kernel_size: How many steps the window spans.
        strides: By how many steps it moves.
        padding: "valid" for windows that lie within the sequence, "same" to pad both ends with zeros so that with
            strides of 1 the output is as long as the input, "causal" to pad only the beginning, so that no output sees
            a later step.
        data_format: "channels_last", the only order of axes.
        dilation_rate: The spacing of the window's taps.
        groups: Into how many groups the channels are divided; each filter sees one group.
        activation: A name or function applied to the output; None for none.
        use_bias: Whether to add a number per filter.
        kernel_initializer: How the filters start.
        bias_initializer: How the bias starts.
        kernel_regularizer: A penalty on the filters.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the filters after each update.
        bias_constraint: Applied to the bias after each update.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new steps, filters).

    Raises:
        ShapeError: The input is not a batch of sequences, the window does not fit, or the channels do not divide.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Conv1D(8, 3, padding="causal")(np.ones((2, 16, 5), "float32")).shape
        (2, 16, 8)
    """

    rank = 1
    paddings = ("valid", "same", "causal")
    mixes_frames = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


Convolution1D = Conv1D
Convolution2D = Conv2D
