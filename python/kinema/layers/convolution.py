"""What layers of convolutions share, over sequences and over frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from kinema import activations, ops
from kinema.autograd import Variable
from kinema.errors import ArgumentError
from kinema.layers.arguments import channels_last, one_of, positive_ints
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.fused import apply_fused
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames, require_sequences, slide


class Convolution(ConfiguredLayer):
    """A layer that is a convolution, or several in a row, along one axis or two between the batch's and the channels'.

    A sequence is convolved as a frame of one row.
    """

    #: How many axes it slides along: 1 over sequences, 2 over frames.
    rank: ClassVar[int]
    #: The kinds of padding there are.
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    bias: Variable | None

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = positive_ints(self._title, "kernel_size", kernel_size, self.rank)
        self.strides = positive_ints(self._title, "strides", strides, self.rank)
        self.padding = one_of(self._title, "padding", padding, self.paddings)
        self.data_format = channels_last(self._title, data_format)
        self.dilation_rate = positive_ints(self._title, "dilation_rate", dilation_rate, self.rank)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"{self._title}: strides={self.strides} and dilation_rate={self.dilation_rate} cannot both exceed 1"
            )

    def _add_kernels(self, channels: int) -> None:
        """Creates all weights but the bias."""
        raise NotImplementedError(f"{type(self).__name__} does not say which weights it has")

    def _outputs(self, input_shape: Shape) -> int:
        """How many channels come out."""
        raise NotImplementedError(f"{type(self).__name__} does not say how many channels come out")

    def links(self, **ending: Any) -> list[ops.ConvolutionLink]:
        """The convolutions over frames; `ending` is what follows the last one: an activation, pooling."""
        raise NotImplementedError(f"{type(self).__name__} does not say which convolutions it computes")

    def build(self, input_shape: Shape) -> None:
        """Creates the weights."""
        self._require_rank(input_shape)
        self._channels = self._known_length(input_shape, -1, "channels")
        self._add_kernels(self._channels)
        self.bias = self._add_described("bias", (self._outputs(input_shape),)) if self.use_bias else None
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The filters' answers, with bias and activation."""
        self._require_rank(inputs.shape)
        self._require_features(inputs.shape, self._channels, "channels")
        frames = inputs if self.rank == 2 else ops.expand_dims(self._padded(inputs), 1)
        *before, last = self.links()
        for link in before:
            frames = link.convolve(frames)
        outputs = apply_fused(lambda activation: replace(last, activation=activation).convolve(frames), self.activation)
        return outputs if self.rank == 2 else ops.squeeze(outputs, 1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, new length of each axis, filters)."""
        self._require_rank(input_shape)
        places = slide(input_shape, self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return (input_shape[0], *places, self._outputs(input_shape))

    def _padded(self, steps: Any) -> Any:
        if self.padding != "causal":
            return steps
        before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
        return ops.pad(steps, ((0, 0), (before, 0), (0, 0)))

    def _depthwise_link(self, kernel: Variable, **settings: Any) -> ops.ConvolutionLink:
        """The convolution of each channel by itself; `kernel` is (window, channels, filters of a channel)."""
        channels, each = kernel.shape[-2:]
        shape = (*(1,) * (2 - self.rank), *self.kernel_size, 1, channels * each)
        return self._link(kernel, groups=channels, kernel_shape=shape, **settings)

    def _link(self, kernel: Any, **settings: Any) -> ops.ConvolutionLink:
        """One convolution with this layer's geometry."""
        flat = (1,) * (2 - self.rank)
        return ops.ConvolutionLink(
            kernel,
            strides=(*flat, *self.strides),
            padding="valid" if self.padding == "causal" else self.padding,
            dilation_rate=(*flat, *self.dilation_rate),
            **settings,
        )

    def _require_rank(self, input_shape: Any) -> None:
        (require_frames if self.rank == 2 else require_sequences)(input_shape)
