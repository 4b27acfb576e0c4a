"""Losses, weights and metrics of models with several outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, DataError, NotBuiltError

SAMPLES = 12
X = np.random.default_rng(0).normal(size=(SAMPLES, 4)).astype("float32")
WORD = np.arange(SAMPLES) % 3
LOUD = np.random.default_rng(1).normal(size=(SAMPLES, 1)).astype("float32")


def _model(as_dict: bool = False) -> kinema.Model:
    kinema.utils.set_random_seed(3)
    entry = kinema.Input((4,), name="x")
    hidden = layers.Dense(5, activation="tanh", kernel_regularizer="l2")(entry)
    word, loud = layers.Dense(3, activation="softmax", name="word")(hidden), layers.Dense(1, name="loud")(hidden)
    return kinema.Model(entry, {"w": word, "l": loud} if as_dict else [word, loud])


def _compiled(**arguments: Any) -> kinema.Model:
    model = _model()
    model.compile("sgd", **{"loss": ["sparse_categorical_crossentropy", "mse"], **arguments})
    return model


def test_the_loss_is_the_weighted_sum() -> None:
    model = _compiled(loss_weights={"word": 0.5, "loud": 2.0}, metrics={"word": ["accuracy"], "loud": "mae"})
    logs = model.evaluate(X, [WORD, LOUD], verbose=0, return_dict=True)
    assert list(logs) == ["loss", "word_loss", "loud_loss", "loud_mae", "word_accuracy"] == model.metrics_names
    word, loud = model.predict(X, verbose=0)
    np.testing.assert_allclose(logs["word_loss"], -np.log(word[np.arange(SAMPLES), WORD]).mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["loud_loss"], ((loud - LOUD) ** 2).mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["loud_mae"], np.abs(loud - LOUD).mean(), rtol=1e-5)
    assert logs["word_accuracy"] == pytest.approx((word.argmax(1) == WORD).mean())
    penalty = float(model.losses[0])
    np.testing.assert_allclose(logs["loss"], 0.5 * logs["word_loss"] + 2 * logs["loud_loss"] + penalty, rtol=1e-5)


def test_training_follows_the_gradient_of_that_sum() -> None:
    model = _compiled(loss_weights=[0.5, 2.0])
    with kinema.GradientTape() as tape:
        word, loud = model(X, training=True)
        total = (
            kinema.losses.SparseCategoricalCrossentropy()(WORD, word) * 0.5
            + kinema.losses.MeanSquaredError()(LOUD, loud) * 2.0
            + model.losses[0]
        )
    gradients = tape.gradient(total, model.trainable_weights)
    before = model.get_weights()
    model.train_on_batch(X, [WORD, LOUD])
    rate = float(model.optimizer.learning_rate)
    for old, new, gradient in zip(before, model.get_weights(), gradients, strict=True):
        np.testing.assert_allclose(new, old - rate * gradient.numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("targets", [[WORD, LOUD], (WORD, LOUD), {"loud": LOUD, "word": WORD}])
def test_targets_come_in_a_list_or_by_name(targets: Any) -> None:
    model = _compiled()
    expected = _compiled().evaluate(X, [WORD, LOUD], verbose=0)
    assert model.evaluate(X, targets, verbose=0) == expected
    assert model.evaluate([(X, targets)], verbose=0) == expected
    history = model.fit(X, targets, verbose=0, validation_split=0.25, batch_size=4, epochs=2).history
    assert {"loss", "val_loss", "word_loss", "val_loud_loss"} <= set(history)


def test_outputs_in_a_dict() -> None:
    model = _model(as_dict=True)
    model.compile("sgd", {"w": "sparse_categorical_crossentropy", "l": "mse"})
    assert set(model.fit(X, {"w": WORD, "l": LOUD}, verbose=0).history) == {"loss", "w_loss", "l_loss"}
    outputs = model.predict(X, verbose=0, batch_size=5)
    assert {name: array.shape for name, array in outputs.items()} == {"w": (SAMPLES, 3), "l": (SAMPLES, 1)}
    assert model.output_shape == {"w": (None, 3), "l": (None, 1)}


def test_one_loss_and_metric_for_all_outputs() -> None:
    entry = kinema.Input((4,))
    model = kinema.Model(entry, [layers.Dense(2, name="a")(entry), layers.Dense(2, name="b")(entry)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.evaluate(X, [np.zeros((SAMPLES, 2))] * 2, verbose=0)
    assert model.metrics_names == ["loss", "a_loss", "b_loss", "a_mae", "b_mae"]
    model.compile("sgd", "mse", metrics=[["mae"], None])
    model.evaluate(X, [np.zeros((SAMPLES, 2))] * 2, verbose=0)
    assert model.metrics_names == ["loss", "a_loss", "b_loss", "a_mae"]


def test_outputs_without_a_loss() -> None:
    model = _model()
    model.compile("sgd", {"loud": "mse"}, metrics={"word": "accuracy"})
    logs = model.evaluate(X, {"loud": LOUD}, verbose=0, return_dict=True)
    assert "word_loss" not in logs
    assert logs["loss"] > logs["loud_loss"]


def test_metrics_of_an_output_without_targets_are_left_out() -> None:
    model = _model()
    model.compile("sgd", {"loud": "mse"}, metrics={"word": "accuracy", "loud": "mae"})
    first = model.evaluate(X, {"loud": LOUD}, verbose=0, return_dict=True)
    assert list(first) == ["loss", "loud_loss", "loud_mae"]
    assert model.evaluate(X, {"loud": LOUD}, verbose=0, return_dict=True) == first


def test_sample_weights_for_all_outputs_or_by_name() -> None:
    model = _compiled()
    weights = np.zeros(SAMPLES)
    weights[:4] = 1
    half = model.evaluate(X, [WORD, LOUD], sample_weight=weights, verbose=0, return_dict=True)
    by_name = model.evaluate(X, [WORD, LOUD], sample_weight={"loud": weights}, verbose=0, return_dict=True)
    plain = model.evaluate(X, [WORD, LOUD], verbose=0, return_dict=True)
    assert by_name["loud_loss"] == half["loud_loss"] != plain["loud_loss"]
    assert by_name["word_loss"] == plain["word_loss"]


@pytest.mark.parametrize(
    ("loss", "order"),
    [
        ({"w": "sparse_categorical_crossentropy", "l": "mse"}, "wl"),
        ({"l": "mse", "w": "sparse_categorical_crossentropy"}, "lw"),
        (["mse", "sparse_categorical_crossentropy"], "wl"),
    ],
)
def test_results_are_listed_as_keras_lists_them(loss: Any, order: str, tmp_path: Path) -> None:
    """Losses of a dict of outputs as the dict of losses has them, or the outputs; metrics by their names."""
    model = _model(as_dict=True)
    model.compile("sgd", loss, metrics={"w": ["accuracy"], "l": ["mae"]})
    y = {"w": WORD, "l": LOUD}
    names = ["loss", *(f"{name}_loss" for name in order), "l_mae", "w_accuracy"]
    figures = model.evaluate(X, y, verbose=0, return_dict=True)
    assert list(figures) == model.metrics_names == names
    assert model.evaluate(X, y, verbose=0) == list(figures.values())
    model.save(tmp_path / "both.keras")
    again = kinema.models.load_model(tmp_path / "both.keras")
    assert again.evaluate(X, y, verbose=0, return_dict=True) == pytest.approx(figures)
    assert again.metrics_names == names
    first, *losses = model.train_on_batch(X, y)[:3]
    assert dict(zip(order, losses, strict=True)) == pytest.approx({name: figures[f"{name}_loss"] for name in order})
    assert first == pytest.approx(figures["loss"])


def test_metrics_of_one_name_keep_their_figures() -> None:
    """A weighted one says so, others are numbered, in each output by itself."""
    mae, mse = kinema.metrics.MeanAbsoluteError(name="q"), kinema.metrics.MeanSquaredError(name="q")
    model = _compiled(metrics={"word": ["accuracy"], "loud": ["mae", mae, mse]}, weighted_metrics={"loud": ["mae"]})
    weight = np.zeros(SAMPLES)
    weight[0] = 1
    logs = model.evaluate(X, [WORD, LOUD], sample_weight=weight, verbose=0, return_dict=True)
    names = ["loud_mae", "loud_q", "loud_q_1", "loud_weighted_mae", "word_accuracy"]
    assert model.metrics_names == list(logs) == ["loss", "word_loss", "loud_loss", *names]
    error = np.abs(model.predict(X, verbose=0)[1] - LOUD)
    np.testing.assert_allclose([logs["loud_mae"], logs["loud_q"]], error.mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["loud_q_1"], (error**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["loud_weighted_mae"], error[0, 0], rtol=1e-5)
    history = model.fit(X, [WORD, LOUD], validation_split=0.25, verbose=0).history
    assert {f"{prefix}{name}" for prefix in ("", "val_") for name in names} <= set(history)
    stopping = kinema.callbacks.EarlyStopping("val_loud_weighted_mae")
    stopping.set_model(model)
    assert stopping.improves(1.0, 2.0)


@pytest.mark.parametrize(("monitor", "better"), [("word_accuracy", 1), ("loud_loss", -1), ("val_loud_mae", -1)])
def test_callbacks_know_which_way_is_better(monitor: str, better: int) -> None:
    model = _compiled(metrics={"word": ["accuracy"], "loud": ["mae"]})
    stopping = kinema.callbacks.EarlyStopping(monitor, patience=5)
    model.fit(X, [WORD, LOUD], verbose=0, callbacks=[stopping], validation_split=0.25)
    assert stopping.improves(1.0 + better, 1.0)
    assert not stopping.improves(1.0 - better, 1.0)


def test_a_loss_that_is_not_finite_leaves_the_weights() -> None:
    model = _compiled()
    before = model.get_weights()
    with pytest.raises(kinema.errors.NonFiniteError, match="the loss became"):
        model.fit(X * 1e30, [WORD, LOUD * 1e30], verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: _compiled(loss={"words": "mse"}), ArgumentError, "loss has an entry for 'words', and the model's"),
        (lambda: _compiled(loss=["mse"]), ArgumentError, r"loss has 1 entries, and the model has 2 outputs \('word', "),
        (
            lambda: _compiled(metrics=[kinema.metrics.MeanAbsoluteError()]),
            ArgumentError, "MeanAbsoluteError keeps sums and cannot serve several outputs",
        ),
        (lambda: _compiled().fit(X, WORD, verbose=0), DataError, "the model has 2 outputs.*y is one ndarray"),
        (lambda: _compiled().fit(X, {"word": WORD}, verbose=0), DataError, "a loss for output 'loud', and y has no"),
        (lambda: _compiled().fit(X, {"wrd": WORD}, verbose=0), DataError, "y has the entries 'wrd', and the model's"),
        (
            lambda: _compiled().fit(X, [WORD, LOUD], class_weight={0: 1.0}, verbose=0),
            ArgumentError, "class_weight is for models with one output",
        ),
        (lambda: _compiled().fit(X, [WORD, LOUD[1:]], verbose=0), DataError, "arrays of y have different numbers"),
    ],
)  # fmt: skip
def test_errors_teach(act: Callable[[], Any], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        act()


def test_a_model_without_loss_says_so() -> None:
    entry = kinema.Input((4,))
    model = kinema.Model(entry, [layers.Dense(2)(entry), layers.Dense(2)(entry)])
    model.compile("sgd")
    with pytest.raises(NotBuiltError, match="no loss to minimise"):
        model.fit(X, [np.zeros((SAMPLES, 2))] * 2, verbose=0)
