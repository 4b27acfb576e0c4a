"""Where each variable of a model stands in a Keras 3 weights file: groups named by class, attribute and number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kinema.autograd import Variable
from kinema.layers import GRU, LSTM, SimpleRNN
from kinema.layers.layer import Layer
from kinema.layers.naming import snake_case


def weight_groups(model: Any) -> Iterator[tuple[str, Layer, list[Variable]]]:
    """Every layer with the path of its group and the variables that stand there, from the model down.

    A layer that is reached twice stands where it is reached first.

    Args:
        model: The model, or a layer.
    """
    yield from _groups(model, "", set())


def own_variables(layer: Any) -> list[Variable]:
    """A layer's variables without those of its sublayers: trainable ones first."""
    return sorted(layer._variables, key=lambda variable: not variable.declared_trainable)


def _groups(item: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Layer, list[Variable]]]:
    """The groups of a layer, or of the layers in a list or dict, without those seen before."""
    if isinstance(item, Layer):
        if id(item) not in seen:
            seen.add(id(item))
            yield _join(path, "cell") if isinstance(item, (GRU, LSTM, SimpleRNN)) else path, item, own_variables(item)
            for name, value in _attributes(item):
                yield from _groups(value, _join(path, name), seen)
    elif isinstance(item, (list, tuple, dict)) and id(item) not in seen:  # unless it holds itself
        seen.add(id(item))
        for name, value in _numbered(item):
            yield from _groups(value, _join(path, name), seen)
        seen.remove(id(item))


def _attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    """What may hold sublayers: a model's line or graph, then attributes by name, private ones last."""
    base: Any = next(cls for cls in type(layer).__mro__ if "_internal_names" in vars(cls))
    own = set(dir(layer)) - set(dir(base)) - base._internal_names
    if hasattr(base, "running_layers"):
        yield "layers", layer.running_layers if layer.built else layer.layers
    elif hasattr(base, "layers"):
        own.add("layers")
    for name in sorted(own, key=lambda name: (name.startswith("_"), name)):
        try:
            yield name, getattr(layer, name)
        except Exception:  # a property of the user's that cannot be asked now
            continue


def _numbered(container: Any) -> Iterator[tuple[str, Any]]:
    """The layers and containers in a list or dict by kind: "dense", "dense_1", "container", ..."""
    counts: dict[str, int] = {}
    for item in container.values() if isinstance(container, dict) else container:
        if not isinstance(item, (Layer, list, tuple, dict)):
            continue
        name = snake_case(type(item).__name__) if isinstance(item, Layer) else "container"
        count = counts.get(name, 0)
        counts[name] = count + 1
        yield (f"{name}_{count}" if count else name), item


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
