"""Ctrl-C comes through when the block is done, not within it."""

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import DataError
from kinema.models.interrupts import uninterrupted


def test_the_interrupt_waits_for_the_end_of_the_block() -> None:
    done = []

    def step() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("whole")
        done.append("never")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_run_through() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


def test_the_interrupt_does_what_it_did_outside() -> None:
    """The system's own action ends the process."""
    program = (
        "import os, signal; from kinema.models.interrupts import uninterrupted\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "with uninterrupted():\n    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGINT


class Interrupting(kinema.optimizers.SGD):
    """Presses Ctrl-C in the midst of an update, once."""

    pressed = False

    def update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        super().update_step(gradient, variable, learning_rate)
        if not self.pressed:
            self.pressed = True
            os.kill(os.getpid(), signal.SIGINT)


class OwnStep(kinema.Sequential):
    """Takes its steps the long way."""

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
LABELS = np.arange(16) % 3


def _net(kind: type = kinema.Sequential) -> Any:
    kinema.utils.set_random_seed(2)
    return kind(
        [layers.Input((6,)), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(3, activation="softmax")]
    )


@pytest.mark.parametrize("kind", [kinema.Sequential, OwnStep])
def test_an_interrupted_step_is_whole_and_counted(kind: type) -> None:
    interrupted = _net(kind)
    interrupted.compile(Interrupting(0.1), "sparse_categorical_crossentropy")
    with pytest.raises(KeyboardInterrupt):
        interrupted.train_on_batch(X, LABELS)
    interrupted.train_on_batch(X, LABELS)
    other = _net(kind)
    other.compile(kinema.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    for _ in range(2):
        other.train_on_batch(X, LABELS)
    for one, expected in zip(interrupted.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("kind", [kinema.Sequential, OwnStep])
def test_a_step_that_fails_leaves_statistics_as_they_were(kind: type) -> None:
    model = _net(kind)
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = model.get_weights()
    with pytest.raises(DataError):
        model.train_on_batch(X, np.full(16, 7))
    for one, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, expected)
