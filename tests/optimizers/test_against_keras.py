"""Optimisers and schedules against real Keras 3, step by step."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import optimizers
from kinema.optimizers import schedules

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
RNG = np.random.default_rng(9)
SHAPES = [(3, 4), (4,), (2, 3, 2)]
STARTS = [RNG.normal(size=shape) for shape in SHAPES]
GRADIENTS = [[RNG.normal(size=shape) for shape in SHAPES] for _ in range(10)]
# Keras on TensorFlow rounds factors to single precision even where it computes in double: these are exact in both.
BETAS = {"beta_1": 0.875, "beta_2": 1 - 2**-10}
SUMS = {"initial_accumulator_value": 0.125}
CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.875}),
    ("SGD", {"momentum": 0.875, "nesterov": True, "weight_decay": 0.125}),
    ("SGD", {"clipvalue": 0.5}),
    ("SGD", {"clipnorm": 1.0}),
    ("SGD", {"global_clipnorm": 1.0}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.8}),
    ("RMSprop", {"momentum": 0.5, "weight_decay": 2**-7}),
    ("Adam", BETAS),
    ("Adam", {**BETAS, "amsgrad": True}),
    ("Adam", {**BETAS, "global_clipnorm": 0.5, "epsilon": 1e-3}),
    ("AdamW", {**BETAS, "weight_decay": 2**-8}),
    ("AdamW", {**BETAS, "weight_decay": 0.125, "clipnorm": 0.5}),
    ("AdamW", {**BETAS, "weight_decay": 0}),
    ("Adam", {**BETAS, "gradient_accumulation_steps": 4, "global_clipnorm": 0.5}),
    ("SGD", {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3}),
    ("RMSprop", {"use_ema": True, "ema_momentum": 0.75, "gradient_accumulation_steps": 2, "momentum": 0.5}),
    ("Nadam", BETAS),
    ("Nadam", {**BETAS, "weight_decay": 2**-7, "clipnorm": 0.5}),
    ("Nadam", {**BETAS, "gradient_accumulation_steps": 4, "use_ema": True, "ema_momentum": 0.75}),
    ("Adamax", BETAS),
    ("Adamax", {"beta_1": 0.875, "beta_2": 0.5, "epsilon": 2**-10, "global_clipnorm": 0.5, "weight_decay": 0.125}),
    ("Adagrad", {**SUMS, "epsilon": 2**-23}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 2**-10, "weight_decay": 2**-7, "clipvalue": 0.5}),
    ("Adadelta", {"rho": 0.875, "epsilon": 2**-23}),
    ("Adadelta", {"rho": 0.5, "epsilon": 2**-10, "gradient_accumulation_steps": 2, "weight_decay": 2**-7}),
    ("Lion", {"beta_1": 0.875, "beta_2": 0.75}),
    ("Lion", {**BETAS, "weight_decay": 0.125, "use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3}),
    ("Ftrl", SUMS),
    ("Ftrl", {**SUMS, "l1_regularization_strength": 0.25, "l2_regularization_strength": 0.5, "beta": 0.75}),
    (
        "Ftrl",
        {**SUMS, "learning_rate_power": -0.75, "l2_shrinkage_regularization_strength": 0.125, "weight_decay": 2**-7},
    ),
]


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> Any:
    """The type of everything, learning rates and factors included."""
    for config in (keras.config, kinema.config):
        config.set_floatx(request.param)
    yield request.param
    for config in (keras.config, kinema.config):
        config.set_floatx("float32")


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_ten_steps(name: str, settings: dict[str, Any], dtype: str) -> None:
    ours = getattr(optimizers, name)(learning_rate=0.05, **settings)
    theirs = getattr(keras.optimizers, name)(learning_rate=0.05, **settings)
    mine = [kinema.Variable(start, dtype=dtype, name=f"w{i}") for i, start in enumerate(STARTS)]
    other = [keras.Variable(start, dtype=dtype, name=f"w{i}") for i, start in enumerate(STARTS)]
    for gradients in GRADIENTS:
        ours.apply([gradient.astype(dtype) for gradient in gradients], mine)
        theirs.apply([keras.ops.convert_to_tensor(gradient.astype(dtype)) for gradient in gradients], other)
    # Keras works out Adam's correction 1 - 0.999**t in the variable's own type.
    tolerance = 1e-4 if dtype == "float32" else 1e-8 if name == "Nadam" else 1e-9  # whose 0.96 is not exact in both
    for one, two in zip(mine, other, strict=True):
        np.testing.assert_allclose(one.numpy(), np.asarray(two), rtol=tolerance, atol=tolerance)
    assert len(ours.variables) == len(theirs.variables)
    for one, two in zip(ours.variables, theirs.variables, strict=True):
        assert one.name == two.name or (one.name, two.name[:9]) == ("variable", "variable_")
        np.testing.assert_allclose(one.numpy(), np.asarray(two), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted({name for name, _ in CASES}))
def test_ten_steps_with_the_defaults(name: str) -> None:
    test_ten_steps(name, {}, "float32")


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_configs_are_keras_configs(name: str, settings: dict[str, Any]) -> None:
    ours = getattr(optimizers, name)(learning_rate=0.25, **settings)
    theirs = keras.optimizers.deserialize(optimizers.serialize(ours))
    assert type(theirs).__name__ == name
    again = optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("name", sorted({name for name, _ in CASES}))
def test_defaults_are_keras_defaults(name: str) -> None:
    theirs = getattr(keras.optimizers, name)(name="mine").get_config()
    assert getattr(optimizers, name)(name="mine").get_config() == theirs


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
        ("PiecewiseConstantDecay", {"boundaries": [5, 9], "values": [0.1, 0.2, 0.05]}),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 12, "alpha": 0.1}),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "warmup_target": 0.3, "warmup_steps": 4}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 3}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 4, "t_mul": 1.0, "m_mul": 0.5}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.5, "alpha": 0.1}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 12}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "power": 0.5, "cycle": True}),
    ],
)
def test_schedules(name: str, settings: dict[str, Any]) -> None:
    ours, theirs = getattr(schedules, name)(**settings), getattr(keras.optimizers.schedules, name)(**settings)
    for step in range(20):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=1e-5, abs=1e-8)
    assert ours.get_config() == theirs.get_config()
    assert schedules.deserialize(keras.optimizers.schedules.serialize(theirs)).get_config() == ours.get_config()
