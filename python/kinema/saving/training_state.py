"""What a file says about training beyond the layers: optimizer, loss, metrics, seed, epoch and step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kinema.saving.registry import (
    builtin_objects,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_object,
)

#: Where the names of what `compile` takes are looked up.
_MODULES = {
    "optimizer": "keras.optimizers",
    "loss": "keras.losses",
    "metrics": "keras.metrics",
    "weighted_metrics": "keras.metrics",
}


def compile_config(model: Any) -> dict[str, Any] | None:
    """The arguments of `compile` as plain values, None for a model that is not compiled."""
    return (model.get_compile_config() or None) if model.compiled else None


def compile_from_config(model: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> None:
    """Compiles a model as a file says."""
    with custom_object_scope(custom_objects):
        model.compile_from_config(config)


def compile_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `compile` that plain values stand for."""
    arguments: dict[str, Any] = {}
    for name, value in config.items():
        module = _MODULES.get(name)
        argument = deserialize_keras_object(value, expected=module)
        arguments[name] = argument if module is None else _with_own(argument, module)
    return arguments


def _with_own(argument: Any, module: str) -> Any:
    """An argument of `compile` with the user's objects in the place of their names, which mean nothing later on."""
    if isinstance(argument, (list, tuple)):
        return [_with_own(item, module) for item in argument]
    if isinstance(argument, dict):
        return {name: _with_own(item, module) for name, item in argument.items()}
    if isinstance(argument, str) and (argument in get_custom_objects() or argument not in builtin_objects(module)):
        return get_registered_object(argument) or argument
    return argument


def progress_state(model: Any) -> dict[str, Any]:
    """What resuming needs and Keras does not know: seed, epochs, steps, class names."""
    run, names = model._training_run, model.class_names
    return {
        "seed": run.seed,
        "epochs_trained": run.epochs,
        "steps_trained": run.steps,
        "class_names": list(names) if _are_names(names) else None,
    }


def restore_progress(model: Any, state: Mapping[str, Any]) -> None:
    """Takes over what `progress_state` gave; entries of another kind are left alone."""
    for entry, name in (("seed", "seed"), ("epochs_trained", "epochs"), ("steps_trained", "steps")):
        value = state.get(entry)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            setattr(model._training_run, name, value)
    if _are_names(names := state.get("class_names")):
        model.class_names = names


def _are_names(value: Any) -> bool:
    """Whether these are names of classes, and not what a program of the user's keeps under this name."""
    return isinstance(value, (list, tuple, np.ndarray)) and all(isinstance(name, str) for name in value)
