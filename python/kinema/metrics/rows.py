"""Batches as rows of outputs, for metrics that treat each output by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, as_array
from kinema.errors import ShapeError
from kinema.losses.loss import align_weights, match_shapes


def rows_of_outputs(name: str, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Array, Array, Array]:
    """Targets and predictions (rows, outputs) in double precision and the weight of each row, without masked rows.

    Raises:
        ShapeError: Predictions have no axis of outputs.
    """
    target, prediction = match_shapes(name, y_true, y_pred)
    if prediction.ndim < 2:
        raise ShapeError(
            f"{name}: predictions have shape {prediction.shape}, expected (samples, outputs): give one output an axis "
            "of length 1"
        )
    shape = prediction.shape[:-1]
    weights = np.ones(shape)
    if sample_weight is not None:
        weights = weights * align_weights(name, sample_weight, shape)
    mask = getattr(y_pred, "mask", None)
    counted = np.ones(shape, bool) if mask is None else np.broadcast_to(align_weights(name, mask, shape), shape)
    target_rows, predicted_rows = (as_array(each).astype(np.float64)[counted] for each in (target, prediction))
    return target_rows, predicted_rows, weights[counted]
