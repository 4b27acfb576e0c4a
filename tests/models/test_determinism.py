"""The same bits for any number of threads, and on every instruction set a result of its own that is the same twice."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

import kinema
from kinema import layers

PROGRAM = """
import hashlib, numpy as np, kinema
from kinema import layers
kinema.utils.set_random_seed(5)
model = kinema.Sequential([
    layers.Conv2D(8, 3, activation="relu", input_shape=(6, 20, 20, 3)), layers.MaxPooling2D(2),
    layers.BatchNormalization(),
    layers.Conv2D(12, 3, padding="same", activation="relu"), layers.MaxPooling2D(2), layers.Flatten(),
    layers.Bidirectional(layers.GRU(9, return_sequences=True)), layers.Dropout(0.4), layers.LSTM(16),
    layers.Dense(4, activation="softmax"),
])
rng = np.random.default_rng(0)
x, y = rng.normal(size=(21, 6, 20, 20, 3)).astype("float32"), np.eye(4)[rng.integers(0, 4, 21)]
model.compile("adam", "categorical_crossentropy")
model.fit(x, y, epochs=1, batch_size=5, verbose=0)
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
"""


def _digest(**environment: str) -> str:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return output.stdout.strip()


@pytest.mark.parametrize("isa", kinema._rust.available_instruction_sets())
def test_an_epoch_gives_the_same_weights_for_one_two_and_three_threads(isa: str) -> None:
    digests = {_digest(KINEMA_ISA=isa, KINEMA_NUM_THREADS=str(threads)) for threads in (1, 2, 3)}
    assert len(digests) == 1
    assert len(digests.pop()) == hashlib.sha256().digest_size * 2


def test_a_samples_prediction_depends_on_nothing_beside_it() -> None:
    model = kinema.Sequential(
        [
            layers.Conv2D(8, 3, activation="relu", input_shape=(4, 16, 16, 3)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.LSTM(24),
            layers.Dense(5, activation="softmax"),
        ]
    )
    x = np.random.default_rng(0).normal(size=(17, 4, 16, 16, 3)).astype("float32")
    together = model.predict_on_batch(x)
    for rows in (slice(0, 1), slice(3, 5), slice(4, 17)):
        np.testing.assert_array_equal(model.predict_on_batch(x[rows]), together[rows])
