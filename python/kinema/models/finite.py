"""What is said when numbers are no longer finite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinema.errors import DataError, NonFiniteError
from kinema.models.frames import Rows
from kinema.models.structure import SeveralRows, arrays_in


def require_clean(x: Any, outputs: Any) -> None:
    """Refuses inputs with NaN or infinite values that have reached the outputs."""
    if not all(np.isfinite(array).all() for array in arrays_in(outputs)) and not _is_finite(x):
        raise DataError("x contains NaN or infinite values, and so would the outputs: clean the data")


def _is_finite(x: Any) -> bool:
    arrays = arrays_in(x.gather() if isinstance(x, (Rows, SeveralRows)) else x)
    return all(array.dtype.kind != "f" or bool(np.isfinite(array).all()) for array in arrays)


def require_finite(model: Any, loss: float, x: Any) -> None:
    """Refuses a loss that is not finite, and says what may help."""
    if math.isfinite(loss):
        return
    if not _is_finite(x):
        reason = "x contains NaN or infinite values in this batch: clean the data"
    else:
        reason = (
            "lower learning_rate, clip gradients (clipnorm=1.0 in the optimizer), "
            "or scale the inputs (Rescaling, Normalization)"
        )
    step = model._training_run.steps + 1
    raise NonFiniteError(f"the loss became {loss} at step {step} ({reason}); the weights are those before this step")
