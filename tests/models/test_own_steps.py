"""Models that take their steps themselves, as Keras's guides write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, ops
from kinema.errors import DataError, DTypeError, NonFiniteError
from kinema.models.own_steps import OwnSteps
from kinema.models.steps import Steps
from kinema.utils import pack_x_y_sample_weight, unpack_x_y_sample_weight

SAMPLES = 12
X = np.random.default_rng(0).random((SAMPLES, 5)).astype("float32")
Y = np.random.default_rng(1).random((SAMPLES, 1)).astype("float32")


def _line(cls: type = kinema.Sequential) -> Any:
    kinema.utils.set_random_seed(7)
    return cls([kinema.Input((5,)), layers.Dense(4, activation="tanh", kernel_regularizer="l2"), layers.Dense(1)])


class Recorder(kinema.Sequential):
    """Says what its steps got."""

    def note(self, *what: Any) -> None:
        self.__dict__.setdefault("seen", []).append(what)

    def train_step(self, data: Any) -> Any:
        self.note("train", data)
        return super().train_step(data)

    def test_step(self, data: Any) -> Any:
        self.note("test", data)
        return super().test_step(data)

    def predict_step(self, data: Any) -> Any:
        self.note("predict", data)
        return super().predict_step(data)


class Silent(Recorder):
    """Does nothing with what it gets."""

    def train_step(self, data: Any) -> Any:
        self.note("train", data)
        return {"count": 1.0}


class ByHand(kinema.Model):
    """The step of Keras's guide, on a graph."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with kinema.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


class Tracked(kinema.Model):
    """No `loss` in compile, metrics of its own."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.loss_tracker = kinema.metrics.Mean(name="loss")
        self.mae = kinema.metrics.MeanAbsoluteError(name="mae")

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.net(inputs, training=training)

    @property
    def metrics(self) -> list[Any]:
        return [self.loss_tracker, self.mae]

    def train_step(self, data: Any) -> Any:
        x, y = data
        with kinema.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = ops.mean(ops.square(y - y_pred))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return self._figures(y, y_pred, loss)

    def test_step(self, data: Any) -> Any:
        x, y = data
        y_pred = self(x, training=False)
        return self._figures(y, y_pred, ops.mean(ops.square(y - y_pred)))

    def _figures(self, y: Any, y_pred: Any, loss: Any) -> Any:
        self.loss_tracker.update_state(loss)
        self.mae.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


class Gan(kinema.Model):
    """Without `call`, with a `compile` of its own."""

    def __init__(self, discriminator: Any, generator: Any) -> None:
        super().__init__()
        self.discriminator, self.generator = discriminator, generator

    def compile(self, d_optimizer: Any, g_optimizer: Any, loss_fn: Any) -> None:  # type: ignore[override]
        super().compile()
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn
        self.d_metric = kinema.metrics.Mean(name="d_loss")
        self.g_metric = kinema.metrics.Mean(name="g_loss")

    @property
    def metrics(self) -> list[Any]:
        return [self.d_metric, self.g_metric]

    def train_step(self, data: Any) -> Any:
        count = ops.shape(data)[0]
        noise = ops.ones((count, 2))
        both = ops.concatenate([self.generator(noise), data], axis=0)
        labels = ops.concatenate([ops.ones((count, 1)), ops.zeros((count, 1))], axis=0)
        with kinema.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(both))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        with kinema.GradientTape() as tape:
            g_loss = self.loss_fn(ops.zeros((count, 1)), self.discriminator(self.generator(noise)))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        self.d_metric.update_state(d_loss)
        self.g_metric.update_state(g_loss)
        return {"d_loss": self.d_metric.result(), "g_loss": self.g_metric.result()}


def _shapes(data: Any) -> Any:
    return tuple(None if part is None else part.shape for part in data) if isinstance(data, tuple) else data.shape


def test_steps_get_what_keras_gives_them() -> None:
    model = _line(Recorder)
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=8, verbose=0, validation_batch_size=12, validation_data=(X, Y, X[:, 0]))
    model.fit(X, Y, class_weight={0: 2.0, 1: 1.0}, verbose=0)
    model.train_on_batch(X, Y)
    model.test_on_batch(X, Y)
    model.predict(X, verbose=0)
    model.predict(iter([(X,)]), verbose=0)
    model.predict_on_batch(X)
    assert [(kind, _shapes(data)) for kind, data in model.seen] == [
        ("train", ((8, 5), (8, 1))),
        ("train", ((4, 5), (4, 1))),
        ("test", ((12, 5), (12, 1), (12,))),
        ("train", ((12, 5), (12, 1), (12,))),
        ("train", ((12, 5), (12, 1), None)),
        ("test", ((12, 5), (12, 1), None)),
        ("predict", (12, 5)),
        ("predict", (12, 5)),
        ("predict", ((12, 5),)),
    ]
    assert all(
        isinstance(part, kinema.Tensor) for _, data in model.seen if isinstance(data, tuple) for part in data[:2]
    )


def test_numbers_come_in_the_process_wide_type() -> None:
    model = _line(Recorder)
    model.compile("sgd", "mse")
    model.fit(X.astype("float64"), np.arange(SAMPLES), verbose=0)
    x, y = model.seen[0][1]
    assert (x.dtype, y.dtype) == ("float32", "int64")


def test_samples_alone_come_alone_or_as_the_data_set_gives_them() -> None:
    model = _line(Silent)
    model.compile("sgd")
    model.fit(X, verbose=0)
    model.fit(iter([(X,)]), verbose=0)
    assert [_shapes(data) for _, data in model.seen] == [(12, 5), ((12, 5),)]


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_the_default_steps_by_hand_train_the_same(loss: str) -> None:
    plain, recorded = _line(), _line(Recorder)
    assert type(plain._steps_for("train_step")) is Steps
    assert type(recorded._steps_for("train_step")) is OwnSteps
    histories = []
    for model in (plain, recorded):
        model._training_run.seed = 3
        model.compile("adam", loss, metrics=["mae"], weighted_metrics=["mse"])
        fitted = model.fit(X, Y, sample_weight=Y[:, 0], batch_size=5, epochs=2, verbose=0, validation_split=0.25)
        histories.append(fitted.history)
        assert model._training_run.steps == 4
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-6)
    for one, other in zip(plain.get_weights(), recorded.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(recorded.evaluate(X, Y, verbose=0), plain.evaluate(X, Y, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(recorded.predict(X, verbose=0), plain.predict(X, verbose=0), rtol=1e-6)


def test_a_step_by_hand_on_a_graph_trains_as_fit_does() -> None:
    net = _line()
    entry = kinema.Input((5,))
    by_hand = ByHand(entry, net(entry))
    by_hand.compile("adam", "mse", metrics=["mae"])
    assert by_hand.metrics_names == ["loss", "mae"]
    assert [metric.name for metric in by_hand.metrics] == ["loss", "compile_metrics"]
    history = by_hand.fit(X, Y, batch_size=6, shuffle=False, epochs=2, verbose=0).history
    plain = _line()
    plain.compile("adam", "mse", metrics=["mae"])
    expected = plain.fit(X, Y, batch_size=6, shuffle=False, epochs=2, verbose=0).history
    assert list(history) == ["loss", "mae"]
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5)
    for one, other in zip(plain.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)


def test_metrics_of_its_own_start_anew_each_epoch() -> None:
    model = Tracked(_line())
    model.compile(optimizer=kinema.optimizers.SGD(0.0))
    history = model.fit(X, Y, batch_size=6, epochs=3, verbose=0, validation_data=(X, Y)).history
    error = np.abs(model.predict(X, verbose=0) - Y)
    np.testing.assert_allclose(history["mae"], [error.mean()] * 3, rtol=1e-5)
    np.testing.assert_allclose(history["val_loss"], [(error**2).mean()] * 3, rtol=1e-5)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx([(error**2).mean(), error.mean()], rel=1e-5)


def test_two_optimizers_and_no_call() -> None:
    kinema.utils.set_random_seed(1)
    discriminator = kinema.Sequential([kinema.Input((5,)), layers.Dense(1)])
    generator = kinema.Sequential([kinema.Input((2,)), layers.Dense(5)])
    model = Gan(discriminator, generator)
    before = [net.get_weights()[0] for net in (discriminator, generator)]
    adam = kinema.optimizers.Adam
    model.compile(adam(0.01), g_optimizer=adam(0.01), loss_fn=kinema.losses.BinaryCrossentropy(from_logits=True))
    history = model.fit(X, batch_size=4, epochs=3, verbose=0).history
    assert {name: len(values) for name, values in history.items()} == {"d_loss": 3, "g_loss": 3}
    for old, net in zip(before, (discriminator, generator), strict=True):
        assert np.abs(net.get_weights()[0] - old).max() > 0.01


def test_a_loss_and_metrics_of_its_own() -> None:
    class Own(kinema.Sequential):
        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            modes.add(training)
            return ops.mean(ops.square(y - y_pred)) * 3.0

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return {"largest": ops.max(ops.abs(y_pred)), **super().compute_metrics(x, y, y_pred, sample_weight)}

    modes: set[bool] = set()
    model = _line(Own)
    model.compile("sgd", metrics=["mse"])
    history = model.fit(X, Y, verbose=0).history
    assert set(history) == {"loss", "mse", "largest"}
    logs = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(3 * logs["mse"], rel=1e-5)
    assert logs["largest"] == pytest.approx(np.abs(model.predict(X, verbose=0)).max(), rel=1e-5)
    assert modes == {True, False}


def test_a_loss_that_does_not_know_of_training() -> None:
    class Old(kinema.Sequential):
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return ops.mean(y_pred)

    model = _line(Old)
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(model.predict(X, verbose=0).mean(), rel=1e-5)


class Watching(layers.Layer):
    """Keeps the mean of what goes through."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = kinema.metrics.Mean(name="mean_input")

    def call(self, inputs: Any) -> Any:
        self.mean.update_state(ops.mean(inputs))
        return inputs


def test_metrics_that_layers_keep() -> None:
    model = kinema.Sequential([kinema.Input((5,)), Watching(), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, Y, batch_size=6, epochs=2, verbose=0).history
    np.testing.assert_allclose(history["mean_input"], [X.mean()] * 2, rtol=1e-5)
    assert model.metrics_names == ["loss", "mean_input"]


@pytest.mark.parametrize("step", ["train_on_batch", "test_on_batch"])
def test_figures_do_not_count_the_call_that_builds(step: str) -> None:
    class Unbuilt(kinema.Model):
        def __init__(self) -> None:
            super().__init__()
            self.watching, self.out = Watching(), layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.out(self.watching(inputs))

    model = Unbuilt()
    model.compile("sgd", "mse")
    assert getattr(model, step)(X, Y, return_dict=True)["mean_input"] == pytest.approx(X.mean(), rel=1e-5)


def test_figures_of_several_numbers() -> None:
    model = Recorder([kinema.Input((5,)), layers.Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=[kinema.metrics.F1Score()])
    y = np.eye(2, dtype="float32")[np.arange(SAMPLES) % 2]
    logs = model.evaluate(X, y, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["f1_score"], kinema.metrics.F1Score()(y, model.predict(X, verbose=0)).numpy())


def test_lists_and_dicts_of_metrics_are_found() -> None:
    class Holding(kinema.Sequential):
        def __init__(self, first: Any, **kwargs: Any) -> None:
            super().__init__([kinema.Input((5,)), layers.Dense(1)], **kwargs)
            self.held = {"first": first, "more": kinema.metrics.Mean(name="more")}
            self.listed = [kinema.metrics.Mean(name="listed")]

    class Given(kinema.Sequential):
        def __init__(self, unused: Any) -> None:
            super().__init__([kinema.Input((5,)), layers.Dense(1)])

    assert Holding(kinema.metrics.Mean(name="first")).metrics_names == ["loss", "first", "more", "listed"]
    assert Given(kinema.metrics.Mean()).metrics_names == ["loss"]


def test_logs_may_hold_more_figures_inside() -> None:
    class Nested(kinema.Sequential):
        def test_step(self, data: Any) -> Any:
            return {"b": ops.convert_to_tensor(1.0), "a": 2.0, "inside": {"c": 3.0}}

    model = _line(Nested)
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == {"a": 2.0, "b": 1.0, "c": 3.0}
    assert model.evaluate(X, Y, verbose=0) == [2.0, 1.0, 3.0]


def test_dropout_in_a_step_of_its_own_is_drawn_from_seed_and_step() -> None:
    def trained() -> list[np.ndarray]:
        model = Recorder([kinema.Input((5,)), layers.Dropout(0.5), layers.Dense(1, kernel_initializer="ones")])
        model._training_run.seed = 5
        model.compile("sgd", "mse")
        model.fit(X, Y, batch_size=4, verbose=0)
        return model.get_weights()

    for one, other in zip(trained(), trained(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_loss_of_its_own_that_is_not_finite_leaves_the_weights() -> None:
    class Broken(kinema.Sequential):
        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool = True) -> Any:
            return ops.mean(y_pred) * np.inf

    model = _line(Broken)
    model.compile("sgd")
    before = model.get_weights()
    with pytest.raises(NonFiniteError, match="the weights are those before this step"):
        model.fit(X, Y, verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert model._training_run.steps == 0


def test_a_step_without_figures_is_refused() -> None:
    class Nothing(kinema.Sequential):
        def train_step(self, data: Any) -> Any:
            return None

    model = _line(Nothing)
    model.compile("sgd", "mse")
    with pytest.raises(DTypeError, match=r"Nothing.train_step returns a dict of figures by their names, not NoneType"):
        model.fit(X, Y, verbose=0)


def test_losses_and_metrics_outside_of_fit() -> None:
    model = _line()
    model.compile("sgd", "mse", metrics=["mae"])
    loss = model.compute_loss(x=X, y=Y, y_pred=model(X))
    assert float(loss) == pytest.approx(model.evaluate(X, Y, verbose=0)[0], rel=1e-6)
    model.reset_metrics()
    figures = model.compute_metrics(X, Y, model(X))
    assert float(figures["mae"]) == pytest.approx(model.evaluate(X, Y, verbose=0)[1], rel=1e-6)


def test_class_weights_become_sample_weights() -> None:
    model = _line(Silent)
    model.compile("sgd", "mse")
    labels = np.arange(SAMPLES) % 3
    model.fit(X, labels, class_weight={0: 1.0, 1: 2.0, 2: 3.0}, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.seen[0][1][2], labels + 1)
    model.fit(
        X, np.eye(3)[labels], class_weight={1: 4.0}, sample_weight=np.full(SAMPLES, 0.5), shuffle=False, verbose=0
    )
    np.testing.assert_array_equal(model.seen[1][1][2], np.where(labels == 1, 2.0, 0.5))


def test_names_that_scripts_give_to_attributes_are_free() -> None:
    class Diffusion(kinema.Sequential):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.steps, self.objective, self.overrides, self.data = 3, "noise", [], None

    model = _line(Diffusion)
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y, verbose=0) == model.test_on_batch(X, Y)


def test_packing_and_unpacking() -> None:
    assert pack_x_y_sample_weight("x") == "x"
    assert pack_x_y_sample_weight(["x", "x"]) == (["x", "x"],)
    assert pack_x_y_sample_weight("x", "y") == ("x", "y")
    assert pack_x_y_sample_weight("x", "y", "w") == unpack_x_y_sample_weight(("x", "y", "w")) == ("x", "y", "w")
    assert unpack_x_y_sample_weight("x") == ("x", None, None)
    with pytest.raises(DataError, match="not a tuple of 4"):
        unpack_x_y_sample_weight((1, 2, 3, 4))
