"""Subclasses of `Model` with several inputs or outputs: what goes to which, and how figures are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, ops
from kinema.errors import ArgumentError, DataError

SAMPLES = 12
X = np.random.default_rng(0).random((SAMPLES, 5)).astype("float32")
SOUND = np.random.default_rng(1).random((SAMPLES, 3)).astype("float32")
WORD = np.eye(2, dtype="float32")[np.arange(SAMPLES) % 2]
LOUD = np.random.default_rng(2).random((SAMPLES, 1)).astype("float32")


class Two(kinema.Model):
    """Two outputs in a tuple, a list or a dict."""

    def __init__(self, kind: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.kind = kind
        self.word, self.loud = layers.Dense(2, activation="softmax"), layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.kind(self.word(inputs), self.loud(inputs))


class Both(kinema.Model):
    """Two inputs in a list or tuple, or in a dict."""

    def __init__(self, named: bool = False) -> None:
        super().__init__()
        self.named = named
        self.out = layers.Dense(2, activation="softmax", kernel_initializer="ones")

    def call(self, inputs: Any) -> Any:
        frames, sound = (inputs["frames"], inputs["sound"]) if self.named else inputs
        return self.out(ops.concatenate([frames, sound * 2.0], axis=-1))


IN_TUPLE: Any = lambda word, loud: (word, loud)  # noqa: E731
IN_LIST: Any = lambda word, loud: [word, loud]  # noqa: E731
IN_DICT: Any = lambda word, loud: {"word": word, "loud": loud}  # noqa: E731
LOSSES = ["categorical_crossentropy", "mse"]


def _model(kind: Any, loss: Any = LOSSES, **arguments: Any) -> Two:
    kinema.utils.set_random_seed(2)
    model = Two(kind)
    model(X)
    model.compile(kinema.optimizers.SGD(0.0), loss, **arguments)
    return model


@pytest.mark.parametrize("kind", [IN_TUPLE, IN_LIST])
@pytest.mark.parametrize("targets", [[WORD, LOUD], (WORD, LOUD)])
def test_outputs_by_their_order(kind: Any, targets: Any) -> None:
    model = _model(kind, loss_weights=[0.5, 2.0], metrics=[["accuracy"], ["mae", "mse"]])
    logs = model.fit(X, targets, batch_size=5, verbose=0, validation_data=(X, targets)).history
    assert list(logs)[:6] == ["loss", "categorical_crossentropy_loss", "mse_loss", "accuracy", "mae", "mse"]
    word, loud = model.predict(X, batch_size=5, verbose=0)
    entropy = -np.log(word[WORD == 1]).mean()
    figures = model.evaluate(X, targets, verbose=0, return_dict=True)
    assert figures["categorical_crossentropy_loss"] == pytest.approx(entropy, rel=1e-5)
    assert figures["mae"] == pytest.approx(np.abs(loud - LOUD).mean(), rel=1e-5)
    assert figures["mse"] == pytest.approx(figures["mse_loss"], rel=1e-5)
    assert figures["loss"] == pytest.approx(0.5 * entropy + 2 * figures["mse"], rel=1e-5)
    assert model.metrics_names == list(figures)


def test_outputs_by_their_names() -> None:
    model = _model(
        IN_DICT, {"word": LOSSES[0], "loud": "mse"}, metrics={"loud": "mae", "word": ["accuracy"]},
        loss_weights={"word": 1.0, "loud": 3.0},
    )  # fmt: skip
    figures = model.evaluate(X, {"word": WORD, "loud": LOUD}, verbose=0, return_dict=True)
    assert list(figures) == ["loss", "word_loss", "loud_loss", "loud_mae", "word_accuracy"]
    assert figures["loss"] == pytest.approx(figures["word_loss"] + 3 * figures["loud_loss"], rel=1e-5)
    outputs = model.predict(X, batch_size=5, verbose=0)
    assert figures["loud_mae"] == pytest.approx(np.abs(outputs["loud"] - LOUD).mean(), rel=1e-5)
    in_order = model.evaluate(X, [LOUD, WORD], verbose=0, return_dict=True)  # of the sorted names
    assert in_order == pytest.approx(figures)


def test_one_loss_for_all_outputs_is_found_out_with_the_first_batch() -> None:
    model = _model(IN_LIST, "mse", metrics=["mae", "mae"])
    assert model.metrics_names == ["loss", "mae", "mae_1"]
    assert set(model.fit(X, [WORD, LOUD], verbose=0).history) == {"loss", "mse_loss", "mae", "mae_1"}
    assert [metric.name for metric in model.metrics] == ["loss", "compile_metrics", "mse_loss", "mse_loss"]


def test_the_same_names_are_told_apart() -> None:
    model = _model(IN_TUPLE, "mse", metrics=[["mae"], ["mae"]], weighted_metrics=[["mae"], ["mae"]])
    names = {"loss", "mse_loss", "mae", "mae_1", "weighted_mae", "weighted_mae_1"}
    assert set(model.evaluate(X, [WORD, LOUD], verbose=0, return_dict=True)) == names


def test_an_output_without_a_loss() -> None:
    model = _model(IN_DICT, {"word": "mse"}, metrics={"word": "mae"})
    assert set(model.evaluate(X, {"word": WORD, "loud": LOUD}, verbose=0, return_dict=True)) == {"loss", "word_mae"}
    listed = _model(IN_LIST, ["mse", None])
    assert isinstance(listed.evaluate(X, [WORD, LOUD], verbose=0), float)


@pytest.mark.parametrize("targets", [{"word": WORD}, WORD, [WORD]])
def test_a_single_output_in_a_dict(targets: Any) -> None:
    model = _model(lambda word, _: {"word": word}, {"word": "mse"}, metrics={"word": "mae"})
    assert list(model.evaluate(X, targets, verbose=0, return_dict=True)) == ["loss", "mae"]


def test_weights_of_samples_for_several_outputs() -> None:
    weights = np.where(np.arange(SAMPLES) < 4, 3.0, 0.0)
    model = _model(IN_TUPLE)
    whole = model.evaluate(X, [WORD, LOUD], sample_weight=weights, verbose=0, return_dict=True)
    part = model.evaluate(X[:4], [WORD[:4], LOUD[:4]], verbose=0, return_dict=True)
    assert whole == pytest.approx(part, rel=1e-5)
    one = model.evaluate(X, [WORD, LOUD], sample_weight=[weights, np.ones(SAMPLES)], verbose=0, return_dict=True)
    plain = model.evaluate(X, [WORD, LOUD], verbose=0, return_dict=True)
    assert one["mse_loss"] == plain["mse_loss"]
    assert one["categorical_crossentropy_loss"] == whole["categorical_crossentropy_loss"]


@pytest.mark.parametrize("arrange", [list, tuple])
def test_inputs_by_their_order(arrange: Any) -> None:
    model = Both()
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    inputs = arrange([X, SOUND])
    history = model.fit(inputs, WORD, batch_size=5, verbose=0, validation_split=0.25, epochs=2).history
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    expected = model(arrange([X, SOUND])).numpy()
    np.testing.assert_allclose(model.predict(inputs, batch_size=5, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(inputs), expected, rtol=1e-5)
    assert model.evaluate([(inputs, WORD)], verbose=0) == model.evaluate(inputs, WORD, verbose=0)
    assert len(model.train_on_batch(inputs, WORD)) == 2


def test_inputs_by_their_names() -> None:
    model = Both(named=True)
    model.compile("sgd", "categorical_crossentropy")
    inputs = {"frames": X, "sound": SOUND}
    model.fit(inputs, WORD, batch_size=5, verbose=0)
    np.testing.assert_allclose(model.predict(inputs, verbose=0, batch_size=7), model(inputs).numpy(), rtol=1e-5)


def test_a_list_of_targets_for_one_output_stays_one() -> None:
    model = Both()
    model.compile("sgd", "categorical_crossentropy")
    rows = model.evaluate([X, SOUND], list(WORD), verbose=0)
    assert rows == model.evaluate([X, SOUND], [WORD], verbose=0) == model.evaluate([X, SOUND], WORD, verbose=0)


def test_an_input_that_is_not_needed_is_left() -> None:
    entry = kinema.Input((5,), name="frames")
    single = kinema.Model(entry, layers.Dense(2)(entry))
    single.compile("sgd", "mse")
    named = kinema.Model({"frames": entry}, layers.Dense(2)(entry))
    named.compile("sgd", "mse")
    for model in (single, named):
        model.fit({"frames": X, "other": SOUND}, WORD, verbose=0)
        expected = model(X if model is single else {"frames": X}).numpy()
        np.testing.assert_allclose(model.predict({"frames": X, "other": SOUND}, verbose=0), expected, rtol=1e-5)
        with pytest.raises(DataError, match="x has the entries 'other', and the model's inputs are 'frames'"):
            model.predict({"other": X}, verbose=0)


class Encoder(kinema.Model):
    """A model whose layers say their shapes, but for one of the user's."""

    class Twice(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    def __init__(self) -> None:
        super().__init__()
        self.encode = layers.LSTM(3, return_state=True)
        self.twice = self.Twice()
        self.out = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.out(self.twice(self.encode(inputs)[0]))


@pytest.mark.parametrize("build", [lambda model: model(np.ones((2, 5, 4))), lambda model: model.build((None, 5, 4))])
def test_the_summary_knows_shapes_once_the_model_has_been_called(build: Any) -> None:
    model, texts = Encoder(), []
    model.summary(print_fn=texts.append)
    assert "The model is not built yet" in texts[0]
    build(model)
    model.summary(print_fn=texts.append)
    assert "not built" not in texts[1]
    lines = texts[1].splitlines()
    for kind, shape in (("(LSTM)", "(None, 3)"), ("(Dense)", "(None, 2)"), ("(Twice)", "?")):
        assert any(kind in line and shape in line for line in lines)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: _model(IN_TUPLE, ["mse"] * 3).fit(X, [WORD, LOUD], verbose=0), ArgumentError, "loss has 3 entries"),
        (lambda: _model(IN_DICT, {"wrd": "mse"}).fit(X, WORD, verbose=0), ArgumentError, "an entry for 'wrd'"),
        (lambda: _model(IN_TUPLE).fit(X, WORD, verbose=0), DataError, "the model has 2 outputs .* y is one ndarray"),
        (lambda: _model(IN_DICT, "mse").fit(X, {"word": WORD}, verbose=0), DataError, "output 'loud', and y has no"),
        (lambda: _model(IN_DICT, "mse").fit(X, {"w": WORD}, verbose=0), DataError, "y has the entries 'w', and the"),
        (lambda: _model(lambda word, _: word).fit(X, WORD, verbose=0), ArgumentError, "2 entries for a model with one"),
        (
            lambda: _model(lambda word, _: word, "mse").fit(X, [WORD, LOUD], verbose=0),
            DataError, "y has 2 entries for a model with one output",
        ),
        (lambda: _model(IN_LIST, ["mse", "mze"]), ArgumentError, "unknown loss 'mze'"),
        (
            lambda: _model(IN_LIST, "mse").fit(X, [WORD, LOUD], class_weight={0: 1.0}, verbose=0),
            ArgumentError, "class_weight is for models with one output",
        ),
    ],
)  # fmt: skip
def test_errors_teach(act: Callable[[], Any], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        act()
