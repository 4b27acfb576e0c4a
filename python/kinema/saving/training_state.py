"""What a file says about training beyond the layers: optimizer, loss, metrics, seed, epoch and step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.saving.registry import deserialize_keras_object, serialize_keras_object

#: Arguments of `compile` that Keras writes and that change nothing here.
_SWITCHES = {"run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}


def compile_config(model: Any) -> dict[str, Any] | None:
    """The arguments of `compile` as plain values, None for a model that is not compiled."""
    if not model.compiled:
        return None
    arguments = {name: serialize_keras_object(value) for name, value in model._compile_arguments.items()}
    switches = {name: getattr(model, name) for name in _SWITCHES}
    return {"optimizer": serialize_keras_object(model.optimizer), **arguments, **switches}


def compile_from_config(model: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> None:
    """Compiles a model as a file says."""
    names = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
    switches = {name: config[name] for name, usual in _SWITCHES.items() if config.get(name, usual) != usual}
    model.compile(**{name: deserialize_keras_object(config.get(name), custom_objects) for name in names}, **switches)


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
