"""Compile, fit, evaluate, predict."""

import os
import signal
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import callbacks, layers, losses, optimizers
from kinema.errors import ArgumentError, DataError, DTypeError, NonFiniteError, NotBuiltError


def _classifier(**compile_arguments: object) -> kinema.Sequential:
    kinema.utils.set_random_seed(0)
    model = kinema.Sequential(
        [layers.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")]
    )
    arguments = {"optimizer": optimizers.Adam(0.05), "loss": "categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**{**arguments, **compile_arguments})
    return model


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 96)
    return (rng.normal(size=(96, 4)) + 3 * np.eye(4)[labels]).astype("float32"), np.eye(3, dtype="float32")[labels]


def test_training_learns_and_reports(data: tuple[np.ndarray, np.ndarray]) -> None:
    model = _classifier()
    history = model.fit(*data, epochs=8, batch_size=16, validation_split=0.25, verbose=0)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.epoch == list(range(8))
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert history.history["val_accuracy"][-1] > 0.8
    loss, accuracy = model.evaluate(*data, verbose=0)
    assert model.metrics_names == ["loss", "accuracy"]
    assert model.evaluate(*data, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    predictions = model.predict(data[0], verbose=0)
    assert accuracy == pytest.approx((predictions.argmax(1) == data[1].argmax(1)).mean())


def test_two_runs_with_one_seed_are_the_same_bits(data: tuple[np.ndarray, np.ndarray]) -> None:
    runs = []
    for _ in range(2):
        model = _classifier()
        model.fit(*data, epochs=2, batch_size=10, verbose=0)
        runs.append(model.get_weights())
    for first, second in zip(*runs, strict=True):
        np.testing.assert_array_equal(first, second)


def test_updating_at_once_and_collecting_give_the_same_bits(
    data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for collect in (False, True):
        model = _classifier()
        if collect:
            monkeypatch.setattr(type(model.optimizer), "needs_all_gradients", True)
        model.fit(*data, epochs=2, batch_size=10, verbose=0)
        results.append(model.get_weights())
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


def test_class_weights_weigh_samples(data: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = data
    weights = {0: 2.0, 2: 0.5}
    by_class = np.where(y.argmax(1) == 0, 2.0, np.where(y.argmax(1) == 2, 0.5, 1.0))
    one, two, sparse = _classifier(), _classifier(), _classifier(loss="sparse_categorical_crossentropy")
    one.fit(x, y, class_weight=weights, verbose=0, shuffle=False)
    two.fit(x, y, sample_weight=by_class, verbose=0, shuffle=False)
    sparse.fit(x, y.argmax(1), class_weight=weights, verbose=0, shuffle=False)
    for a, b, c in zip(one.get_weights(), two.get_weights(), sparse.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-6, atol=1e-7)


def test_one_batch_at_a_time(data: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = data
    model = _classifier()
    before = model.test_on_batch(x, y, return_dict=True)
    first = model.train_on_batch(x, y, return_dict=True)
    assert first["loss"] == pytest.approx(before["loss"], rel=1e-6)
    assert model.train_on_batch(x, y)[0] < first["loss"]
    assert model.predict_on_batch(x).shape == (96, 3)


def test_predictions_belong_to_the_caller(data: tuple[np.ndarray, np.ndarray]) -> None:
    model = _classifier()
    kept = model.predict_on_batch(data[0])
    copy = kept.copy()
    kept[0] = kept[0]
    for _ in range(3):
        model.predict_on_batch(data[0] + 1)
    np.testing.assert_array_equal(kept, copy)


def test_a_loss_that_is_not_finite_leaves_the_weights_as_they_were(data: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = data
    model = _classifier()
    before = model.get_weights()
    broken = x.copy()
    broken[5, 0] = np.nan
    with pytest.raises(NonFiniteError, match=r"the loss became nan at step 1 \(x contains NaN"):
        model.fit(broken, y, verbose=0, batch_size=96)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_terminate_on_nan_ends_without_an_error(data: tuple[np.ndarray, np.ndarray]) -> None:
    model = _classifier()
    history = model.fit(data[0] * np.nan, data[1], epochs=3, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_statistics_of_a_batch_with_nan_are_not_kept() -> None:
    model = kinema.Sequential([layers.Input((3,)), layers.BatchNormalization(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(NonFiniteError):
        model.train_on_batch(np.full((4, 3), np.nan, "float32"), np.zeros((4, 1)))
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


class _Interrupt(callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if batch == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_leaves_a_usable_model(data: tuple[np.ndarray, np.ndarray]) -> None:
    model = _classifier()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data, epochs=3, batch_size=8, verbose=0, callbacks=[_Interrupt()])
    assert model._training_run.steps == 3
    assert np.isfinite(model.evaluate(*data, verbose=0)[0])
    model.fit(*data, epochs=1, batch_size=8, verbose=0)


def test_regularisers_and_added_losses_count() -> None:
    model = kinema.Sequential([layers.Input((2,)), layers.Dense(1, kernel_regularizer="l2", use_bias=False)])
    model.compile("sgd", "mse")
    kernel = model.get_weights()[0]
    loss = model.test_on_batch(np.zeros((1, 2), "float32"), np.zeros((1, 1)))
    assert loss == pytest.approx(0.01 * float((kernel**2).sum()), rel=1e-5)


def test_generators_and_steps(data: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = data

    def forever() -> object:
        while True:
            for start in range(0, 96, 16):
                yield x[start : start + 16], y[start : start + 16]

    model = _classifier()
    history = model.fit(forever(), steps_per_epoch=6, epochs=2, verbose=0, validation_data=(x, y))
    assert model._training_run.steps == 12
    assert "val_accuracy" in history.history
    assert len(model.predict(forever(), steps=3, verbose=0)) == 48


def test_what_is_shown_off_a_terminal(data: tuple[np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    _classifier().fit(*data, epochs=2, verbose=1, batch_size=32)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Epoch 1/2 - 3 steps")
    assert "samples/s" in lines[0]
    assert "loss: " in lines[0]
    assert "accuracy: " in lines[0]
    _classifier().fit(*data, verbose=0)
    assert capsys.readouterr().out == ""


def test_users_losses_and_metrics(data: tuple[np.ndarray, np.ndarray]) -> None:
    def my_loss(y_true: object, y_pred: object) -> object:
        return kinema.ops.mean(kinema.ops.square(y_pred - y_true), axis=-1)

    def my_metric(y_true: object, y_pred: object) -> object:
        return kinema.ops.mean(kinema.ops.abs(y_pred - y_true), axis=-1)

    model = _classifier(loss=my_loss, metrics=[my_metric, kinema.metrics.categorical_accuracy, "mse"])
    logs = model.fit(*data, verbose=0).history
    assert set(logs) == {"loss", "my_metric", "categorical_accuracy", "mse"}
    reference = _classifier(loss=losses.MeanSquaredError())
    assert logs["loss"][0] == pytest.approx(reference.fit(*data, verbose=0).history["loss"][0], rel=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, x, y: m.fit(x, y[:5], verbose=0), DataError, "y has 5 rows and x has 96"),
        (lambda m, x, y: m.fit(x, y * np.nan, verbose=0), DataError, "y contains NaN"),
        (lambda m, x, y: m.fit(x, verbose=0), DataError, "y is missing"),
        (
            lambda m, x, y: m.fit(iter([(x, y)]), validation_split=0.5, verbose=0),
            ArgumentError,
            "validation_split needs arrays",
        ),
        (lambda m, x, y: m.fit(x, y, class_weight=[1, 2], verbose=0), ArgumentError, "class_weight is a dict"),
        (
            lambda m, x, y: m.fit(x, y, class_weight={3: 2.0}, verbose=0),
            ArgumentError,
            "weight for 3, the classes are 0 to 2",
        ),
        (
            lambda m, x, y: m.fit(x, y, class_weight={"a": 2.0}, verbose=0),
            ArgumentError,
            "class_weight has a weight for 'a'",
        ),
        (
            lambda m, x, y: m.fit(x, y, class_weight={1: np.inf}, verbose=0),
            ArgumentError,
            "of class 1 is a finite number",
        ),
        (lambda m, x, y: m.predict(x[:0], verbose=0), DataError, "x has no samples"),
        (lambda m, x, y: m.evaluate(x, y, nonsense=1), ArgumentError, "does not know the argument"),
        (
            lambda m, x, y: m.fit(x, y, sample_weight=np.full(96, np.nan), verbose=0),
            DataError,
            "sample_weight contains NaN",
        ),
        (lambda m, x, y: m.evaluate(x * np.nan, y, verbose=0), DataError, "x contains NaN"),
        (lambda m, x, y: m.predict(x * np.nan, verbose=0), DataError, "x contains NaN"),
        (lambda m, x, y: m.predict_on_batch(x * np.inf), DataError, "x contains NaN or infinite"),
        (lambda m, x, y: m.fit(x, y, validation_data=(x * np.nan, y), verbose=0), DataError, "x contains NaN"),
        (lambda m, x, y: m.fit(None, y), DTypeError, "x is None: give an array"),
        (lambda m, x, y: m.fit("clips", y), DTypeError, "x is of type str: give an array"),
        (lambda m, x, y: m.fit({"clips": x}, y), DTypeError, "x is of type dict: give an array"),
        (lambda m, x, y: m.fit(3.0, y), DTypeError, "x is of type float: give an array"),
        (lambda m, x, y: m.fit(x, y, epochs=-1), ArgumentError, "epochs is an integer of at least 0, not -1"),
        (lambda m, x, y: m.fit(x, y, epochs="3"), ArgumentError, "epochs is an integer of at least 0, not '3'"),
        (lambda m, x, y: m.fit(x, y, initial_epoch=0.5), ArgumentError, "initial_epoch is an integer"),
        (lambda m, x, y: m.fit(x, y, steps_per_epoch=0), ArgumentError, "the number of steps is a positive integer"),
        (lambda m, x, y: m.predict(x, steps=2.5), ArgumentError, "the number of steps is a positive integer, not 2.5"),
        (lambda m, x, y: m.fit(x, y, verbose=3), ArgumentError, r"verbose is 0 \(silent\), 1 .*, not 3"),
        (lambda m, x, y: m.predict(x, verbose="loud"), ArgumentError, "verbose is 0 .* not 'loud'"),
        (lambda m, x, y: m.fit(x, y, validation_split="half"), ArgumentError, "validation_split is a fraction"),
        (lambda m, x, y: m.fit(x, y, callbacks=[3]), DTypeError, "callbacks are objects of .*, not 3"),
        (
            lambda m, x, y: m.fit(x, y, callbacks=[callbacks.TerminateOnNaN]),
            DTypeError,
            r"this is a class, give TerminateOnNaN\(...\)",
        ),
    ],
)
def test_bad_arguments_are_named(call: object, error: type, message: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(error, match=message):
        call(_classifier(), *data)  # type: ignore[operator]


@pytest.mark.parametrize("clip", [{}, {"global_clipnorm": 1.0}])
def test_weights_that_no_gradient_reaches_are_named_once(clip: dict, data: tuple[np.ndarray, np.ndarray]) -> None:
    class LeavesTheTape(layers.Layer):
        def call(self, inputs: object) -> object:
            return kinema.ops.convert_to_tensor(np.tanh(inputs))

    model = kinema.Sequential([layers.Input((4,)), layers.Dense(2, name="first"), LeavesTheTape(), layers.Dense(3)])
    model.compile(optimizers.SGD(**clip), "mse")
    with pytest.warns(UserWarning, match=r"no gradient reaches first/kernel, first/bias, .* kinema\.ops") as warned:
        model.fit(*data, batch_size=32, epochs=2, verbose=0)
    assert len(warned) == 1


def test_a_model_without_layers_says_so(data: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(NotBuiltError, match="has no layers yet"):
        kinema.Sequential().predict(data[0], verbose=0)


def test_a_model_that_is_not_compiled_says_so(data: tuple[np.ndarray, np.ndarray]) -> None:
    model = kinema.Sequential([layers.Dense(3)])
    with pytest.raises(NotBuiltError, match=r"call model.compile"):
        model.fit(*data)


class Steps(kinema.metrics.Metric):
    """A metric that gives its variable as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add(1.0)

    def result(self) -> Any:
        return self.total


def test_a_metric_may_give_its_variable() -> None:
    model = kinema.Sequential([kinema.layers.Input((3,)), kinema.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=[Steps(name="steps")])
    x, y = np.ones((4, 3), "float32"), np.zeros((4, 2), "float32")
    model.fit(x, y, batch_size=2, verbose=0)
    assert model.evaluate(x, y, batch_size=1, verbose=0, return_dict=True)["steps"] == 4.0
