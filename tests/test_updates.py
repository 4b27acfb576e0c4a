"""Gradients that are spent on an update while they are computed: the same bits, and only where it is allowed."""

import numpy as np
import pytest

import kinema
from kinema import _rust, constraints, layers, models, optimizers, regularizers

OPTIMIZERS = {
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "sgd": lambda: optimizers.SGD(0.01),
    "nesterov": lambda: optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "adamax": lambda: optimizers.Adamax(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.01, weight_decay=0.1),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "lion": lambda: optimizers.Lion(0.001),
    "ftrl": lambda: optimizers.Ftrl(0.01, l1_regularization_strength=0.01),
    "ftrl with another power": lambda: optimizers.Ftrl(0.01, -0.75),
    "centered": lambda: optimizers.RMSprop(0.01, centered=True, momentum=0.5),
}


@pytest.fixture
def small_kernels(monkeypatch):
    """Kernels small enough for a quick test are worth it."""
    monkeypatch.setattr("kinema.ops.projection._WORTH_SPENDING", 1 << 16)


@pytest.fixture
def spent(monkeypatch, small_kernels):
    """The shapes of the kernels that were updated as their gradient was computed."""
    shapes = []
    update = _rust.dense_update

    def counted(kernel, *arguments):
        shapes.append(kernel.shape)
        return update(kernel, *arguments)

    monkeypatch.setattr(_rust, "dense_update", counted)
    return shapes


@pytest.fixture
def threads():
    before = _rust.get_num_threads()
    yield _rust.set_num_threads
    _rust.set_num_threads(before)


def sequence_model(optimizer, **kernel):
    kinema.utils.set_random_seed(7)
    model = models.Sequential(
        [
            layers.Input((5, 70)),
            layers.Dense(1100, activation="tanh", **kernel),
            layers.LSTM(24, return_sequences=True),
            layers.GRU(20),
            layers.Dense(3),
        ]
    )
    model.compile(optimizer=optimizer, loss="mse")
    return model


def batches(count):
    rng = np.random.default_rng(3)
    for _ in range(count):
        yield rng.standard_normal((7, 5, 70), "float32"), rng.standard_normal((7, 3), "float32")


def state_after(model, steps=3):
    for x, y in batches(steps):
        model.train_on_batch(x, y)
    return [*model.get_weights(), *model.optimizer.get_weights()]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("count", [1, 2])
def test_weights_and_slots_have_the_bits_of_gradients_computed_first(name, count, spent, threads, monkeypatch):
    threads(count)
    fused = state_after(sequence_model(OPTIMIZERS[name]()))
    assert spent == [(1100, 96), (70, 1100)] * 3
    monkeypatch.setattr(optimizers.Optimizer, "lone_update", lambda self, variable: None)
    plain = state_after(sequence_model(OPTIMIZERS[name]()))
    assert len(spent) == 6
    for one, other in zip(fused, plain, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_first_layer_asks_for_no_gradient_of_the_data(monkeypatch, small_kernels):
    asked = []
    update = _rust.dense_update

    def noted(*arguments):
        asked.append(arguments[5])
        return update(*arguments)

    monkeypatch.setattr(_rust, "dense_update", noted)
    state_after(sequence_model("adam"), steps=1)
    assert asked == [True, False]


@pytest.mark.parametrize(
    "optimizer", [optimizers.Adam(clipnorm=1.0), optimizers.Adam(clipvalue=0.1), optimizers.SGD(global_clipnorm=1.0)]
)
def test_clipping_needs_the_gradient(optimizer, spent):
    state_after(sequence_model(optimizer), steps=1)
    assert not spent


def test_a_regularizer_or_constraint_needs_the_gradient(spent):
    state_after(sequence_model("adam", kernel_regularizer=regularizers.L2(0.01)), steps=1)
    assert spent == [(1100, 96)]
    state_after(sequence_model("adam", kernel_constraint=constraints.MaxNorm(1.0)), steps=1)
    assert spent == [(1100, 96)] * 2


def test_an_optimizers_own_rule_gets_the_gradient(spent):
    class Mine(optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient * 2, variable, learning_rate)

    doubled = state_after(sequence_model(Mine(0.25)), steps=1)
    assert not spent
    plain = state_after(sequence_model(optimizers.SGD(0.5)), steps=1)
    np.testing.assert_allclose(doubled[0], plain[0], rtol=1e-5, atol=1e-6)


def test_shared_weights_get_the_sum_of_their_gradients(spent):
    w = kinema.Variable(np.ones((300, 300), "float32"))
    x = np.ones((2, 300), "float32")
    optimizer = optimizers.SGD(1.0)
    optimizer.build([w])
    with kinema.GradientTape() as tape:
        loss = kinema.ops.sum(kinema.ops.dense(kinema.ops.dense(x, w), w))
    optimizer.begin_step()
    tape.backward(loss, lambda variable, g: optimizer.update_variable(g, variable), optimizer.lone_update)
    assert not spent
    np.testing.assert_allclose(w.numpy(), 1 - 300 * 2 * 2)


def test_a_spent_update_counts_as_a_change(spent):
    w = kinema.Variable(np.ones((300, 300), "float32"))
    optimizer = optimizers.Adam()
    optimizer.build([w])
    with kinema.GradientTape() as outer:
        with kinema.GradientTape() as tape:
            loss = kinema.ops.sum(kinema.ops.dense(np.ones((2, 300), "float32"), w))
        optimizer.begin_step()
        tape.backward(loss, lambda variable, g: optimizer.update_variable(g, variable), optimizer.lone_update)
    assert spent
    with pytest.raises(kinema.errors.GradientError, match="was changed after op 'dense' used it"):
        outer.gradient(loss, w)
