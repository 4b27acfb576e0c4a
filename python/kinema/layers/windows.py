"""What layers that slide a window over frames share."""

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


def slide(
    input_shape: Shape,
    window: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int | None, int | None]:
    """How many places a window has along height and width; None along an axis of unknown length."""
    require_frames(input_shape)

    def along(axis: int) -> int | None:
        size = input_shape[1 + axis]
        if size is None:
            return None
        return _rust.conv_output_size(size, window[axis], strides[axis], dilation[axis], padding == "same")

    return along(0), along(1)
