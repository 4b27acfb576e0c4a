"""Dense layers in a row, computed in one call when a model predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, ops
from kinema.models.dense_chaining import DenseChain


def _normal(*shape: int, dtype: str = "float32") -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def _chains(model: kinema.Sequential) -> list[list[str]]:
    return [[one.name for one in step.steps] for step in model.plan.steps[False] if isinstance(step, DenseChain)]


def _one_by_one(model: kinema.Sequential, x: Any) -> Any:
    for layer in model.running_layers:
        x = layer(x, training=False)
    return x.numpy()


@pytest.mark.parametrize("shape", [(300,), (6, 300)], ids=["vectors", "clips"])
@pytest.mark.parametrize("batch", [1, 40])
def test_predictions_have_the_bits_of_the_layers_one_by_one(shape: tuple[int, ...], batch: int) -> None:
    model = kinema.Sequential(
        [
            layers.Input(shape),
            layers.Dense(260, activation="relu", name="wide"),
            layers.Dense(17, activation="tanh", use_bias=False, name="narrow"),
            layers.Dense(5, activation="softmax", name="last"),
        ]
    )
    assert _chains(model) == [["wide", "narrow", "last"]]
    x = _normal(batch, *shape)
    for _ in range(3):  # the wide kernel is packed from the second time on
        np.testing.assert_array_equal(model.predict(x, verbose=0), _one_by_one(model, x))
    model.layers[0].kernel.assign(-model.layers[0].kernel.numpy())
    np.testing.assert_array_equal(model.predict(x, verbose=0), _one_by_one(model, x))


def test_what_looks_between_two_layers_ends_a_chain() -> None:
    class Mine(layers.Dense):
        pass

    model = kinema.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(4, activation="softmax"),
            layers.Dense(4, activity_regularizer="l2"),
            layers.Dense(4, activation=lambda x: ops.relu(x) * 2.0),
            layers.Dense(4),
            Mine(4),
            layers.Dense(4, name="a"),
            layers.Dense(4, activation=lambda x: ops.relu(x) * 2.0, name="b"),
        ]
    )
    assert _chains(model) == [["a", "b"]]
    x = _normal(3, 4)
    np.testing.assert_array_equal(model.predict(x, verbose=0), _one_by_one(model, x))


def test_masks_pass_a_chain() -> None:
    model = kinema.Sequential(
        [layers.Input((None, 3)), layers.Masking(), layers.Dense(4), layers.Dense(4), layers.LSTM(2)]
    )
    assert len(_chains(model)) == 1
    x = _normal(2, 5, 3)
    x[:, 3:] = 0
    expected = model.predict(x, verbose=0)
    np.testing.assert_array_equal(expected, _one_by_one(model, x))
    np.testing.assert_allclose(model.predict(np.concatenate([x, 0 * x], axis=1), verbose=0), expected, rtol=1e-5)


def test_evaluation_takes_the_loss_of_the_logits() -> None:
    model = kinema.Sequential([layers.Input((2,)), layers.Dense(2), layers.Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    model.set_weights([np.eye(2), np.zeros(2), np.eye(2), np.zeros(2)])
    loss = model.evaluate(np.float32([[40.0, 0.0]]), np.float32([[0.0, 1.0]]), verbose=0)
    assert loss == pytest.approx(40.0)  # of the probability, limited to 1e-7, it would be 16


def test_a_tape_gets_the_gradients_of_every_layer() -> None:
    model = kinema.Sequential([layers.Input((7,)), layers.Dense(6, activation="tanh"), layers.Dense(2)])
    x = _normal(3, 7)
    before = model.predict(x, verbose=0)
    with kinema.GradientTape() as tape:
        outputs = model(x, training=False)
        loss = ops.sum(outputs * outputs)
    np.testing.assert_array_equal(outputs.numpy(), before)
    found = tape.gradient(loss, model.trainable_weights)
    with kinema.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = ops.sum(outputs * outputs)
    for got, want in zip(found, tape.gradient(loss, model.trainable_weights), strict=True):
        np.testing.assert_array_equal(got.numpy(), want.numpy())


def test_other_types_and_axes_give_the_same_products() -> None:
    x, links = _normal(2, 3, 4), [(_normal(4, 5), _normal(5), "relu"), (_normal(5, 2), None, None)]
    expected = np.maximum(x @ links[0][0] + links[0][1], 0) @ links[1][0]
    np.testing.assert_allclose(ops.dense_chain(x, links).numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ops.dense_chain(x[0, 0], links).numpy(), expected[0, 0], rtol=1e-5, atol=1e-6)
    doubled = ops.dense_chain(x.astype("float64"), links)
    assert doubled.dtype == "float64"
    np.testing.assert_allclose(doubled.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert ops.dense_chain(x[:0], links).shape == (0, 3, 2)


def test_chains_that_do_not_fit_are_refused() -> None:
    x, first = _normal(2, 4), (_normal(4, 5), None, None)
    with pytest.raises(kinema.errors.ArgumentError, match="one product at least"):
        ops.dense_chain(x, [])
    with pytest.raises(kinema.errors.ShapeError, match=r"x has shape \(2, 5\) and kernel \(4, 5\)"):
        ops.dense_chain(x, [first, first])
    with pytest.raises(kinema.errors.ShapeError, match="bias has shape"):
        ops.dense_chain(x, [(first[0], _normal(4), None)])
    with pytest.raises(kinema.errors.ArgumentError, match="activation"):
        ops.dense_chain(x, [(first[0], None, "unheard")])
