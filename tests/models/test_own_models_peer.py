"""Models with steps, losses, inputs and outputs of their own beside real Keras 3, from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema

keras: Any = pytest.importorskip("keras")
tensorflow: Any = pytest.importorskip("tensorflow")
# TensorFlow converts its variables in a way that NumPy 2 deprecates; steps without targets have no metrics to fill.
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

SAMPLES = 12
RNG = np.random.default_rng(0)
X, SOUND = (RNG.random((SAMPLES, width)).astype("float32") for width in (5, 3))
WORD = np.eye(2, dtype="float32")[np.arange(SAMPLES) % 2]
LOUD = RNG.random((SAMPLES, 1)).astype("float32")
WEIGHTS = RNG.random(SAMPLES).astype("float32")


def _tape(library: Any) -> Any:
    return library.GradientTape if library is kinema else tensorflow.GradientTape


def _fit(model: Any, *data: Any, **settings: Any) -> Any:
    history = model.fit(*data, batch_size=5, epochs=2, shuffle=False, verbose=0, **settings).history
    return history, model.get_weights()


def _net(library: Any, inputs: int = 5, units: int = 1) -> Any:
    layers = library.layers
    return library.Sequential([library.Input((inputs,)), layers.Dense(4, activation="tanh"), layers.Dense(units)])


class _Weights:
    """Gives the second library the weights of the first, model by model."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._next = 0

    def __call__(self, model: Any) -> Any:
        if self._next == len(self._kept):
            self._kept.append([np.array(weight) for weight in model.get_weights()])
        else:
            model.set_weights(self._kept[self._next])
        self._next += 1
        return model

    def again(self) -> None:
        self._next = 0


def own_train_step(library: Any, same: Any) -> Any:
    class Own(library.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            x, y, weight = library.utils.unpack_x_y_sample_weight(data)
            with _tape(library)() as tape:
                loss = self.compute_loss(x=x, y=y, y_pred=(y_pred := self(x, training=True)), sample_weight=weight)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            for metric in self.metrics:
                metric.update_state(*([loss] if metric.name == "loss" else [y, y_pred]))
            return {metric.name: metric.result() for metric in self.metrics}

    entry = library.Input((5,))
    model = same(Own(entry, _net(library)(entry)))
    model.compile("adam", "mse", metrics=["mae"])
    return _fit(model, X, LOUD), _fit(model, X, LOUD, sample_weight=WEIGHTS, validation_data=(X, LOUD))


def autoencoder(library: Any, same: Any) -> Any:
    ops = library.ops

    class Coder(library.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = same(_net(library, 5, 2)), same(_net(library, 2, 5))
            self.total = library.metrics.Mean(name="total_loss")
            self.size = library.metrics.Mean(name="size")

        @property
        def metrics(self) -> Any:
            return [self.total, self.size]

        def train_step(self, data: Any) -> Any:
            with _tape(library)() as tape:
                code = self.encoder(data)
                error = ops.mean(ops.sum(ops.square(data - self.decoder(code)), axis=1))
                size = ops.mean(ops.square(code))
                total = error + 0.1 * size
            weights = self.trainable_weights
            self.optimizer.apply_gradients(zip(tape.gradient(total, weights), weights, strict=True))
            self.total.update_state(total)
            self.size.update_state(size)
            return {"total_loss": self.total.result(), "size": self.size.result()}

    model = Coder()
    model.compile(optimizer=library.optimizers.Adam(0.01))
    return _fit(model, X)


def default_steps_called(library: Any, same: Any) -> Any:
    class Own(library.Sequential):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

        def test_step(self, data: Any) -> Any:
            return {**super().test_step(data), "more": 1.0}

        def predict_step(self, data: Any) -> Any:
            return super().predict_step(data) * 2.0

    net = library.layers
    model = same(Own([library.Input((5,)), net.Dense(4, activation="tanh", kernel_regularizer="l2"), net.Dense(1)]))
    model.compile("adam", "mse", metrics=["mae"])
    fitted = _fit(model, X, LOUD, class_weight={0: 2.0, 1: 0.5})
    return fitted, model.evaluate(X, LOUD, batch_size=6, verbose=0), model.predict(X, verbose=0)


def own_loss_and_metrics(library: Any, same: Any) -> Any:
    ops = library.ops

    class Own(library.Sequential):  # type: ignore[misc]
        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            return ops.mean(ops.square(y - y_pred)) * (3.0 if training else 1.0)

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return {"largest": ops.max(y_pred), **super().compute_metrics(x, y, y_pred, sample_weight)}

    model = same(Own([library.Input((5,)), library.layers.Dense(4, activation="tanh"), library.layers.Dense(1)]))
    model.compile("adam", "mse", metrics=["mae"])
    return _fit(model, X, LOUD, validation_data=(X, LOUD))


def not_reduced(library: Any, same: Any) -> Any:
    model = same(_net(library, units=2))
    model.compile(library.optimizers.SGD(0.01), library.losses.MeanSquaredError(reduction="none"))
    return _fit(model, X[:10], WORD[:10])


def _two(library: Any, same: Any, kind: Any, data: Any, **arguments: Any) -> Any:
    layers = library.layers

    class Two(library.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.word, self.loud = layers.Dense(2, activation="softmax"), layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return kind(self.word(inputs), self.loud(inputs))

    model = Two()
    model(X[:10])
    same(model)
    model.compile("adam", **arguments)
    fitted = _fit(model, X[:10], data)
    return fitted, model.evaluate(X[:10], data, verbose=0, return_dict=True), model.predict(X, batch_size=7, verbose=0)


def outputs_in_a_tuple(library: Any, same: Any) -> Any:
    losses = ["categorical_crossentropy", "mse"]
    data = [WORD[:10], LOUD[:10]]
    metrics = [["accuracy"], ["mae", "mse"]]
    return _two(library, same, lambda a, b: (a, b), data, loss=losses, metrics=metrics, loss_weights=[0.5, 2.0])


def outputs_in_a_list(library: Any, same: Any) -> Any:
    return _two(library, same, lambda a, b: [a, b], (WORD[:10], LOUD[:10]), loss="mse", metrics=["mae", "mae"])


def outputs_in_a_dict(library: Any, same: Any) -> Any:
    return _two(
        library, same, lambda a, b: {"word": a, "loud": b}, {"word": WORD[:10], "loud": LOUD[:10]},
        loss={"word": "categorical_crossentropy", "loud": "mse"}, metrics={"loud": "mae", "word": ["accuracy"]},
        loss_weights={"word": 0.5, "loud": 2.0},
    )  # fmt: skip


def _inputs(library: Any, same: Any, data: Any) -> Any:
    named = isinstance(data, dict)

    class Both(library.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.out = library.layers.Dense(2, activation="softmax")

        def call(self, inputs: Any) -> Any:
            frames, sound = (inputs["frames"], inputs["sound"]) if named else inputs
            return self.out(library.ops.concatenate([frames, sound], axis=-1))

    model = Both()
    model(data)
    same(model)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return _fit(model, data, WORD), model.predict(data, verbose=0), model.evaluate(data, WORD, verbose=0)


def inputs_in_a_list(library: Any, same: Any) -> Any:
    return _inputs(library, same, [X, SOUND])


def inputs_in_a_dict(library: Any, same: Any) -> Any:
    return _inputs(library, same, {"frames": X, "sound": SOUND})


def metrics_of_a_name(library: Any, same: Any) -> Any:
    model = same(_net(library, units=2))
    model.compile("sgd", "mse", metrics=["mae", "mae"], weighted_metrics=["mae", "mse"])
    return model.evaluate(X, WORD, sample_weight=WEIGHTS, verbose=0, return_dict=True)


CASES = [
    own_train_step, autoencoder, default_steps_called, own_loss_and_metrics, not_reduced, outputs_in_a_tuple,
    outputs_in_a_list, outputs_in_a_dict, inputs_in_a_list, inputs_in_a_dict, metrics_of_a_name,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_same_as_keras(case: Any) -> None:
    same = _Weights()
    expected = case(keras, same)
    same.again()
    _assert_close(case(kinema, same), expected)


def _assert_close(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            _assert_close(found[name], value)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            _assert_close(one, other)
    else:
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)
