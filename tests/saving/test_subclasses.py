"""Files of models that are classes of the user's."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from saving_subclasses import CLASSES, FEATURES

import kinema
from kinema import layers
from kinema.errors import FileFormatError

X = np.random.default_rng(5).normal(size=(6, FEATURES)).astype("float32")
Y = np.random.default_rng(6).normal(size=(6, 2)).astype("float32")


def _trained(cls: type) -> Any:
    model = cls()
    model.compile("adam", "mean_squared_error")
    model.fit(X, Y, batch_size=3, verbose=0)
    return model


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", CLASSES)
def test_a_loaded_model_goes_on_as_the_saved_one(name: str, ending: str, tmp_path: Path) -> None:
    cls = CLASSES[name](kinema)
    model = _trained(cls)
    model.save(tmp_path / f"m{ending}")
    loaded = kinema.models.load_model(tmp_path / f"m{ending}", custom_objects={cls.__name__: cls})
    for mine, other in ((loaded.weights, model.weights), (loaded.optimizer.variables, model.optimizer.variables)):
        for one, expected in zip(mine, other, strict=True):
            np.testing.assert_array_equal(one.numpy(), expected.numpy())
    for each in (loaded, model):
        each.fit(X, Y, batch_size=3, verbose=0)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("name", CLASSES)
def test_weights_alone(name: str, tmp_path: Path) -> None:
    cls = CLASSES[name](kinema)
    model = _trained(cls)
    model.save_weights(tmp_path / "m.weights.h5")
    other = cls()
    other.build((None, FEATURES))
    other.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_groups_are_those_of_keras(tmp_path: Path) -> None:
    model = _trained(CLASSES["plain"](kinema))
    model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5") as file:
        found: list[str] = []
        file.visititems(lambda name, node: found.append(name) if isinstance(node, h5py.Dataset) else None)
    dense = [f"{path}/vars/{index}" for path in ("first", "last", "layers/dense_2") for index in (0, 1)]
    assert sorted(name for name in found if not name.startswith("optimizer/")) == sorted(dense)


class Stubborn(kinema.Model):
    """A model that cannot be called on zeros."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.out = layers.Dense(2, name="out")

    def call(self, inputs: Any) -> Any:
        if not np.asarray(inputs).any():
            raise ValueError("nothing to see")
        return self.out(inputs)


def test_weights_without_a_place_are_an_error(tmp_path: Path) -> None:
    model = _trained(Stubborn)
    model.save(tmp_path / "m.keras")
    with (
        pytest.warns(UserWarning, match=r"\(Stubborn\) is not built whole, because its call failed.*nothing to see"),
        pytest.raises(
            FileFormatError, match=r"has 2 weights for layer 'out' \(Dense\).* has 0 \(none\): it is not built"
        ),
    ):
        kinema.models.load_model(tmp_path / "m.keras", custom_objects={"Stubborn": Stubborn})


def test_a_file_that_knows_no_shape(tmp_path: Path) -> None:
    class Shapeless(Stubborn):
        def get_build_config(self) -> None:
            return None

    model = _trained(Shapeless)
    for ending, message in ((".keras", "nothing says its input's shape"), (".h5", "does not say the model's input")):
        model.save(tmp_path / f"m{ending}")
        with pytest.raises(FileFormatError, match=message):
            kinema.models.load_model(tmp_path / f"m{ending}", custom_objects={"Shapeless": Shapeless})


def test_weights_that_nobody_takes_are_said(tmp_path: Path) -> None:
    def make(*units: int) -> kinema.Sequential:
        return kinema.Sequential([layers.Input((3,)), *map(layers.Dense, units)])

    long, short = make(3, 3), make(3)
    path = tmp_path / "m.weights.h5"
    long.save_weights(path)
    with pytest.warns(UserWarning, match="holds weights that the model has no layer for, in 'layers/dense_1/vars'"):
        short.load_weights(path)
    np.testing.assert_array_equal(short.get_weights()[0], long.get_weights()[0])


def test_more_weights_than_a_layer_has(tmp_path: Path) -> None:
    with_bias, without = (
        kinema.Sequential([layers.Input((3,)), layers.Dense(2, use_bias=bias, name="d")]) for bias in (True, False)
    )
    path = tmp_path / "m.weights.h5"
    with_bias.save_weights(path)
    message = r"has 2 weights for layer 'd' \(Dense\).* has 1 \(kernel\): give it the arguments it was saved with"
    with pytest.raises(FileFormatError, match=message):
        without.load_weights(path)
    before = without.get_weights()
    with pytest.warns(UserWarning, match=message):
        without.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(without.get_weights(), before)


def test_a_list_that_holds_itself(tmp_path: Path) -> None:
    model = _trained(CLASSES["plain"](kinema))
    model.ring = []
    model.ring.append(model.ring)
    model.save_weights(tmp_path / "m.weights.h5")
    model.load_weights(tmp_path / "m.weights.h5")


def test_arguments_are_the_config_of_a_functional_class(tmp_path: Path) -> None:
    class Graph(kinema.Model):
        def __init__(self, units: int, **kwargs: Any) -> None:
            entry = kinema.Input((FEATURES,))
            super().__init__(inputs=entry, outputs=layers.Dense(2)(layers.Dense(units)(entry)), **kwargs)

    model = Graph(5, name="mine")
    assert model.get_config()["units"] == 5
    model.save(tmp_path / "m.keras")
    loaded = kinema.models.load_model(tmp_path / "m.keras", custom_objects={"Graph": Graph})
    assert (type(loaded), loaded.name) == (Graph, "mine")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_class_that_is_given_its_graph_keeps_the_graph(tmp_path: Path) -> None:
    class Given(kinema.Model):
        def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
            super().__init__(inputs, outputs, name=name, **kwargs)

    entry = kinema.Input((FEATURES,))
    model = Given(entry, layers.Dense(2)(entry))
    assert "input_layers" in model.get_config()
    model.save(tmp_path / "m.keras")
    loaded = kinema.models.load_model(tmp_path / "m.keras", custom_objects={"Given": Given})
    assert type(loaded) is Given
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_names_are_kept_where_the_constructor_takes_them() -> None:
    class Nameless(layers.Layer):
        def __init__(self, units: int) -> None:
            super().__init__()

    class Named(layers.Layer):
        def __init__(self, name: str | None = None) -> None:
            super().__init__(name=name)

    assert sorted(Nameless(2).get_config()) == ["dtype", "trainable", "units"]
    assert sorted(Named().get_config()) == ["dtype", "name", "trainable"]
