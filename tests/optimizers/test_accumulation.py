"""Steps that add up gradients until one of them changes the weights."""

import copy

import numpy as np
import pytest

import kinema
from kinema import layers, optimizers

RNG = np.random.default_rng(5)
START = RNG.normal(size=(3, 4))
GRADIENTS = RNG.normal(size=(7, 3, 4))


def trained(optimizer, gradients):
    w = kinema.Variable(START, name="w")
    for gradient in gradients:
        optimizer.apply([gradient], [w])
    return w.numpy()


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: optimizers.SGD(0.5, momentum=0.9, weight_decay=0.1, **options),
        lambda **options: optimizers.Adam(0.1, amsgrad=True, **options),
        lambda **options: optimizers.RMSprop(0.1, clipnorm=0.5, **options),
        lambda **options: optimizers.SGD(0.5, global_clipnorm=0.5, **options),
    ],
)
def test_three_steps_are_one_by_the_mean_of_their_gradients(make):
    accumulating, plain = make(gradient_accumulation_steps=3), make()
    means = GRADIENTS[:6].reshape(2, 3, 3, 4).mean(axis=1)
    np.testing.assert_allclose(trained(accumulating, GRADIENTS), trained(plain, means), rtol=1e-12)
    assert accumulating.iterations == plain.iterations == 2


def test_weights_stay_until_the_last_of_the_steps():
    optimizer = optimizers.SGD(0.5, weight_decay=0.5, gradient_accumulation_steps=2)
    np.testing.assert_array_equal(trained(optimizer, GRADIENTS[:1]), START)
    assert optimizer.iterations == 0


def test_a_copy_goes_on_in_the_middle():
    def state(optimizer, w):
        optimizer.apply([GRADIENTS[1]], [w])
        return w.numpy()

    optimizer, w = optimizers.SGD(0.5, gradient_accumulation_steps=2), kinema.Variable(START)
    optimizer.apply([GRADIENTS[0]], [w])
    np.testing.assert_array_equal(state(*copy.deepcopy((optimizer, w))), state(optimizer, w))


def clips_model(**options):
    kinema.utils.set_random_seed(1)
    model = kinema.Sequential(
        [
            layers.Input((3, 8, 8, 2)),
            layers.TimeDistributed(layers.Conv2D(4, 3, activation="relu")),
            layers.TimeDistributed(layers.MaxPooling2D(2)),
            layers.TimeDistributed(layers.Flatten()),
            layers.LSTM(5),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.01, **options), "sparse_categorical_crossentropy")
    return model


def test_small_batches_train_as_a_large_one():
    x = RNG.normal(size=(8, 3, 8, 8, 2)).astype("float32")
    y = RNG.integers(0, 3, 8)
    small, large = clips_model(gradient_accumulation_steps=4), clips_model()
    small.fit(x, y, batch_size=2, epochs=3, shuffle=False, verbose=0)
    large.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    for one, other in zip(small.get_weights(), large.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_files_keep_what_has_been_added_up(tmp_path):
    x = RNG.normal(size=(2, 3, 8, 8, 2)).astype("float32")
    y = np.array([0, 2])
    model = clips_model(gradient_accumulation_steps=2)
    model.train_on_batch(x, y)
    model.save(tmp_path / "model.keras")
    again = kinema.models.load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.train_on_batch(x[::-1], y)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
