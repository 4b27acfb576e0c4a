"""The `.h5` format of Keras 1 to 3: architecture and training as JSON attributes, weights by layer and name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kinema._warnings import warn
from kinema.autograd import Variable
from kinema.errors import FileFormatError
from kinema.saving.hdf5 import Pairs, assign_all, child, read_array, read_names, read_or_skip, text, write_names
from kinema.saving.keras_zip import KERAS_VERSION
from kinema.saving.legacy_config import legacy_config, modern_config
from kinema.saving.registry import deserialize_keras_object, serialize_keras_object
from kinema.saving.training_state import compile_config, compile_from_config, progress_state, restore_progress
from kinema.saving.weight_tree import own_variables

_OWN = "kinema"
#: The group of the weights that a model has beside those of its layers.
_TOP = "top_level_model_weights"


def write_h5(model: Any, path: Path) -> None:
    """Writes a built model to an `.h5` file."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = KERAS_VERSION
        file.attrs["backend"] = "tensorflow"
        described = serialize_keras_object(model)
        config = legacy_config(described)
        if not _is_line_or_graph(model):  # Keras, which keeps no shape here, opens no such model
            config["build_config"] = described.get("build_config")
        file.attrs["model_config"] = json.dumps(config)
        file.attrs[_OWN] = json.dumps(progress_state(model))
        weights = file.create_group("model_weights")
        weights.attrs["keras_version"] = KERAS_VERSION
        weights.attrs["backend"] = "tensorflow"
        layers = _layers(model)
        write_names(weights, "layer_names", [layer.name for layer in layers])
        for layer in layers:
            _write_group(weights.create_group(layer.name), _in_file_order(layer))
        _write_group(weights.create_group(_TOP), own_variables(model))
        if (compiled := compile_config(model)) is not None:
            optimizer = compiled.pop("optimizer")
            training = {**compiled, "optimizer_config": {key: optimizer[key] for key in ("class_name", "config")}}
            file.attrs["training_config"] = json.dumps(training)
            if getattr(model.optimizer, "built", False):
                _write_group(file.create_group("optimizer_weights"), model.optimizer.variables, numbered=True)


def read_h5(path: Path, custom_objects: Mapping[str, Any], compile: bool) -> Any:
    """The model in an `.h5` file."""
    with _open(path) as file:
        if "model_config" not in file.attrs:
            hint = (
                "it holds weights alone: build the model and use model.load_weights"
                if "layer_names" in file.attrs
                else ""
            )
            raise FileFormatError(
                f"'{path}' describes no model" + (f": {hint}" if hint else " and is not a Keras file")
            )
        config = modern_config(_json(file.attrs["model_config"], path), _version(file))
        model = deserialize_keras_object(config, custom_objects)
        if not hasattr(model, "load_weights"):
            raise FileFormatError(f"'{path}' holds a {type(model).__name__}, not a model")
        if not model.built:
            raise FileFormatError(
                f"'{path}' does not say the model's input shape, so that its weights have no place: "
                "make the model, call it on data and use model.load_weights"
            )
        _read_layers(_weights_group(file, path), model, str(path), skip_mismatch=False, by_name=False)
        restore_progress(model, _own_state(file))
        if compile and "training_config" in file.attrs:
            _restore_training(file, model, custom_objects, path)
    return model


def read_weights_h5(path: Path, model: Any, skip_mismatch: bool, by_name: bool) -> None:
    """Gives a model the weights of an `.h5` file, of a whole model or of weights alone."""
    with _open(path) as file:
        _read_layers(_weights_group(file, path), model, str(path), skip_mismatch, by_name)


def is_legacy_weights(path: Path) -> bool:
    """Whether an HDF5 file names its layers as Keras 1 and 2 did (and Keras 3 in `.h5` files)."""
    with _open(path) as file:
        return "model_weights" in file or any(name.startswith("layer_names") for name in file.attrs)


def _layers(model: Any) -> list[Any]:
    return list(model.running_layers if _is_line_or_graph(model) else model.layers)


def _is_line_or_graph(model: Any) -> bool:
    from kinema.models import Functional, Sequential

    return isinstance(model, (Functional, Sequential))


def _in_file_order(layer: Any) -> list[Variable]:
    """A layer's variables as this format lists them: trainable ones first, those of all layers inside included."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _read_layers(group: Any, model: Any, filename: str, skip_mismatch: bool, by_name: bool) -> None:
    pairs: Pairs = []
    for layer, name in (_matched_by_name if by_name else _matched_in_order)(group, model, filename):
        whose = f"layer '{layer.name}' ({type(layer).__name__})"
        read = partial(_read_group, group, name, _in_file_order(layer), whose, filename, skip_mismatch)
        pairs += read_or_skip(read, skip_mismatch and by_name)
    if _TOP in group:
        read = partial(_read_group, group, _TOP, own_variables(model), "the model itself", filename, skip_mismatch)
        pairs += read_or_skip(read, skip_mismatch and by_name)
    assign_all(pairs)


def _matched_by_name(group: Any, model: Any, filename: str) -> list[tuple[Any, str]]:
    """The layers whose names the file has; a layer in a wrapper of video lifting goes by its own name as well."""
    own = {layer.name: layer for layer in _layers(model)}
    lifted = {}
    if _is_line_or_graph(model):
        lifted = {layer.layer.name: layer for layer in own.values() if model.is_lifted(layer)}
    named = {**lifted, **own}
    return [(named[name], name) for name in read_names(group, "layer_names") if name in named]


def _matched_in_order(group: Any, model: Any, filename: str) -> list[tuple[Any, str]]:
    """The layers with weights, and the file's names of theirs."""
    layers = [layer for layer in _layers(model) if layer.weights]
    saved = [name for name in read_names(group, "layer_names") if _weight_names(group, name, filename)]
    if len(saved) != len(layers):
        raise FileFormatError(
            f"'{filename}' holds {len(saved)} layers with weights, the model has {len(layers)}: "
            "it was written for another architecture"
        )
    return list(zip(layers, saved, strict=True))


def _read_group(
    group: Any, name: str, variables: list[Variable], whose: str, filename: str, skip_mismatch: bool
) -> Pairs:
    """What a group has for these variables, each by itself left out where it does not fit and that is allowed."""
    names = _weight_names(group, name, filename)
    if len(names) != len(variables):
        raise FileFormatError(f"'{filename}' has {len(names)} weights for {whose}, the model has {len(variables)}")
    pairs: Pairs = []
    for variable, weight in zip(variables, names, strict=True):
        read = partial(_read_weight, group, f"{name}/{weight}", variable, whose, filename)
        pairs += read_or_skip(read, skip_mismatch)
    return pairs


def _read_weight(group: Any, path: str, variable: Variable, whose: str, filename: str) -> Pairs:
    what = f"weight '{variable.name}' of {whose}"
    return [(variable, read_array(child(group, path, filename), variable.shape, what, filename))]


def _weight_names(group: Any, name: str, filename: str) -> list[str]:
    node = child(group, name, filename)
    if node is None:
        raise FileFormatError(f"'{filename}' lists layer '{name}' and holds nothing for it: it is damaged")
    return read_names(node, "weight_names")


def _restore_training(file: Any, model: Any, custom_objects: Mapping[str, Any], path: Path) -> None:
    training = _json(file.attrs["training_config"], path)
    optimizer = training.get("optimizer_config")
    compile_from_config(model, {**training, "optimizer": optimizer}, custom_objects)
    group = child(file, "optimizer_weights", str(path))
    if group is None:
        return
    model.optimizer.build(model.trainable_weights)
    variables = model.optimizer.variables
    names = read_names(group, "weight_names")
    if len(names) != len(variables):
        warn(
            f"'{path}' holds optimizer state of another layout ({len(names)} arrays for {len(variables)}): "
            "training starts with a fresh optimizer"
        )
        return
    assign_all(
        [
            (
                variable,
                read_array(child(group, name, str(path)), variable.shape, f"optimizer state '{name}'", str(path)),
            )
            for variable, name in zip(variables, names, strict=True)
        ]
    )


def _write_group(group: Any, variables: list[Variable], numbered: bool = False) -> None:
    names = [f"{index}_{variable.name}" if numbered else variable.path for index, variable in enumerate(variables)]
    names = [name if names.count(name) == 1 else f"{index}/{name}" for index, name in enumerate(names)]
    write_names(group, "weight_names", names)
    for name, variable in zip(names, variables, strict=True):
        group.create_dataset(name, data=variable.array)


def _open(path: Path) -> Any:
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError(
            f"'{path}' is not a whole HDF5 file: it is damaged, truncated or something else"
        ) from error


def _weights_group(file: Any, path: Path) -> Any:
    group = child(file, "model_weights", str(path))
    return file if group is None else group


def _version(file: Any) -> str:
    return text(file.attrs.get("keras_version", "1"))


def _own_state(file: Any) -> dict[str, Any]:
    try:
        state = json.loads(text(file.attrs.get(_OWN, "{}")))
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}


def _json(value: Any, path: Path) -> Any:
    try:
        config = json.loads(text(value))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"'{path}' has a description that is not JSON: it is damaged") from error
    if not isinstance(config, dict):
        raise FileFormatError(f"'{path}' has a description that is not a JSON object: it is damaged")
    return config
