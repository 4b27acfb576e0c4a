"""The Keras 3 weights file (`.weights.h5`, and inside every `.keras` file): one group a layer, variables by number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from kinema._warnings import warn
from kinema.autograd import Variable
from kinema.errors import FileFormatError
from kinema.layers.layer import Layer
from kinema.saving.hdf5 import Pairs, assign_all, child, read_array, read_or_skip
from kinema.saving.weight_tree import weight_groups

#: An optimizer without slots: its step and its learning rate.
_WITHOUT_SLOTS = 2


def write_weights(file: Any, model: Any) -> None:
    """Writes all variables of a built model, and those of its optimizer if it is compiled.

    Args:
        file: An open `h5py.File`.
        model: A built model.
    """
    for path, layer, variables in weight_groups(model):
        _write_group(file, path, layer.name, variables)
    if (optimizer := model.optimizer) is not None:
        _write_group(file, "optimizer", optimizer.name, optimizer.variables)


def read_weights(file: Any, model: Any, filename: str, skip_mismatch: bool = False) -> None:
    """Gives a built model the values of a weights file, and its optimizer those that are there for it.

    State of another optimizer, or for one that is not built yet, is left in the file with a warning, as are weights
    that no layer takes.

    Args:
        file: An open `h5py.File`.
        model: A built model.
        filename: The file's name, for errors.
        skip_mismatch: Leave a layer alone, with a warning, where the file has other weights for it.

    Raises:
        FileFormatError: The weights of a layer are others than those in the file; nothing has changed.
    """
    pairs: Pairs = []
    groups = list(weight_groups(model))
    for group in groups:
        pairs += read_or_skip(partial(_read_layer, file, group, filename), skip_mismatch)
    taken = {_variables_path(path) for path in ("optimizer", *(path for path, _, _ in groups))}
    if untaken := sorted(_groups_with_data(file) - taken):
        warn(
            f"'{filename}' holds weights that the model has no layer for, in {', '.join(map(repr, untaken))}: it was "
            "written for another architecture"
        )
    if model.optimizer is not None:
        pairs += read_or_skip(partial(_read_optimizer, file, model.optimizer, filename), skip_mismatch)
    assign_all(pairs)


def _read_layer(file: Any, group: tuple[str, Layer, list[Variable]], filename: str) -> Pairs:
    path, layer, variables = group
    whose = f"layer '{layer.name}' ({type(layer).__name__})"
    saved = _saved(file, path, filename)
    if saved and len(saved) != len(variables):
        shapes = ", ".join(str(getattr(node, "shape", "?")) for node in saved)
        names = ", ".join(variable.name for variable in variables) or "none"
        remedy = (
            "give it the arguments it was saved with"
            if layer.built
            else "it is not built yet, as nothing says its input's shape or no call on zeros of that shape reaches it. "
            "Call the model on data and use load_weights, or give the model a build(input_shape) that builds its layers"
        )
        raise FileFormatError(
            f"'{filename}' has {len(saved)} weights for {whose}, of shapes {shapes}, and the layer has "
            f"{len(variables)} ({names}): {remedy}"
        )
    return _read_variables(file, path, variables, f"weight '{{}}' of {whose}", filename)


def _read_optimizer(file: Any, optimizer: Any, filename: str) -> Pairs:
    saved, variables = _saved(file, "optimizer", filename), optimizer.variables
    if len(saved) == len(variables):
        return _read_variables(file, "optimizer", variables, "optimizer state '{}'", filename)
    if len(saved) > _WITHOUT_SLOTS:
        kind = type(optimizer).__name__
        why = "it is another optimizer" if optimizer.built else "it has its state from the first step on"
        warn(
            f"'{filename}' holds {len(saved)} arrays of optimizer state, and the model's {kind} has {len(variables)}: "
            f"{why}. They are left in the file"
        )
    return []


def _saved(file: Any, path: str, filename: str) -> list[Any]:
    """What stands in a group of variables."""
    import h5py

    place = _variables_path(path)
    group = child(file, place, filename)
    return [child(file, f"{place}/{name}", filename) for name in group] if isinstance(group, h5py.Group) else []


def _groups_with_data(file: Any) -> set[str]:
    import h5py

    found: set[str] = set()

    def note(path: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found.add(path.rpartition("/")[0])

    file.visititems(note)
    return found


def _read_variables(file: Any, path: str, variables: Sequence[Variable], what: str, filename: str) -> Pairs:
    nodes = [child(file, f"{_variables_path(path)}/{index}", filename) for index in range(len(variables))]
    return [
        (variable, read_array(node, variable.shape, what.format(variable.name), filename))
        for variable, node in zip(variables, nodes, strict=True)
    ]


def _write_group(file: Any, path: str, name: str, variables: list[Variable]) -> None:
    group = file.require_group(_variables_path(path))
    group.attrs["name"] = name
    for index, variable in enumerate(variables):
        group.create_dataset(str(index), data=variable.array)


def _variables_path(path: str) -> str:
    return f"{path}/vars" if path else "vars"
