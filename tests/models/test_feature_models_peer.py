"""Scripts that ask layers for their outputs, beside real Keras 3, from the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema

keras: Any = pytest.importorskip("keras")
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

FRAMES = np.random.default_rng(0).random((3, 10, 10, 2), "float32")


def _classifier(library: Any) -> Any:
    layers = library.layers
    return library.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def _features(library: Any, model: Any) -> Any:
    outputs = [layer.output for layer in model.layers]
    return library.Model(model.inputs, outputs).predict(FRAMES, verbose=0)


def every_layer(library: Any, same: Callable[[Any], Any]) -> Any:
    model = _classifier(library)
    model(FRAMES)
    return _features(library, same(model))


def another_head(library: Any, same: Callable[[Any], Any]) -> Any:
    model = _classifier(library)
    model.build((None, *FRAMES.shape[1:]))
    before = _features(library, same(model))
    model.pop()
    model.add(library.layers.Dense(5))
    return before + _features(library, same(model))


def logits(library: Any, same: Callable[[Any], Any]) -> Any:
    model = _classifier(library)
    model(FRAMES)
    before = _features(library, same(model))
    model.layers[-1].activation = library.activations.linear
    return before + _features(library, model)


def a_line_in_a_graph(library: Any, same: Callable[[Any], Any]) -> Any:
    base = library.Sequential([library.Input(FRAMES.shape[1:]), *_classifier(library).layers[:3]], name="base")
    entry = library.Input(FRAMES.shape[1:])
    model = same(library.Model(entry, library.layers.Dense(2)(base(entry))))
    part = library.Model(model.input, model.get_layer("base").output)
    return [part.predict(FRAMES, verbose=0), model.predict(FRAMES, verbose=0), *_features(library, base)]


def a_line_in_a_line(library: Any, same: Callable[[Any], Any]) -> Any:
    base = library.Sequential([library.Input(FRAMES.shape[1:]), *_classifier(library).layers[:3]], name="base")
    model = same(library.Sequential([library.Input(FRAMES.shape[1:]), base, library.layers.Dense(2)]))
    return _features(library, model) + _features(library, base)


def two_calls(library: Any, same: Callable[[Any], Any]) -> Any:
    entry = library.Input(FRAMES.shape[1:])
    shared = library.layers.Conv2D(2, 3)
    model = same(library.Model(entry, [shared(entry), shared(entry * 2.0)]))
    return [library.Model(entry, shared.output).predict(FRAMES, verbose=0), *model.predict(FRAMES, verbose=0)]


@pytest.mark.parametrize("script", [every_layer, another_head, logits, a_line_in_a_graph, a_line_in_a_line, two_calls])
def test_a_script_gives_the_same(script: Callable[..., Any]) -> None:
    kept: list[Any] = []

    def keep(model: Any) -> Any:
        kept.append(model.get_weights())
        return model

    def give(model: Any) -> Any:
        model.set_weights(kept.pop(0))
        return model

    ours = script(kinema, keep)
    theirs = script(keras, give)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
