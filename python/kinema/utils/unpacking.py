"""What a batch is made of, for steps of a model's own."""

from __future__ import annotations

from typing import Any

from kinema.errors import DataError


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Samples, targets and sample weights of the data that a `train_step` gets, None for what is not there.

    Args:
        data: A tuple `(x,)`, `(x, y)` or `(x, y, sample_weight)`, or the samples alone.

    Raises:
        DataError: It is a tuple of another length.

    Example:
        >>> from kinema.utils import unpack_x_y_sample_weight
        >>> unpack_x_y_sample_weight(("samples", "targets"))
        ('samples', 'targets', None)
    """
    parts = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise DataError(f"data is (x, y) or (x, y, sample_weight), not a tuple of {len(parts)}")
    x, y, sample_weight = [*parts, None, None][:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The data of a step: samples alone, or a tuple of as many parts as there are.

    Args:
        x: Samples.
        y: Targets, or None.
        sample_weight: Weights of the samples, or None.

    Example:
        >>> from kinema.utils import pack_x_y_sample_weight
        >>> pack_x_y_sample_weight("samples", "targets")
        ('samples', 'targets')
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple, dict)) else x
