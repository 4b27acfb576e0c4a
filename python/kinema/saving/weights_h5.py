"""The Keras 3 weights file (`.weights.h5`, and inside every `.keras` file): one group a layer, variables by number."""

from __future__ import annotations

import warnings
from typing import Any

from kinema.autograd import Array, Variable
from kinema.errors import FileFormatError
from kinema.saving.hdf5 import assign_all, child, read_array
from kinema.saving.weight_tree import weight_groups


def write_weights(file: Any, model: Any, optimizer: Any = None) -> None:
    """Writes all variables of a built model, and those of its optimizer where one is given.

    Args:
        file: An open `h5py.File`.
        model: A built model.
        optimizer: A built optimizer, or None.
    """
    for path, layer, variables in weight_groups(model):
        _write_group(file, path, layer.name, variables)
    if optimizer is not None:
        _write_group(file, "optimizer", optimizer.name, optimizer.variables)


def read_weights(file: Any, model: Any, filename: str, skip_mismatch: bool = False) -> None:
    """Gives a built model the values of a weights file.

    Raises:
        FileFormatError: A variable is missing or of another shape and `skip_mismatch` is False; nothing has changed.
    """
    pairs: list[tuple[Variable, Array]] = []
    for path, layer, variables in weight_groups(model):
        for index, variable in enumerate(variables):
            what = f"weight '{variable.name}' of layer '{layer.name}' ({type(layer).__name__})"
            node = child(file, _variable_path(path, index), filename)
            try:
                pairs.append((variable, read_array(node, variable.shape, what, filename)))
            except FileFormatError as error:
                if not skip_mismatch:
                    raise
                warnings.warn(f"skipped: {error}", UserWarning, stacklevel=3)
    assign_all(pairs)


def read_optimizer(file: Any, optimizer: Any, filename: str) -> bool:
    """Gives a built optimizer its state; False where the file holds none that fits."""
    variables = optimizer.variables
    nodes = [child(file, _variable_path("optimizer", index), filename) for index in range(len(variables))]
    if (
        any(node is None for node in nodes)
        or child(file, _variable_path("optimizer", len(variables)), filename) is not None
    ):
        return False
    assign_all(
        [
            (variable, read_array(node, variable.shape, f"optimizer state '{variable.name}'", filename))
            for variable, node in zip(variables, nodes, strict=True)
        ]
    )
    return True


def _write_group(file: Any, path: str, name: str, variables: list[Variable]) -> None:
    group = file.require_group(f"{path}/vars" if path else "vars")
    group.attrs["name"] = name
    for index, variable in enumerate(variables):
        group.create_dataset(str(index), data=variable.array)


def _variable_path(path: str, index: int) -> str:
    return f"{path}/vars/{index}" if path else f"vars/{index}"
