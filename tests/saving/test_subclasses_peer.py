"""Files of models that are classes of the user's, between Kinema and real Keras 3, both ways."""

import functools
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from saving_subclasses import CLASSES, FEATURES

import kinema

keras: Any = pytest.importorskip("keras")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning"),  # Keras, of its own internals
]
X = np.random.default_rng(5).normal(size=(6, FEATURES)).astype("float32")
Y = np.random.default_rng(6).normal(size=(6, 2)).astype("float32")


@functools.cache
def _pair(name: str) -> tuple[Any, Any]:
    """A trained model of each, with the same weights before and after."""
    ours, theirs = CLASSES[name](kinema)(), CLASSES[name](keras)()
    for model, lib in ((ours, kinema), (theirs, keras)):
        model.compile(lib.optimizers.SGD(0.1, momentum=0.5), "mean_squared_error")
    ours.predict(X, verbose=0)
    theirs.predict(X, verbose=0)
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.fit(X, Y, epochs=2, batch_size=6, shuffle=False, verbose=0)
    return ours, theirs


def _contents(path: Path) -> tuple[list[int], dict[str, tuple[int, ...]]]:
    """The shape of a sample in the build config of a file, and its datasets."""
    found: dict[str, tuple[int, ...]] = {}
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            file.visititems(lambda name, node: found.update({name: node.shape}) if hasattr(node, "shape") else None)
    return ((config.get("build_config") or {}).get("input_shape") or [])[1:], found


@pytest.mark.parametrize("name", CLASSES)
def test_training_and_weights_are_the_same(name: str) -> None:
    ours, theirs = _pair(name)
    assert [weight.shape for weight in ours.weights] == [tuple(weight.shape) for weight in theirs.weights]
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-6)
    assert len(ours.optimizer.variables) == len(theirs.optimizer.variables)


@pytest.mark.parametrize("name", CLASSES)
def test_files_hold_the_same(name: str, tmp_path: Path) -> None:
    for model, file in zip(_pair(name), ("ours.keras", "theirs.keras"), strict=True):
        model.save(tmp_path / file)
    ours, theirs = (_contents(tmp_path / file) for file in ("ours.keras", "theirs.keras"))
    assert ours == theirs


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
@pytest.mark.parametrize("name", CLASSES)
def test_each_opens_the_other_s(name: str, ending: str, tmp_path: Path) -> None:
    for writer, model, lib in zip((kinema, keras), _pair(name), (keras, kinema), strict=True):
        path = tmp_path / f"{writer.__name__}{ending}"
        cls = CLASSES[name](lib)
        if ending == ".keras":
            model.save(path)
            loaded = lib.models.load_model(path, custom_objects={cls.__name__: cls})
        else:
            model.save_weights(path)
            loaded = cls()
            loaded.predict(X, verbose=0)
            loaded.load_weights(path)
        np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
        if ending == ".keras":
            for mine, other in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
                np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", CLASSES)
def test_weights_go_both_ways_in_h5(name: str, tmp_path: Path) -> None:
    for writer, model, lib in zip((kinema, keras), _pair(name), (keras, kinema), strict=True):
        path = tmp_path / f"{writer.__name__}.h5"
        model.save(path)
        loaded = CLASSES[name](lib)()
        loaded.predict(X, verbose=0)
        loaded.load_weights(path)
        np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def _one_layer(lib: Any) -> Any:
    class Line(lib.Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = lib.layers.Dense(2, kernel_initializer="ones")

        def call(self, inputs: Any) -> Any:
            return self.out(inputs)

    return Line()


def _built_first(lib: Any) -> Any:
    entry = lib.Input((FEATURES,))
    base = lib.Model(entry, lib.layers.Dense(3, kernel_initializer="ones")(entry))
    return lib.Sequential([base, lib.layers.Dense(2, kernel_initializer="ones")])


@pytest.mark.parametrize("make", [_one_layer, _built_first])
def test_the_first_steps_of_a_model_that_is_not_built(make: Callable[[Any], Any]) -> None:
    models = [make(kinema), make(keras)]
    for model in models:
        model.compile("adam", "mean_squared_error")
    for _ in range(3):
        for model in models:
            model.fit(X, Y, verbose=0)
        ours, theirs = models
        for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
        assert len(ours.optimizer.variables) == len(theirs.optimizer.variables)
