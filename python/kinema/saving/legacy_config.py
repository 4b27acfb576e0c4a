"""Architectures as `.h5` files of Keras 1 to 3 spell them, and as Kinema and Keras 3 do."""

from __future__ import annotations

import re
from typing import Any

#: Arguments that old versions wrote and that change nothing at these values.
_NO_OPS = {
    "time_major": (False, None),
    "ragged": (False, None),
    "sparse": (False, None),
    "implementation": (0, 1, 2),
    "unroll": (True, False),
}


def legacy_config(config: dict[str, Any]) -> dict[str, Any]:
    """A serialized Sequential as `.h5` files hold it: layers are class name and config alone."""
    inner = dict(config["config"])
    if _lists_layers(inner):
        inner["layers"] = [legacy_config(layer) for layer in inner["layers"]]
    call: dict[str, Any] = {key: config[key] for key in ("name", "inbound_nodes") if key in config}
    return {"class_name": config["class_name"], "config": inner, **call}


def modern_config(config: dict[str, Any], keras_version: str) -> dict[str, Any]:
    """The description in an `.h5` file in today's form.

    Args:
        config: What the file's `model_config` says.
        keras_version: The version of Keras that wrote it; decides what defaults and `hard_sigmoid` meant.
    """
    major = _major(keras_version)
    inner = config.get("config")
    if isinstance(inner, list):  # Keras up to 2.2.2: a Sequential is the list of its layers
        inner = {"name": "sequential", "layers": inner}
    inner = dict(inner or {})
    for name in ("layers", "cells"):
        if isinstance(inner.get(name), list) and (name == "cells" or _lists_layers(inner)):
            inner[name] = [modern_config(layer, keras_version) for layer in inner[name]]
    for name in ("layer", "backward_layer", "cell"):
        if isinstance(inner.get(name), dict):
            inner[name] = modern_config(inner[name], keras_version)
    if major < 3:
        _modernise_layer(str(config.get("class_name")), inner, keras_version)
    if config.get("class_name") == "Identity":  # an initializer has that name too, and `.h5` files name no modules
        config = {**config, "module": "keras.layers"}
    return {**config, "config": inner}


def _lists_layers(config: dict[str, Any]) -> bool:
    """Whether `layers` are those of a model, and no argument of a class of the user's."""
    layers = config.get("layers")
    return isinstance(layers, list) and all(isinstance(layer, dict) and "class_name" in layer for layer in layers)


def _modernise_layer(class_name: str, config: dict[str, Any], keras_version: str) -> None:
    for name, harmless in _NO_OPS.items():
        if name in config and config[name] in harmless:
            del config[name]
    if class_name == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    if isinstance(config.get("axis"), list) and len(config["axis"]) == 1 and class_name == "BatchNormalization":
        config["axis"] = config["axis"][0]
    if (
        class_name.removesuffix("Cell") in ("LSTM", "GRU")
        and "recurrent_activation" not in config
        and _before(keras_version, (2, 3))
    ):
        config["recurrent_activation"] = "hard_sigmoid"
    for name in ("activation", "recurrent_activation"):
        if config.get(name) == "hard_sigmoid":
            config[name] = "hard_sigmoid_legacy"


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found.group()) if found else 1


def _before(version: str, limit: tuple[int, int]) -> bool:
    numbers = [int(part) for part in re.findall(r"\d+", version)[:2]]
    return tuple(numbers) < limit
