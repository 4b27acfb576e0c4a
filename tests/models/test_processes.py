"""Several Python threads and processes with one model."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import kinema
from kinema import layers


@pytest.fixture(scope="module")
def model() -> kinema.Sequential:
    return kinema.Sequential(
        [
            layers.Conv2D(16, 3, activation="relu", input_shape=(5, 32, 32, 3)),
            layers.MaxPooling2D(2),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.LSTM(16),
            layers.Dense(4, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def clips() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(12, 5, 32, 32, 3)).astype("float32")


def test_several_threads_predict_at_once(model: kinema.Sequential, clips: np.ndarray) -> None:
    expected = model.predict_on_batch(clips)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: model.predict_on_batch(clips), range(16)))
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)


def test_one_thread_trains_while_others_predict(model: kinema.Sequential, clips: np.ndarray) -> None:
    """Dropout of the training thread does not reach the others."""
    twin = kinema.models.model_from_json(model.to_json())
    twin.compile("sgd", "categorical_crossentropy")
    expected = model.predict_on_batch(clips)
    with ThreadPoolExecutor(3) as pool:
        training = pool.submit(twin.fit, clips, np.eye(4)[np.arange(12) % 4], epochs=3, batch_size=4, verbose=0)
        answers = list(pool.map(lambda _: model.predict_on_batch(clips), range(8)))
        training.result()
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)


def _predict_in_child(model: kinema.Sequential, clips: np.ndarray, answers: object) -> None:
    answers.put(model.predict_on_batch(clips))  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_children_work_with_threads_of_their_own(method: str, model: kinema.Sequential, clips: np.ndarray) -> None:
    if method == "fork" and sys.platform != "linux":
        pytest.skip("fork is safe on Linux only")
    expected = model.predict_on_batch(clips)
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    if method == "spawn":
        # A spawned child cannot import this file by name under pytest: it runs the model's own method.
        with context.Pool(1) as pool:
            answer = pool.apply(model.predict_on_batch, (clips,))
    else:
        child = context.Process(target=_predict_in_child, args=(model, clips, answers))
        child.start()
        answer = answers.get(timeout=60)
        child.join(60)
        assert child.exitcode == 0
    np.testing.assert_array_equal(answer, expected)
    np.testing.assert_array_equal(model.predict_on_batch(clips), expected)
