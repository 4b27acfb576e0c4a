"""What a file says about training beyond the layers: optimizer, loss, metrics, seed, epoch and step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.saving.registry import (
    builtin_objects,
    deserialize_keras_object,
    get_registered_object,
    serialize_keras_object,
)

#: Arguments of `compile` that Keras writes and that change nothing here.
_SWITCHES = {"run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}

#: Where the names of what `compile` takes are looked up.
_MODULES = {
    "optimizer": "keras.optimizers",
    "loss": "keras.losses",
    "metrics": "keras.metrics",
    "weighted_metrics": "keras.metrics",
}


def compile_config(model: Any) -> dict[str, Any] | None:
    """The arguments of `compile` as plain values, None for a model that is not compiled."""
    if not model.compiled:
        return None
    arguments = {name: serialize_keras_object(value) for name, value in model._compile_arguments.items()}
    switches = {name: getattr(model, name) for name in _SWITCHES}
    return {"optimizer": serialize_keras_object(model.optimizer), **arguments, **switches}


def compile_from_config(model: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> None:
    """Compiles a model as a file says."""
    arguments = {
        name: _with_own(
            deserialize_keras_object(config.get(name), custom_objects, expected=module), module, custom_objects
        )
        for name, module in _MODULES.items()
    }
    switches = {name: config[name] for name, usual in _SWITCHES.items() if config.get(name, usual) != usual}
    model.compile(loss_weights=deserialize_keras_object(config.get("loss_weights")), **arguments, **switches)


def _with_own(argument: Any, module: str, custom_objects: Mapping[str, Any]) -> Any:
    """An argument of `compile` with the user's objects in the place of their names, which mean nothing later on."""
    if isinstance(argument, (list, tuple)):
        return [_with_own(item, module, custom_objects) for item in argument]
    if isinstance(argument, dict):
        return {name: _with_own(item, module, custom_objects) for name, item in argument.items()}
    if isinstance(argument, str) and (argument in custom_objects or argument not in builtin_objects(module)):
        return get_registered_object(argument, custom_objects) or argument
    return argument


def progress_state(model: Any) -> dict[str, Any]:
    """What resuming needs and Keras does not know: seed, epochs, steps, class names."""
    return {
        "seed": model.seed,
        "epochs_trained": model.epochs_trained,
        "steps_trained": model.steps_trained,
        "class_names": model.class_names,
    }


def restore_progress(model: Any, state: Mapping[str, Any]) -> None:
    """Takes over what `progress_state` gave; entries of another kind are left alone."""
    for name in ("seed", "epochs_trained", "steps_trained"):
        value = state.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            setattr(model, name, value)
    names = state.get("class_names")
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        model.class_names = names
