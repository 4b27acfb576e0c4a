"""What layers share that slide a window over frames, or otherwise want inputs of one rank."""

from __future__ import annotations

from kinema import _rust
from kinema.errors import ShapeError
from kinema.layers.structure import Shape


def require_frames(input_shape: Shape) -> None:
    """Refuses inputs that are not a batch of frames, with the way out for clips."""
    if len(input_shape) == 4:
        return
    message = f"expected frames of shape (batch, height, width, channels), got an input of shape {input_shape}"
    if len(input_shape) == 5:
        message += ": for clips (batch, time, height, width, channels) wrap the layer in TimeDistributed"
    elif len(input_shape) == 3:
        message += ": single-channel frames need a channel axis, as frames[..., None] adds it"
    raise ShapeError(message)


def require_sequences(input_shape: Shape) -> None:
    """Refuses inputs that are not a batch of sequences, with the way out for clips."""
    if len(input_shape) != 3:
        hint = ": put GlobalAveragePooling2D or Flatten before it" if len(input_shape) == 5 else ""
        raise ShapeError(f"expected (batch, time, features), got an input of shape {input_shape}{hint}")


def slide(
    input_shape: Shape,
    window: tuple[int, ...],
    strides: tuple[int, ...],
    padding: str,
    dilation: tuple[int, ...] | None = None,
) -> tuple[int | None, ...]:
    """How many places a window has along the axes after the batch's; None along an axis of unknown length."""

    def along(axis: int) -> int | None:
        size = input_shape[1 + axis]
        if size is None:
            return None
        spread = 1 if dilation is None else dilation[axis]
        return _rust.conv_output_size(size, window[axis], strides[axis], spread, padding != "valid")

    return tuple(along(axis) for axis in range(len(window)))
