"""Process-wide settings, with Keras's names."""

from __future__ import annotations

import numpy as np

from kinema.errors import ArgumentError

_FLOATS = ("float32", "float64")


class _Settings:
    floatx = "float32"
    epsilon = 1e-7
    frame_sharing = True
    interactive_logging = True


def floatx() -> str:
    """The floating-point type of layers that do not name one: "float32" or "float64"."""
    return _Settings.floatx


def set_floatx(value: str) -> None:
    """Sets the floating-point type of layers made from here on.

    Args:
        value: "float32" or "float64".
    """
    _Settings.floatx = standardize_dtype(value)


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite."""
    return _Settings.epsilon


def set_epsilon(value: float) -> None:
    """Sets the small number that keeps logarithms and divisions finite."""
    _Settings.epsilon = float(value)


def frame_sharing() -> bool:
    """Whether frames that several clips of a batch show are computed once."""
    return _Settings.frame_sharing


def set_frame_sharing(enabled: bool) -> None:
    """Switches the sharing of frames off, or on again: results stay within rounding, only the time changes.

    Args:
        enabled: Whether frames that several clips of a batch show are computed once.
    """
    _Settings.frame_sharing = bool(enabled)


def image_data_format() -> str:
    """Always "channels_last": the order of axes that Kinema's kernels read."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Takes "channels_last" and refuses every other order of axes: there is nothing to set.

    Args:
        data_format: "channels_last".

    Raises:
        ArgumentError: It is another one.
    """
    if data_format != "channels_last":
        raise ArgumentError(
            f"the order of axes is 'channels_last', not {data_format!r}: move the channels behind height and width, "
            "as np.moveaxis(images, 1, -1) does"
        )


def backend() -> str:
    """Always "kinema": what stands where Keras has TensorFlow, JAX or PyTorch."""
    return "kinema"


def enable_interactive_logging() -> None:
    """Shows a progress bar on a terminal, as is usual."""
    _Settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Shows lines instead of progress bars, even on a terminal: for logs that are kept."""
    _Settings.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress bars are shown on a terminal."""
    return _Settings.interactive_logging


def standardize_dtype(dtype: object) -> str:
    """The name of a floating-point type that layers can compute in; the default type for None."""
    if dtype is None:
        return floatx()
    name = getattr(dtype, "name", None) or (dtype if isinstance(dtype, str) else np.dtype(dtype).name)  # type: ignore[call-overload]
    if name not in _FLOATS:
        raise ArgumentError(f"layers compute in float32 or float64, not {name!r}: use one of these")
    return str(name)
