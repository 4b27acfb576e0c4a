"""What `compile` takes, what it says of it, and models from the configs of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, losses, metrics, ops
from kinema.models import Functional

X = np.random.default_rng(0).random((8, 5)).astype("float32")
Y = np.random.default_rng(1).random((8, 2)).astype("float32")


class Graph(kinema.Model):
    """A graph with more to it."""

    def extra(self) -> int:
        return len(self.layers)


class Sized(kinema.Model):
    """A graph that its constructor makes."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        entry = kinema.Input((5,))
        super().__init__(inputs=entry, outputs=layers.Dense(units)(entry), **kwargs)


class Twice(layers.Layer):
    """A layer that files know by custom_objects alone."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2.0


class Forked(layers.Layer):
    """Gives its input and more, in a structure."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs: Any) -> Any:
        if self.kind == "one":
            return {"same": inputs}
        return {"same": inputs, "double": inputs * 2.0} if self.kind == "dict" else (inputs, inputs * 2.0)


class PairMetric(metrics.Metric):
    """Two figures in one."""

    def __init__(self, name: str = "pair", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable(name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add(np.abs(y_true - y_pred).sum())

    def result(self) -> Any:
        return {"sum": self.total.value, "half": self.total.value / 2.0}


def _line() -> kinema.Sequential:
    kinema.utils.set_random_seed(4)
    return kinema.Sequential([kinema.Input((5,)), layers.Dense(2)])


def test_the_arguments_of_compile_as_a_config() -> None:
    model = _line()
    assert model.get_compile_config() is None
    model.compile(
        kinema.optimizers.SGD(0.25), losses.Huber(0.5), metrics=["mae"], loss_weights=2.0, steps_per_execution=3,
        run_eagerly=True, jit_compile=True,
    )  # fmt: skip
    config = model.get_compile_config()
    assert {name: config[name] for name in ("loss_weights", "metrics", "weighted_metrics")} == {
        "loss_weights": 2.0,
        "metrics": ["mae"],
        "weighted_metrics": None,
    }
    assert (config["run_eagerly"], config["steps_per_execution"], config["jit_compile"]) == (True, 3, False)
    other = _line()
    other.compile_from_config(config)
    assert other.get_compile_config() == config
    assert other.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert (other.run_eagerly, other.steps_per_execution, other.jit_compile) == (True, 3, False)


def test_the_loss_is_what_was_given() -> None:
    model = _line()
    model.compile("sgd", "mse")
    assert model.loss == "mse"


def test_a_compile_of_its_own_is_left_to_the_user() -> None:
    class Own(kinema.Sequential):
        def compile(self, rate: float) -> None:  # type: ignore[override]
            super().compile(kinema.optimizers.SGD(rate), "mse")

    model = Own([kinema.Input((5,)), layers.Dense(2)])
    model.compile(0.5)
    with pytest.warns(UserWarning, match="Own has a compile method of its own, and is not compiled"):
        model.compile_from_config(model.get_compile_config())
    assert model.evaluate(X, Y, verbose=0) > 0


def test_names_of_metrics_before_the_first_batch() -> None:
    model = _line()
    assert model.metrics_names == ["loss"]
    given = [
        "accuracy",
        losses.mean_absolute_error,
        metrics.RootMeanSquaredError(name="root"),
        metrics.MeanSquaredError,
    ]
    model.compile("sgd", "mse", metrics=given, weighted_metrics=["accuracy"])
    before = model.metrics_names
    assert before == ["loss", "accuracy", "mean_absolute_error", "root", "mean_squared_error", "weighted_accuracy"]
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == before == model.metrics_names
    assert [metric.name for metric in model.metrics] == ["loss", "compile_metrics"]


def test_metrics_of_one_name_are_told_apart() -> None:
    model = _line()
    model.compile("sgd", "mse", metrics=["mae", metrics.MeanAbsoluteError("mae")], weighted_metrics=["mae"])
    figures = model.evaluate(X, Y, sample_weight=np.arange(8.0), verbose=0, return_dict=True)
    assert list(figures) == ["loss", "mae", "mae_1", "weighted_mae"]
    assert figures["mae"] == figures["mae_1"] != figures["weighted_mae"]


def test_a_metric_that_gives_a_dict() -> None:
    model = _line()
    model.compile("sgd", "mse", metrics=[PairMetric(), "mae"])
    total = np.abs(model.predict(X, verbose=0) - Y).sum()
    figures = model.evaluate(X, Y, batch_size=3, verbose=0, return_dict=True)
    assert list(figures) == ["loss", "sum", "half", "mae"]
    assert (figures["sum"], figures["half"]) == (pytest.approx(total, rel=1e-5), pytest.approx(total / 2, rel=1e-5))
    history = model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y)).history
    assert len(history["val_half"]) == 2
    several = kinema.Model(entry := kinema.Input((5,)), [layers.Dense(2, name="a")(entry), layers.Dense(2)(entry)])
    several.compile("sgd", "mse", metrics=[[PairMetric()], None])
    assert {"sum", "half"} < set(several.evaluate(X, [Y, Y], verbose=0, return_dict=True))


@pytest.mark.parametrize("reduction", ["none", None])
def test_a_loss_that_is_not_reduced(reduction: Any) -> None:
    """The mean is shown; the gradient is that of the sum, as Keras's is."""
    model, expected = _line(), _line()
    model.compile(kinema.optimizers.SGD(0.1), losses.MeanSquaredError(reduction=reduction))
    expected.compile(kinema.optimizers.SGD(0.1), losses.MeanSquaredError(reduction="sum"))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected.evaluate(X, Y, verbose=0) / 8, rel=1e-6)
    shown = model.fit(X, Y, verbose=0).history["loss"]
    assert shown == pytest.approx([expected.fit(X, Y, verbose=0).history["loss"][0] / 8], rel=1e-6)
    for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    two = kinema.Model(
        entry := kinema.Input((5,)), [layers.Dense(2, name="a")(entry), layers.Dense(2, name="b")(entry)]
    )
    two.compile("sgd", losses.MeanSquaredError(reduction=reduction))
    figures = two.evaluate(X, [Y, Y], verbose=0, return_dict=True)
    assert figures["loss"] == pytest.approx(figures["a_loss"] + figures["b_loss"], rel=1e-6)


@pytest.mark.parametrize("make", [lambda one, two: Graph(one, two), lambda one, two: Graph(inputs=one, outputs=two)])
def test_a_subclass_of_model_that_is_given_a_graph(make: Any) -> None:
    entry = kinema.Input((5,))
    model = make(entry, layers.Dense(2)(entry))
    assert isinstance(model, Functional)
    assert type(model) is Graph
    assert model.extra() == 2
    again = Graph.from_config(model.get_config())
    assert type(again) is Graph
    assert again.output_shape == (None, 2)


def test_a_constructor_that_makes_the_graph() -> None:
    model = Sized(3, name="sized")
    assert model.predict(X, verbose=0).shape == (8, 3)
    assert Sized(4).output_shape == (None, 4)
    config = Sized(2).get_config()
    assert config["units"] == 2
    assert Sized.from_config(config).output_shape == (None, 2)


def test_configs_of_models_with_custom_objects() -> None:
    entry = kinema.Input((5,))
    graph = kinema.Model(entry, Twice()(entry))
    line = kinema.Sequential([kinema.Input((5,)), Twice()])
    for model in (
        kinema.Model.from_config(graph.get_config(), custom_objects={"Twice": Twice}),
        Functional.from_config(graph.get_config(), custom_objects={"Twice": Twice}),
        kinema.Sequential.from_config(line.get_config(), custom_objects={"Twice": Twice}),
    ):
        np.testing.assert_array_equal(model.predict(X, verbose=0), X * 2)


@pytest.mark.parametrize("kind", ["dict", "tuple", "one"])
def test_a_layer_that_gives_a_structure_in_a_graph(kind: str) -> None:
    entry = kinema.Input((5,))
    outputs = Forked(kind)(entry)
    model = kinema.Model(entry, outputs)
    found = model.predict(X, verbose=0)
    if kind == "tuple":
        assert isinstance(found, tuple)
        found = dict(zip(("same", "double"), found, strict=True))
    np.testing.assert_array_equal(found["same"], X)
    assert kind == "one" or np.array_equal(found["double"], X * 2)
    again = Functional.from_config(model.get_config(), custom_objects={"Forked": Forked})
    assert [tensor.shape for tensor in again.outputs] == [tensor.shape for tensor in model.outputs]


def test_a_part_of_such_a_structure_goes_on() -> None:
    entry = kinema.Input((None, 5))
    first, second = Forked("tuple")(entry)
    named = Forked("dict")(layers.Add()([first, second]))
    model = kinema.Model(entry, layers.Dense(2, kernel_initializer="ones")(named["double"]))
    x = np.stack([X, X], axis=1)
    np.testing.assert_allclose(model.predict(x, verbose=0)[..., 0], 6 * x.sum(-1), rtol=1e-5)
    assert model.compute_output_shape((None, 2, 5)) == (None, 2, 2)
    assert ops.shape(model(x)) == (8, 2, 2)
