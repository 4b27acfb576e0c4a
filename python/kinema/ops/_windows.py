"""The arguments that convolution and pooling share, checked and spelled out for the kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.errors import ArgumentError, ShapeError

Pair = tuple[int, int]


def pair(op: str, name: str, value: Any) -> Pair:
    """A positive number for height and for width."""
    if type(value) is tuple and len(value) == 2:  # what layers give, checked before
        height, width = value
        if type(height) is int and type(width) is int and height > 0 and width > 0:
            return height, width
    both = (value, value) if isinstance(value, (int, np.integer)) else value
    if (
        isinstance(both, (tuple, list))
        and len(both) == 2
        and all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) and one > 0 for one in both)
    ):
        return int(both[0]), int(both[1])
    raise ArgumentError(f"ops.{op}: {name} is a positive whole number or two of them (height, width), not {value!r}")


def is_same(op: str, padding: str) -> bool:
    """Whether padding is "same" (True) or "valid" (False)."""
    if padding not in ("same", "valid"):
        raise ArgumentError(f"ops.{op}: padding is 'valid' or 'same', not {padding!r}")
    return padding == "same"


def check_window(op: str, window: Pair, dilation: Pair, size: Pair, same: bool) -> None:
    """Raises if a window is larger than the image it slides over."""
    for axis, taps, spread, length in zip(("height", "width"), window, dilation, size, strict=True):
        extent = (taps - 1) * spread + 1
        if length < 1 or (extent > length and not same):
            raise ShapeError(
                f"ops.{op}: the {axis} of the frames is {length}, but the window needs {extent} "
                f"(window {window}, dilation {dilation}): "
                "use larger frames, a smaller window, fewer layers that shrink the frame, or padding='same'"
            )
