"""Chains of convolutions that are kept ready while their weights do not change."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import _rust, ops


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The chains made ready since the test began."""
    chains: list[Any] = []
    make = _rust.Conv2DChain

    def noted(*arguments: Any) -> Any:
        chains.append(make(*arguments))
        return chains[-1]

    monkeypatch.setattr(_rust, "Conv2DChain", noted)
    return chains


@pytest.fixture
def weights() -> list[kinema.Variable]:
    return [kinema.Variable(_random(3, 3, 3, 16)), kinema.Variable(_random(16)), kinema.Variable(_random(3, 3, 16, 16))]


def _links(weights: list[kinema.Variable], activation: str = "relu") -> list[ops.ConvolutionLink]:
    first, bias, second = weights
    return [ops.ConvolutionLink(first, bias, activation=activation, pool_size=2), ops.ConvolutionLink(second)]


@pytest.fixture
def exact() -> Iterator[None]:
    kinema.set_precision("exact")
    yield
    kinema.set_precision("fast")


X = _random(2, 20, 22, 3)


def _check(weights: list[kinema.Variable], prepared: ops.PreparedChain, x: Any = X, activation: str = "relu") -> None:
    links = _links(weights, activation)
    np.testing.assert_array_equal(ops.conv2d_chain(x, links, prepared).numpy(), ops.conv2d_chain(x, links).numpy())


def test_a_chain_is_made_once_for_any_number_of_frames(weights: list[kinema.Variable], made: list[Any]) -> None:
    prepared = ops.PreparedChain()
    for frames in (1, 2, 1):
        ops.conv2d_chain(X[:frames], _links(weights), prepared)
    assert len(made) == 1
    _check(weights, prepared)


@pytest.mark.parametrize("changed", range(3))
def test_it_is_made_again_when_a_weight_changes(weights: list[kinema.Variable], made: list[Any], changed: int) -> None:
    prepared = ops.PreparedChain()
    _check(weights, prepared)
    weights[changed].assign(-weights[changed].numpy())
    made.clear()
    _check(weights, prepared)
    assert len(made) == 2, "one for the call with memory, one for the call without"


def test_it_is_made_again_for_other_frames_types_and_settings(weights: list[kinema.Variable]) -> None:
    prepared = ops.PreparedChain()
    _check(weights, prepared)
    _check(weights, prepared, _random(2, 23, 21, 3))
    _check(weights, prepared, activation="linear")
    doubled = [kinema.Variable(weight.numpy(), dtype="float64") for weight in weights]
    _check(doubled, prepared, X.astype("float64"))
    scaling = ops.ByteScaling(np.float32(1 / 255), np.float32(0))
    _check(weights, prepared, ops.ByteFrames((X > 0).astype(np.uint8), scaling))


def test_it_is_made_again_for_another_precision(
    weights: list[kinema.Variable], made: list[Any], request: pytest.FixtureRequest
) -> None:
    prepared = ops.PreparedChain()
    fast = ops.conv2d_chain(X, _links(weights), prepared).numpy()
    request.getfixturevalue("exact")
    assert not made[0].fits((20, 22, 3))
    assert (ops.conv2d_chain(X, _links(weights), prepared).numpy() != fast).any()
    _check(weights, prepared)


def test_other_weights_of_the_same_values_are_other_weights(weights: list[kinema.Variable]) -> None:
    prepared = ops.PreparedChain()
    _check(weights, prepared)
    others = [kinema.Variable(weight.numpy() + 1) for weight in weights]
    _check(others, prepared)


def test_another_thread_may_replace_the_chain_at_any_moment(
    weights: list[kinema.Variable], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = ops.PreparedChain()
    ops.conv2d_chain(X, _links(weights), prepared)
    make = _rust.Conv2DChain

    class Replaced:
        def __init__(self, *arguments: Any) -> None:
            self.chain = make(*arguments)
            self.run = self.chain.run

        def fits(self, frame: Any) -> Any:
            other = ops.PreparedChain()
            other.of(_links(weights), (1, 9, 9, 3), X.dtype)
            prepared._made = other._made
            return self.chain.fits(frame)

    monkeypatch.setattr(_rust, "Conv2DChain", Replaced)
    prepared._made = None
    _check(weights, prepared)
    _check(weights, prepared)


def test_copies_of_a_memory_begin_empty(weights: list[kinema.Variable], made: list[Any]) -> None:
    prepared = ops.PreparedChain()
    ops.conv2d_chain(X, _links(weights), prepared)
    for again in (copy.deepcopy(prepared), pickle.loads(pickle.dumps(prepared))):
        made.clear()
        ops.conv2d_chain(X, _links(weights), again)
        assert len(made) == 1


def test_a_model_makes_its_chain_once_between_trainings(made: list[Any]) -> None:
    model = kinema.Sequential([kinema.layers.Input((20, 22, 3)), kinema.layers.Conv2D(4, 3, activation="relu")])
    model.add(kinema.layers.MaxPooling2D())
    model.compile("sgd", "mse")
    for _ in range(3):
        before = model.predict(X, verbose=0)
    assert len(made) == 1
    model.train_on_batch(X, before + 1)
    assert (model.predict(X, verbose=0) != before).any()
    assert len(made) == 2
