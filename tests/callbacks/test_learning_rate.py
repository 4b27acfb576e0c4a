"""LearningRateScheduler and ReduceLROnPlateau."""

import numpy as np
import pytest

from kinema import callbacks, optimizers
from kinema.errors import ArgumentError, DTypeError
from kinema.optimizers.schedules import ExponentialDecay

from .fakes import FakeModel, run


@pytest.mark.parametrize(
    "schedule",
    [lambda epoch: 0.5**epoch, lambda epoch, rate: rate if epoch == 0 else rate / 2, ExponentialDecay(1.0, 1, 0.5)],
)
def test_the_schedule_is_a_function_of_the_epoch_and_maybe_the_rate(schedule):
    model, seen = FakeModel(optimizers.SGD(1.0)), []
    every = callbacks.CallbackList([callbacks.LearningRateScheduler(schedule)], add_history=True, model=model)
    for epoch in range(3):
        every.on_epoch_begin(epoch)
        seen.append(model.optimizer.learning_rate)
        every.on_epoch_end(epoch, {"loss": 1.0})
    assert seen == [1.0, 0.5, 0.25]
    assert model.history.history["learning_rate"] == seen


def test_numpy_numbers_are_numbers(capsys):
    model = FakeModel()
    run(callbacks.LearningRateScheduler(lambda epoch: np.float32(0.25), verbose=1), [1.0], model)
    assert model.optimizer.learning_rate == 0.25
    assert "Epoch 1: LearningRateScheduler sets the learning rate to 0.25." in capsys.readouterr().out


def test_the_schedule_must_give_a_number():
    with pytest.raises(ArgumentError, match=r"the schedule must give a number, it gave None for epoch 0"):
        run(callbacks.LearningRateScheduler(lambda epoch: None), [1.0])


def test_a_schedule_in_the_optimizer_decides_alone():
    model = FakeModel(optimizers.SGD(ExponentialDecay(1.0, 1, 0.5)))
    with pytest.raises(DTypeError, match=r"SGD was made with a learning-rate schedule"):
        run(callbacks.LearningRateScheduler(lambda epoch: 0.1), [1.0], model)


@pytest.mark.parametrize(
    ("settings", "values", "rate"),
    [
        ({"patience": 1}, [1.0, 0.5, 0.4], 1.0),
        ({"patience": 1}, [1.0, 1.0], 0.5),
        ({"patience": 2}, [1.0, 1.0, 1.0, 1.0, 1.0], 0.25),
        ({"patience": 1, "cooldown": 2}, [1.0, 1.0, 1.0], 0.5),
        ({"patience": 1, "cooldown": 2}, [1.0, 1.0, 1.0, 1.0], 0.25),
        ({"patience": 1, "min_lr": 0.75}, [1.0, 1.0, 1.0], 0.75),
        ({"patience": 1, "min_delta": 0.3}, [1.0, 0.8], 0.5),
        ({"patience": 1, "mode": "max"}, [1.0, 0.8], 0.5),
    ],
)
def test_the_rate_falls_when_nothing_improves(settings, values, rate):
    model = FakeModel(optimizers.SGD(1.0))
    run(callbacks.ReduceLROnPlateau(factor=0.5, **settings), values, model)
    assert model.optimizer.learning_rate == rate


def test_it_says_what_it_does(capsys):
    run(callbacks.ReduceLROnPlateau(patience=1, factor=0.5, verbose=1), [1.0, 1.0])
    assert "Epoch 2: ReduceLROnPlateau sets the learning rate to 0.25." in capsys.readouterr().out


def test_arguments():
    with pytest.warns(
        DeprecationWarning, match=r"ReduceLROnPlateau\(epsilon=...\) is an old spelling: write min_delta=0"
    ):
        assert callbacks.ReduceLROnPlateau(epsilon=0.5).min_delta == 0.5
    with pytest.raises(ArgumentError, match=r"factor must be from 0 to below 1, got 2"):
        callbacks.ReduceLROnPlateau(factor=2)
    with pytest.raises(ArgumentError, match=r"ReduceLROnPlateau has no argument 'patients'"):
        callbacks.ReduceLROnPlateau(patients=2)
