"""Averages of the weights over the steps of training."""

import copy

import numpy as np
import pytest

import kinema
from kinema import layers, optimizers
from kinema.callbacks import LambdaCallback, ModelCheckpoint, SwapEMAWeights
from kinema.errors import ArgumentError

RNG = np.random.default_rng(6)
X = RNG.normal(size=(12, 5)).astype("float32")
Y = RNG.normal(size=(12, 1)).astype("float32")


def averages(history, momentum):
    average = history[0]
    for weights in history[1:]:
        average = momentum * average + (1 - momentum) * weights
    return average


def one_layer_model(**options):
    kinema.utils.set_random_seed(3)
    model = kinema.Sequential([layers.Input((5,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1, **options), "mse")
    return model


def kernels_while_training(epochs):
    """The kernel after every step of a training that does not average."""
    model, kernels = one_layer_model(), []
    keep = LambdaCallback(on_train_batch_end=lambda batch, logs: kernels.append(model.get_weights()[0]))
    model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0, callbacks=[keep])
    return kernels


def test_fit_ends_with_the_averages():
    model = one_layer_model(use_ema=True, ema_momentum=0.8)
    model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], averages(kernels_while_training(2), 0.8), rtol=1e-6)


def test_training_itself_goes_on_with_the_weights():
    model = one_layer_model(use_ema=True, ema_momentum=0.8)
    for start in (0, 4, 8):
        model.train_on_batch(X[start : start + 4], Y[start : start + 4])
    np.testing.assert_array_equal(model.get_weights()[0], kernels_while_training(1)[-1])


def test_overwriting_every_other_step():
    w = kinema.Variable(np.zeros(1))
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    seen = []
    for _ in range(4):
        optimizer.apply([-np.ones(1)], [w])
        seen.append(float(w.numpy()[0]))
    assert seen == [1.0, 1.5, 2.5, 2.75]


def test_no_step_leaves_the_weights():
    model = one_layer_model(use_ema=True)
    before = model.get_weights()[0]
    model.optimizer.build(model.trainable_weights)
    model.fit(X, Y, epochs=0, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_validation_sees_the_averages_and_training_does_not():
    model = one_layer_model(use_ema=True, ema_momentum=0.8)
    losses = model.fit(
        X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_data=(X, Y), callbacks=[SwapEMAWeights()]
    ).history
    np.testing.assert_allclose(losses["val_loss"][-1], model.evaluate(X, Y, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(model.get_weights()[0], averages(kernels_while_training(2), 0.8), rtol=1e-6)


def test_evaluating_and_predicting_leave_the_weights():
    model = one_layer_model(use_ema=True, ema_momentum=0.8)
    for _ in range(3):
        model.train_on_batch(X, Y)
    before = model.get_weights()
    plain = model.predict(X, verbose=0)
    averaged = model.predict(X, verbose=0, callbacks=[SwapEMAWeights()])
    assert np.abs(averaged - plain).max() > 1e-3
    assert model.evaluate(X, Y, verbose=0) != model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:.*arrays of optimizer state:UserWarning")
@pytest.mark.parametrize("stops", [False, True])
def test_checkpoints_of_the_averages(tmp_path, stops):
    model = one_layer_model(use_ema=True, ema_momentum=0.8)
    file = tmp_path / "averages.weights.h5"
    callbacks = [SwapEMAWeights(swap_on_epoch=True), ModelCheckpoint(file, save_weights_only=True)]
    if stops:
        callbacks.append(LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", True)))
    model.fit(X, Y, batch_size=4, epochs=9 if stops else 2, shuffle=False, verbose=0, callbacks=callbacks)
    expected = averages(kernels_while_training(1 if stops else 2), 0.8)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-6)
    again = one_layer_model()
    again.load_weights(file)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_a_copy_averages_by_itself():
    model = one_layer_model(use_ema=True, ema_momentum=0.8)
    model.train_on_batch(X, Y)
    twin = copy.deepcopy(model)
    for each in (model, twin):
        each.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_array_equal(twin.get_weights()[0], model.get_weights()[0])


def test_swapping_needs_averages():
    with pytest.raises(ArgumentError, match=r"SwapEMAWeights needs averages.*Adam\(use_ema=True\)"):
        one_layer_model().evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])
