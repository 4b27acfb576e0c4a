"""`steps_per_epoch`: an epoch goes on where the one before it stopped, so that all data has its turn."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers

SAMPLES = np.arange(12, dtype="float32")[:, None]


class _Seen(layers.Layer):
    """Notes the samples that it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[list[int]] = []

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self.epochs[-1] += [int(value) for value in inputs.numpy()[:, 0]]
        return inputs


def _seen(x: Any, y: Any = None, **settings: Any) -> list[list[int]]:
    seen = _Seen()
    model = kinema.Sequential([layers.Input((1,)), seen, layers.Dense(1)])
    model.compile("sgd", "mse")
    begin = kinema.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.epochs.append([]))
    model.fit(x, y, verbose=0, callbacks=[begin], **settings)
    return seen.epochs


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (1, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [0, 1, 2, 3]]),
        (2, [[*range(8)], [8, 9, 10, 11], [*range(8)], [8, 9, 10, 11]]),
        (3, [[*range(12)]] * 4),
        (5, [[*range(12)]] * 4),
        (None, [[*range(12)]] * 4),
    ],
)
def test_arrays_in_order(steps: int | None, expected: list[list[int]]) -> None:
    """The same samples in the same epochs as in Keras 3.15."""
    assert _seen(SAMPLES, SAMPLES, batch_size=4, steps_per_epoch=steps, epochs=4, shuffle=False) == expected


def test_shuffled_arrays_show_every_sample_once_a_pass() -> None:
    epochs = _seen(SAMPLES, SAMPLES, batch_size=2, steps_per_epoch=2, epochs=6)
    passes = [[*itertools.chain(*epochs[:3])], [*itertools.chain(*epochs[3:])]]
    assert [sorted(one) for one in passes] == [[*range(12)]] * 2
    assert passes[0] != passes[1]


class _Batches:
    """A dataset that counts its passes."""

    def __init__(self) -> None:
        self.begun = self.ended = 0

    def __iter__(self) -> Any:
        self.begun += 1
        yield from ((SAMPLES[start : start + 3], SAMPLES[start : start + 3]) for start in range(0, 12, 3))

    def on_epoch_end(self) -> None:
        self.ended += 1


def test_a_dataset_is_walked_to_its_end_before_it_begins_again() -> None:
    batches = _Batches()
    epochs = _seen(batches, steps_per_epoch=2, epochs=5)
    assert epochs == [[*range(6)], [*range(6, 12)]] * 2 + [[*range(6)]]
    assert (batches.begun, batches.ended) == (3, 2)
