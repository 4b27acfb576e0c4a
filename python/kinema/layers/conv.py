"""Convolution over frames."""

from __future__ import annotations

import functools
from typing import Any

from kinema import activations, ops
from kinema.autograd import Variable
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.arguments import channels_last, one_of, positive_int, positive_pair
from kinema.layers.configured import ConfiguredLayer, weight_settings
from kinema.layers.fused import apply_fused
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames, slide
from kinema.saving.registry import builtin


@builtin("keras.layers", "Convolution2D")
class Conv2D(ConfiguredLayer):
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

    frame_rank = 4
    config_names = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation",
        "use_bias", *weight_settings("kernel", "bias"),
    )  # fmt: skip
    kernel: Variable
    bias: Variable | None

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
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = positive_int(self.title, "filters", filters)
        self.kernel_size = positive_pair(self.title, "kernel_size", kernel_size)
        self.strides = positive_pair(self.title, "strides", strides)
        self.padding = one_of(self.title, "padding", padding, ("valid", "same"))
        self.data_format = channels_last(self.title, data_format)
        self.dilation_rate = positive_pair(self.title, "dilation_rate", dilation_rate)
        self.groups = positive_int(self.title, "groups", groups)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self._describe_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._describe_weight("bias", bias_initializer, bias_regularizer, bias_constraint)
        if self.filters % self.groups:
            raise ArgumentError(f"{self.title}: {self.filters} filters cannot be divided into {self.groups} groups")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"{self.title}: strides={self.strides} and dilation_rate={self.dilation_rate} cannot both exceed 1"
            )

    def build(self, input_shape: Shape) -> None:
        """Creates the filters and the bias."""
        require_frames(input_shape)
        channels = self._known_length(input_shape, -1, "channels")
        if channels % self.groups:
            raise ShapeError(f"{channels} channels cannot be divided into {self.groups} groups")
        self.kernel = self._add_described("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = self._add_described("bias", (self.filters,)) if self.use_bias else None
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The filters' answers, with bias and activation."""
        require_frames(inputs.shape)
        self._require_features(inputs.shape, self.kernel.shape[2] * self.groups, "channels")
        convolve = functools.partial(
            ops.conv2d,
            inputs,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            groups=self.groups,
        )
        return apply_fused(convolve, self.activation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, new height, new width, filters)."""
        places = slide(input_shape, self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return (input_shape[0], *places, self.filters)


Convolution2D = Conv2D
