"""Where each variable of a model stands in a Keras 3 weights file: groups named by class, attribute and number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kinema.autograd import Variable
from kinema.layers import GRU, LSTM, SimpleRNN
from kinema.layers.layer import Layer
from kinema.layers.naming import snake_case


def weight_groups(layer: Any, path: str = "") -> Iterator[tuple[str, Layer, list[Variable]]]:
    """Every layer with the path of its group and the variables that stand there, from the model down.

    Args:
        layer: The model, or a layer inside it.
        path: The path of its group, empty for the model.
    """
    yield _join(path, "cell") if isinstance(layer, (GRU, LSTM, SimpleRNN)) else path, layer, own_variables(layer)
    for name, child in _children(layer):
        yield from weight_groups(child, _join(path, name))


def own_variables(layer: Layer) -> list[Variable]:
    """A layer's variables without those of its sublayers: trainable ones first."""
    inner = {id(weight) for child in layer._layers for weight in child.weights}
    return [weight for weight in layer.weights if id(weight) not in inner]


def _children(layer: Any) -> Iterator[tuple[str, Layer]]:
    if hasattr(layer, "running_layers"):
        for name, child in _numbered(layer.running_layers):
            yield _join("layers", name), child
        return
    for attribute, value in sorted(vars(layer).items()):
        if attribute.startswith("_"):
            continue
        if isinstance(value, Layer):
            yield attribute, value
        elif isinstance(value, (list, tuple)):
            for name, child in _numbered([item for item in value if isinstance(item, Layer)]):
                yield _join(attribute, name), child


def _numbered(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Layers of a list by class: "dense", "dense_1", ..."""
    seen: dict[str, int] = {}
    for layer in layers:
        name = snake_case(type(layer).__name__)
        count = seen.get(name, 0)
        seen[name] = count + 1
        yield (f"{name}_{count}" if count else name), layer


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
