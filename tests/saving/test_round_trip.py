"""What is saved comes back."""

from pathlib import Path

import numpy as np
import pytest
from saving_models import MODELS, inputs_for, lifted, train_a_little

import kinema
from kinema import layers
from kinema.errors import FileFormatError


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_whole(name: str, ending: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    train_a_little(model)
    model.class_names = ["a", "b", "c"]
    model.save(tmp_path / f"model{ending}")
    loaded = kinema.models.load_model(tmp_path / f"model{ending}")
    x = inputs_for(model)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.class_names == ["a", "b", "c"]
    run = loaded._training_run
    assert (run.seed, run.epochs, run.steps) == (model._training_run.seed, 1, 2)
    for a, b in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert loaded.metrics_names[0] == "loss"
    assert set(loaded.evaluate(x, np.eye(3)[[0, 1, 2, 0, 1, 2]], verbose=0, return_dict=True)) == {"loss", "accuracy"}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(
    "optimizer", ["sgd", "rmsprop", "adam", "adamw", "nadam", "adamax", "adagrad", "adadelta", "lion", "ftrl"]
)
def test_stopping_and_resuming_equals_going_on(optimizer: str, ending: str, tmp_path: Path) -> None:
    """Four epochs in one go, or two, a file, and two more: the same bits, with dropout and shuffling."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 4, 10, 10, 3)).astype("float32"), np.eye(3)[rng.integers(0, 3, 10)]

    def fresh() -> kinema.Sequential:
        kinema.utils.set_random_seed(11)
        model = lifted()
        model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
        return model

    straight = fresh()
    straight.fit(x, y, epochs=4, batch_size=4, verbose=0)
    stopped = fresh()
    stopped.fit(x, y, epochs=2, batch_size=4, verbose=0)
    stopped.save(tmp_path / f"half{ending}")
    kinema.utils.set_random_seed(99)
    resumed = kinema.models.load_model(tmp_path / f"half{ending}")
    resumed.fit(x, y, epochs=4, initial_epoch=2, batch_size=4, verbose=0)
    for one, other in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_alone(tmp_path: Path) -> None:
    model, twin = lifted(), lifted()
    model.save_weights(tmp_path / "m.weights.h5")
    twin.load_weights(tmp_path / "m.weights.h5")
    x = inputs_for(model)
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))
    other = lifted()
    model.save(tmp_path / "m.keras")
    other.load_weights(tmp_path / "m.keras")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


def test_peepholes_survive_and_warn(tmp_path: Path) -> None:
    model = kinema.Sequential([layers.Input((5, 3)), layers.LSTM(4, use_peepholes=True), layers.Dense(3)])
    with pytest.warns(UserWarning, match="peephole connections, which Keras does not know"):
        model.save(tmp_path / "m.keras")
    x = inputs_for(model)
    loaded = kinema.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


@kinema.saving.register_keras_serializable(package="tests")
class Registered(layers.Layer):
    """A user's layer that files may name."""

    def __init__(self, factor: float = 2.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="shift")

    def call(self, inputs: object) -> object:
        return inputs * self.factor + self.shift


class Unregistered(Registered):
    """The same, handed over when loading."""

    def get_config(self) -> dict:
        return {**super().get_config(), "factor": self.factor}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(("layer", "custom"), [(Registered, None), (Unregistered, {"Unregistered": Unregistered})])
def test_layers_of_users_come_back(layer: type, custom: dict | None, ending: str, tmp_path: Path) -> None:
    model = kinema.Sequential([layers.Input((3,)), layer(3.0), layers.Dense(2)])
    model.save(tmp_path / f"m{ending}")
    loaded = kinema.models.load_model(tmp_path / f"m{ending}", custom_objects=custom)
    assert loaded.layers[0].factor == 3.0
    x = inputs_for(model)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_unknown_layers_are_named_with_the_fix(tmp_path: Path) -> None:
    model = kinema.Sequential([layers.Input((3,)), Unregistered(3.0)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileFormatError, match="'Unregistered' is not a class that Kinema knows.*custom_objects"):
        kinema.models.load_model(tmp_path / "m.keras")
