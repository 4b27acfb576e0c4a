"""What `fit(class_weight=)` means for the data at hand."""

from __future__ import annotations

from typing import Any

from kinema.errors import ArgumentError, DataError
from kinema.models.data import ArrayData, Data
from kinema.utils.class_weights import balanced_class_weights


def resolved_class_weight(class_weight: Any, train: Data) -> Any:
    """The weights by class: those given, or for "balanced" the ones that the training targets ask for."""
    if not isinstance(class_weight, str):
        return class_weight
    if class_weight != "balanced":
        raise ArgumentError(f"class_weight is a dict of class number to weight or 'balanced', not {class_weight!r}")
    if isinstance(train, ArrayData):
        if train.y is None:
            raise DataError("class_weight='balanced' needs targets: give y")
        mask = train.x.mask
        mask = None if mask is None or train.y.shape[:2] != mask.shape else mask[train.order]
        return balanced_class_weights(train.y[train.order], mask)
    of_dataset = getattr(getattr(train, "dataset", None), "class_weights", None)
    if of_dataset is None:
        raise ArgumentError(
            "class_weight='balanced' counts the targets before training, which come with the batches here: give "
            "arrays, a VideoFolder, or the dict that kinema.utils.balanced_class_weights makes of all targets"
        )
    return of_dataset()
