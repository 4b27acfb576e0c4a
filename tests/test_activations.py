"""Activation functions by name."""

import numpy as np
import pytest

from kinema import activations
from kinema.errors import ArgumentError

X = np.array([-3.0, -0.5, 0.0, 0.5, 8.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", X),
        ("relu", [0, 0, 0, 0.5, 8]),
        ("relu6", [0, 0, 0, 0.5, 6]),
        ("leaky_relu", [-0.6, -0.1, 0, 0.5, 8]),
        ("elu", np.where(X > 0, X, np.exp(np.minimum(X, 0)) - 1)),
        ("tanh", np.tanh(X)),
        ("sigmoid", 1 / (1 + np.exp(-X))),
        ("hard_sigmoid", [0, 2.5 / 6, 0.5, 3.5 / 6, 1]),
        ("softplus", np.log1p(np.exp(X))),
        ("softsign", X / (1 + np.abs(X))),
        ("silu", X / (1 + np.exp(-X))),
        ("swish", X / (1 + np.exp(-X))),
        ("exponential", np.exp(X)),
        ("softmax", np.exp(X) / np.exp(X).sum()),
        ("log_softmax", X - np.log(np.exp(X).sum())),
        ("celu", np.where(X > 0, X, np.expm1(np.minimum(X, 0)))),
        ("hard_shrink", [-3, 0, 0, 0, 8]),
        ("hard_silu", [0, -0.5 * 2.5 / 6, 0, 0.5 * 3.5 / 6, 8]),
        ("hard_swish", [0, -0.5 * 2.5 / 6, 0, 0.5 * 3.5 / 6, 8]),
        ("hard_tanh", [-1, -0.5, 0, 0.5, 1]),
        ("log_sigmoid", -np.log1p(np.exp(-X))),
        ("mish", X * np.tanh(np.log1p(np.exp(X)))),
        ("soft_shrink", [-2.5, 0, 0, 0, 7.5]),
        ("squareplus", (X + np.sqrt(X**2 + 4)) / 2),
        ("tanh_shrink", X - np.tanh(X)),
    ],
)
def test_values(name, expected):
    np.testing.assert_allclose(np.asarray(activations.get(name)(X)), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"negative_slope": 0.1}, [-0.3, -0.05, 0, 0.5, 8]),
        ({"max_value": 2.0}, [0, 0, 0, 0.5, 2]),
        ({"threshold": 1.0}, [0, 0, 0, 0, 8]),
        ({"threshold": 1.0, "negative_slope": 0.5, "max_value": 5.0}, [-2, -0.75, -0.5, -0.25, 5]),
    ],
)
def test_relu_with_settings(settings, expected):
    np.testing.assert_allclose(activations.relu(X, **settings).numpy(), expected)


def test_none_is_linear():
    assert activations.get(None) is activations.linear


def test_files_name_built_in_functions():
    assert activations.serialize(activations.relu) == "relu"
    assert activations.serialize(activations.swish) == "silu"
    assert activations.deserialize("relu") is activations.relu


def test_unknown_names_get_a_hint():
    with pytest.raises(ArgumentError, match=r"unknown activation 'rellu': did you mean .*'relu'"):
        activations.get("rellu")
