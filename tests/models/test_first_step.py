"""The first training step of models whose layers are not all built before it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, ops

X, Y = np.ones((4, 3), "float32"), np.zeros((4, 2), "float32")


def _ones(units: int = 2) -> layers.Dense:
    return layers.Dense(units, kernel_initializer="ones")


class Subclassed(kinema.Model):
    """Layers without weights until the first call."""

    def __init__(self) -> None:
        super().__init__()
        self.out = _ones()

    def call(self, inputs: Any) -> Any:
        return self.out(inputs)


class OnDataAlone(Subclassed):
    """A call that zeros do not get through."""

    def call(self, inputs: Any) -> Any:
        assert np.asarray(inputs).any()
        return self.out(inputs)


class InTrainingAlone(Subclassed):
    """A layer that only training uses."""

    def __init__(self) -> None:
        super().__init__()
        self.more = _ones()

    def call(self, inputs: Any, training: bool = False) -> Any:
        outputs = self.out(inputs)
        return self.more(outputs) if training else outputs


def begun_with_a_built_model() -> kinema.Sequential:
    entry = kinema.Input((3,))
    return kinema.Sequential([kinema.Model(entry, _ones(3)(entry)), _ones()])


def begun_with_a_called_layer() -> kinema.Sequential:
    first = _ones(3)
    first(X)
    return kinema.Sequential([first, _ones()])


MODELS: list[Callable[[], Any]] = [
    Subclassed, OnDataAlone, InTrainingAlone, begun_with_a_built_model, begun_with_a_called_layer,
]  # fmt: skip


@pytest.mark.parametrize("by_methods", [False, True])
@pytest.mark.parametrize("make", MODELS)
def test_the_first_step_counts(make: Callable[[], Any], by_methods: bool) -> None:
    model = make()
    if by_methods:  # what a metric of its own asks for
        model.kept = kinema.metrics.Mean()
    model.compile(kinema.optimizers.Adam(0.01), "mse")
    for step in range(1, 4):
        model.fit(X, Y, verbose=0)
        for weight in model.weights:
            begin = float(weight.name == "kernel")
            np.testing.assert_allclose(weight.numpy(), begin - 0.01 * step, atol=1e-4)
    assert model.built
    assert len(model.optimizer.variables) == 2 + 2 * len(model.weights)


def test_callbacks_find_the_weights_before_the_first_step() -> None:
    seen: list[int] = []

    class Look(kinema.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append(len(self.model.weights))

    model = Subclassed()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, callbacks=[Look()])
    assert seen == [2]


def test_built_cells_in_a_sequential_of_clips() -> None:
    cells = kinema.Sequential([layers.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    model = kinema.Sequential([layers.TimeDistributed(cells), layers.LSTM(2), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = cells.get_weights()
    model.fit(np.ones((2, 3, 4, 4, 1), "float32"), np.ones((2, 1), "float32"), verbose=0)
    assert any((old != new).any() for old, new in zip(before, cells.get_weights(), strict=True))


def test_the_call_on_zeros_leaves_weights_alone() -> None:
    class Counting(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.steps = layers.LSTM(2, stateful=True), layers.Dense(2)
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

        def call(self, inputs: Any) -> Any:
            self.calls.assign_add(1.0)
            self.add_loss(ops.sum(inputs) * 0.0 + 5.0)
            return self.steps(self.inner(inputs))

    layer = Counting()
    layer.ensure_built((None, 4, 3))
    assert len(layer.weights) == 6
    assert float(layer.calls.numpy()) == 0.0
    assert layer.inner.states is None
    assert layer.losses == []
    layer(np.ones((2, 4, 3), "float32"))
    assert [float(loss) for loss in layer.losses] == [5.0]


def test_build_makes_the_weights_of_a_subclass() -> None:
    model = Subclassed()
    model.build((None, 3))
    assert model.built
    assert [weight.shape for weight in model.weights] == [(3, 2), (2,)]


def test_a_layer_that_others_build_counts_as_built() -> None:
    class Inner(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.gain = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gain")

        def call(self, inputs: Any) -> Any:
            return inputs * self.gain

    layer = Inner()
    layer.build((None, 3))
    layer(X)
    assert len(layer.weights) == 1
