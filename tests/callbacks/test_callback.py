"""The list of callbacks, History and LambdaCallback."""

import numpy as np
import pytest

from kinema import Tensor, callbacks
from kinema.errors import ArgumentError


class Recorder(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("epoch", epoch, logs))

    def on_batch_end(self, batch, logs=None):
        self.calls.append(("batch", batch, logs))


def test_the_list_tells_everyone_in_order_with_plain_numbers():
    first, second = Recorder(), Recorder()
    every = callbacks.CallbackList([first, [second]], model=object.__new__(type("Model", (), {})), epochs=3, steps=2)
    every.on_train_batch_end(1, {"loss": Tensor(np.float32(0.5)), "acc": np.float64(0.25)})
    every.on_epoch_end(0, {"loss": 0.5})
    for each in (first, second):
        assert each.calls == [("batch", 1, {"loss": 0.5, "acc": 0.25}), ("epoch", 0, {"loss": 0.5})]
        assert type(each.calls[0][2]["loss"]) is type(each.calls[0][2]["acc"]) is float
        assert each.params == {"epochs": 3, "steps": 2}


def test_what_one_adds_to_the_logs_the_next_sees():
    class Adds(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = 7

    every = callbacks.CallbackList([Adds()], add_history=True)
    every.on_epoch_end(0, {"loss": 0.5})
    assert every.history.history == {"loss": [0.5], "extra": [7]}


@pytest.mark.parametrize("phase", ["train", "test", "predict"])
def test_every_moment_is_passed_on(phase):
    told = []

    class Listens(callbacks.Callback):
        pass

    for name in (f"on_{phase}_begin", f"on_{phase}_end", f"on_{phase}_batch_begin", f"on_{phase}_batch_end"):
        setattr(Listens, name, lambda self, *args, name=name: told.append(name))
    every = callbacks.CallbackList(Listens())
    getattr(every, f"on_{phase}_begin")()
    getattr(every, f"on_{phase}_batch_begin")(0)
    getattr(every, f"on_{phase}_batch_end")(0, {})
    getattr(every, f"on_{phase}_end")()
    assert [name.removeprefix(f"on_{phase}_") for name in told] == ["begin", "batch_begin", "batch_end", "end"]


def test_history_starts_anew_with_each_training():
    history = callbacks.History()
    for _ in range(2):
        history.on_train_begin()
        history.on_epoch_end(0, {"loss": 1.0})
        history.on_epoch_end(1, {"loss": 0.5, "val_loss": 2.0})
    assert history.history == {"loss": [1.0, 0.5], "val_loss": [2.0]}
    assert history.epoch == [0, 1]


def test_lambda_callback_calls_functions():
    seen = []
    callback = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(epoch), on_test_end=lambda logs: seen.append(logs)
    )
    callback.on_epoch_begin(3, {})
    callback.on_test_end({"loss": 1.0})
    callback.on_train_begin()
    assert seen == [3, {"loss": 1.0}]


def test_lambda_callback_refuses_unknown_moments():
    with pytest.raises(ArgumentError, match=r"LambdaCallback has no argument 'on_epoch_start'"):
        callbacks.LambdaCallback(on_epoch_start=print)
