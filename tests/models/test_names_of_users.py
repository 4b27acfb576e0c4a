"""Attributes and methods of users' classes, whatever their names: Kinema does not take them for its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers

CLIPS = np.random.default_rng(0).random((4, 3, 8, 8, 2), "float32")
X = np.ones((4, 3), "float32")


def _method(*_: Any) -> str:
    return "the user's"


VALUES: list[Any] = [3, (3, 3), "gaussian", [1, 2], {"a": 1}, None, _method]


class OnFrames(layers.Layer):
    """A layer in the midst of a video model."""

    frame_rank = 4

    def __init__(self, name_of_attribute: str, value: Any) -> None:
        super().__init__()
        setattr(self, name_of_attribute, value)

    def call(self, inputs: Any) -> Any:
        return inputs * 2.0


@pytest.mark.parametrize("name", ["kernel", "plan", "graph_plan", "graph", "layer", "links", "running_layers"])
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_attributes_of_layers(name: str, value: Any) -> None:
    entry = kinema.Input(CLIPS.shape[1:])
    seen = layers.Flatten()(OnFrames(name, value)(layers.Conv2D(2, 3)(entry)))
    graph = kinema.Model(entry, layers.LSTM(1)(seen))
    line = kinema.Sequential(
        [
            layers.Input(CLIPS.shape[1:]),
            OnFrames(name, value),
            layers.Conv2D(2, 3),
            OnFrames(name, value),
            layers.Flatten(),
            layers.LSTM(1),
        ]
    )
    for model in (graph, line):
        model.compile("sgd", "mse")
        model.predict(CLIPS, verbose=0)
        model.summary(print_fn=lambda text: None, expand_nested=True)
        model.get_config()


class Classifier(kinema.Model):
    """A model of the user's own, with an attribute."""

    def __init__(self, name_of_attribute: str, value: Any) -> None:
        super().__init__()
        setattr(self, name_of_attribute, value)
        self.out = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.out(inputs)


@pytest.mark.parametrize("name", ["kernel", "plan", "graph", "layer", "running_layers", "open_run", "is_lifted"])
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_attributes_of_models(name: str, value: Any, tmp_path: Any) -> None:
    inner, model = Classifier(name, value), Classifier(name, value)
    line = kinema.Sequential([layers.Input((3,)), inner, layers.Dense(1)])
    for one in (model, line):
        one.compile("sgd", "mse")
        one.fit(X, X[:, :1], verbose=0)
        one.summary(print_fn=lambda text: None, expand_nested=True, layer_range=[one.layers[0].name] * 2)
        one.save_weights(tmp_path / "one.weights.h5")
        one.load_weights(tmp_path / "one.weights.h5")
    if value != VALUES[-1]:  # a function is not to be found again
        model.save(tmp_path / "one.h5")
        model.load_weights(tmp_path / "one.h5", by_name=True)
    kinema.models.clone_model(line, clone_function=lambda layer: layer).summary(print_fn=lambda text: None)


OWN_NAMES = ["forward", "ports", "compiled", "seed", "batch_shape", "epochs_trained", "steps_trained", "class_names"]


@pytest.mark.parametrize("name", OWN_NAMES)
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_attributes_that_training_leaves_alone(name: str, value: Any, tmp_path: Any) -> None:
    class Early(Classifier):
        def __init__(self) -> None:
            setattr(self, name, value)
            kinema.Model.__init__(self)
            self.out = layers.Dense(1)

    for model in (Classifier(name, value), Early()):
        assert getattr(model, name) == value
        model.compile("sgd", "mse")
        model.fit(X, X[:, :1], verbose=0)
        model.evaluate(X, X[:, :1], verbose=0)
        model.predict(X, verbose=0)
        model.train_on_batch(X, X[:, :1])
        model.save(tmp_path / "model.keras")
        assert getattr(model, name) == (True if name == "compiled" else value)


@pytest.mark.parametrize("name", ["seed", "batch_shape", "epochs_trained", "steps_trained"])
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_attributes_of_lines_and_graphs(name: str, value: Any) -> None:
    entry = kinema.Input((3,))
    for model in (kinema.Sequential([layers.Dense(1)]), kinema.Model(entry, layers.Dense(1)(entry))):
        setattr(model, name, value)
        model.compile("sgd", "mse")
        model.fit(X, X[:, :1], verbose=0)
        assert getattr(model, name) == value
        nested = kinema.Sequential([model, layers.Dense(1)])
        nested.build((None, 3))


@pytest.mark.parametrize("base", ["free", "line", "graph"])
def test_methods_that_training_leaves_alone(base: str) -> None:
    class Methods:
        def forward(self, inputs: Any) -> Any:
            return self.out(inputs)  # type: ignore[attr-defined]

        def ports(self) -> str:
            return "the user's"

        def seed(self, number: int) -> int:
            return number

    class Free(Methods, kinema.Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.forward(inputs)

    class Line(Methods, kinema.Sequential):
        pass

    class Graph(Methods, kinema.Model):
        pass

    entry = kinema.Input((3,))
    model: Any = {
        "free": Free,
        "line": lambda: Line([layers.Dense(1)]),
        "graph": lambda: Graph(entry, layers.Dense(1)(entry)),
    }[base]()
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    model.evaluate(X, X[:, :1], verbose=0)
    assert model.predict(X, verbose=0).shape == (4, 1)
    assert model.ports() == "the user's"
    assert model.seed(3) == 3


def test_what_is_set_before_the_base_class_stays() -> None:
    class Early(kinema.Model):
        def __init__(self) -> None:
            self.class_names = ["a", "b"]
            self.stop_training = "maybe"
            self.history = []
            super().__init__()

    model = Early()
    assert (model.class_names, model.stop_training, model.history) == (["a", "b"], "maybe", [])
    fresh = Classifier("kernel", 1)
    assert (fresh.class_names, fresh.stop_training, fresh.history, fresh.optimizer, fresh.compiled) == (
        None, False, None, None, False,
    )  # fmt: skip
