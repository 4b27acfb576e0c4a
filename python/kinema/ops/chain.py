"""Convolutions in a row, each with the pooling it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from kinema import _rust
from kinema.autograd import Tensor, as_array, is_recording
from kinema.ops._activation import code_of
from kinema.ops._arrays import native
from kinema.ops._windows import check_window, pair
from kinema.ops.convolution import DEAD, FUSED, checked, conv2d_pool, convolved
from kinema.ops.frames import ByteFrames
from kinema.ops.shaping import reshape


@dataclass(frozen=True, eq=False)
class ConvolutionLink:
    """A convolution of `conv2d_chain`: the arguments of `conv2d_pool`, or of `conv2d` where `pool_size` is None."""

    kernel: Any
    bias: Any = None
    strides: Any = 1
    padding: str = "valid"
    dilation_rate: Any = 1
    groups: int = 1
    activation: str | None = None
    pool_size: Any = None
    #: The shape in which a kernel that is kept in another one is a convolution's.
    kernel_shape: tuple[int, ...] | None = None

    def filters(self) -> Any:
        """The kernel in a convolution's shape."""
        return self.kernel if self.kernel_shape is None else reshape(self.kernel, self.kernel_shape)

    def convolve(self, x: Any) -> Any:
        """What the convolution makes of frames, or of `ByteFrames`."""
        settings = {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "activation": self.activation,
        }
        if self.pool_size is None:
            return convolved(x, self.filters(), self.bias, **settings)
        return conv2d_pool(x, self.filters(), self.bias, pool_size=self.pool_size, **settings)


class PreparedChain:
    """What `conv2d_chain` keeps from one call to the next: a chain made ready, until its weights or frames change."""

    def __init__(self) -> None:
        self._made: tuple[Any, Sequence[ConvolutionLink], Any] | None = None

    def of(self, links: Sequence[ConvolutionLink], shape: tuple[int, ...], dtype: Any) -> Any:
        """The chain for frames of a shape (batch, height, width, channels), None where kernels do not take it."""
        state = (dtype, [_state(link) for link in links])
        kept = self._made  # read once: another thread may replace it
        if kept is not None and kept[0] == state and kept[2].fits(shape[1:]):
            return kept[2]
        made = _made_ready(links, shape, dtype)
        if made is not None:
            # The links are kept as well: no other object can come to have the identity of one of their arrays.
            self._made = state, links, made
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {"_made": None}


def conv2d_chain(x: Any, links: Sequence[ConvolutionLink], prepared: PreparedChain | None = None) -> Tensor:
    """Convolutions in a row, each with the pooling it asks for.

    Without a tape they are computed in one go, frame by frame, and nothing in between is kept.

    Args:
        x: Frames (batch, height, width, channels), or `ByteFrames`.
        links: The convolutions.
        prepared: Where the weights as kernels read them stay for the next call with the same variables. Arrays in the
            links must not change.

    Example:
        >>> import kinema
        >>> links = [kinema.ops.ConvolutionLink(kinema.ops.ones((3, 3, 1, 2)), activation="relu", pool_size=2)] * 1
        >>> kinema.ops.conv2d_chain(kinema.ops.ones((1, 6, 6, 1)), links).shape
        (1, 2, 2, 2)
    """
    if not is_recording():
        frames = x if isinstance(x, ByteFrames) else as_array(x)
        chain = (prepared or PreparedChain()).of(links, frames.shape, frames.dtype)
        if chain is not None:
            return Tensor(chain.run(frames.native() if isinstance(frames, ByteFrames) else native(frames)))
    for link in links:
        x = link.convolve(x)
    return cast(Tensor, x)


def _state(link: ConvolutionLink) -> tuple[Any, ...]:
    """What a link computes, as something to compare: weights by their identity and version."""
    weights = [(id(weight), getattr(weight, "version", 0)) for weight in (link.kernel, link.bias)]
    settings = (link.strides, link.padding, link.dilation_rate, link.groups, link.activation, link.pool_size)
    return *weights, *settings


def _made_ready(links: Sequence[ConvolutionLink], shape: tuple[int, ...], dtype: Any) -> Any:
    """The chain, checked; None where kernels do not take it."""
    arguments = []
    frame = shape[1:]
    for link in links:
        kernel, bias = as_array(link.filters()), None if link.bias is None else as_array(link.bias)
        window = None if link.pool_size is None else pair("conv2d_pool", "pool_size", link.pool_size)
        pools = window is None or (link.activation in FUSED and window[0] * window[1] < DEAD)
        kinds = {dtype} | {array.dtype for array in (kernel, bias) if array is not None}
        if not pools or len(kinds) > 1 or dtype.kind != "f":
            return None
        op = "conv2d" if window is None else "conv2d_pool"
        kernel, bias, same = checked(op, shape, kernel, bias, link.padding, link.dilation_rate, link.groups)
        steps, spread = pair(op, "strides", link.strides), pair(op, "dilation_rate", link.dilation_rate)
        arguments.append((kernel, bias, steps, same, spread, link.groups, code_of(op, link.activation), window))
        shape = _output_shape(shape, kernel.shape, steps, spread, same, window)
    return _rust.Conv2DChain(frame, arguments)


def _output_shape(
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    steps: tuple[int, int],
    spread: tuple[int, int],
    same: bool,
    window: tuple[int, int] | None,
) -> tuple[int, ...]:
    places = [_rust.conv_output_size(shape[i + 1], kernel[i], steps[i], spread[i], same) for i in (0, 1)]
    if window is not None:
        check_window("conv2d_pool", window, (1, 1), (places[0], places[1]), same=False)
        places = [places[i] // window[i] for i in (0, 1)]
    return (shape[0], *places, kernel[3])
