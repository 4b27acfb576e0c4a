"""Files between Kinema and real Keras 3, both ways."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saving_models import MODELS, inputs_for, train_a_little

import kinema

keras: Any = pytest.importorskip("keras")
# TensorFlow converts its variables in a way that NumPy 2 deprecates.
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")]


@pytest.fixture
def assert_close(difference: Callable[[str, float], None]) -> Callable[[np.ndarray, np.ndarray], None]:
    def check(got: np.ndarray, expected: np.ndarray) -> None:
        apart = float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))
        difference("files, predictions", apart)
        assert apart <= 1e-5

    return check


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
@pytest.mark.parametrize("name", MODELS)
def test_keras_opens_what_we_write(name: str, ending: str, tmp_path: Path, assert_close: Any) -> None:
    model = MODELS[name]()
    train_a_little(model)
    path = tmp_path / f"m{ending}"
    x = inputs_for(model)
    if ending == ".weights.h5":
        model.save_weights(path)
        theirs = keras.models.model_from_json(model.to_json())
        train_a_little(theirs)
        theirs.load_weights(path)
    else:
        model.save(path)
        theirs = keras.models.load_model(path)
    assert_close(theirs.predict(x, verbose=0), model.predict(x, verbose=0))
    if ending != ".h5":  # Keras itself does not restore an optimizer from `.h5`
        for ours, other in zip(model.optimizer.variables, theirs.optimizer.variables, strict=True):
            np.testing.assert_allclose(ours.numpy(), other.numpy(), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("optimizer", ["nadam", "adamax", "adagrad", "adadelta", "lion", "ftrl"])
def test_training_goes_on_in_the_other_one(optimizer: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(8, 5)).astype("float32"), rng.normal(size=(8, 3)).astype("float32")
    ours = kinema.Sequential([kinema.layers.Input((5,)), kinema.layers.Dense(3)])
    ours.compile(optimizer, "mse")
    ours.train_on_batch(x, y)
    ours.save(tmp_path / "ours.keras")
    theirs = keras.models.load_model(tmp_path / "ours.keras")
    theirs.train_on_batch(x, y)
    theirs.save(tmp_path / "theirs.keras")
    ours.train_on_batch(x, y)
    back = kinema.models.load_model(tmp_path / "theirs.keras")
    for model in (ours, back):
        model.train_on_batch(x, y)
    for one, other in zip(
        [*back.get_weights(), *back.optimizer.get_weights()],
        [*ours.get_weights(), *ours.optimizer.get_weights()],
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
@pytest.mark.parametrize("name", MODELS)
def test_we_open_what_keras_writes(name: str, ending: str, tmp_path: Path, assert_close: Any) -> None:
    if name == "celled" and ending == ".h5":
        pytest.skip("Keras gives the cells of both directions one name and fails to write them")
    ours = MODELS[name]()
    theirs = keras.models.model_from_json(ours.to_json())
    if name != "normalised":  # whose statistics its config holds
        theirs.set_weights(ours.get_weights())
    train_a_little(theirs)
    path = tmp_path / f"m{ending}"
    x = inputs_for(ours)
    if ending == ".weights.h5":
        theirs.save_weights(path)
        train_a_little(ours)
        ours.load_weights(path)
        loaded = ours
    else:
        theirs.save(path)
        loaded = kinema.models.load_model(path)
    for mine, other in zip(loaded.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-6, atol=1e-8)
    assert_close(loaded.predict(x, verbose=0), theirs.predict(x, verbose=0))


def halved(x: Any) -> Any:
    """What a `Lambda` in a file does, once for each framework."""
    return x / 2


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_lambdas_travel_by_the_names_of_their_functions(ending: str, tmp_path: Path, assert_close: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    custom = {"halved": halved}
    for ours, theirs in ((kinema, keras), (keras, kinema)):
        stack = [ours.layers.Input((4,)), ours.layers.Lambda(halved, output_shape=(4,)), ours.layers.Dense(2)]
        model = ours.Sequential(stack)
        path = tmp_path / f"{ours.__name__}{ending}"
        model.save(path)
        loaded = theirs.models.load_model(path, custom_objects=custom)
        assert_close(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_code_in_a_file_of_keras_is_not_run(ending: str, tmp_path: Path, assert_close: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    stack = [keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x / 2, name="half"), keras.layers.Dense(2)]
    model = keras.Sequential(stack)
    model.save(tmp_path / f"m{ending}")
    with pytest.raises(kinema.errors.FileFormatError, match="its function was a Python lambda, and files hold no code"):
        kinema.models.load_model(tmp_path / f"m{ending}")
    loaded = kinema.models.load_model(tmp_path / f"m{ending}", custom_objects={"half": halved})
    assert_close(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def _gated(library: Any) -> Any:
    """A layer with weights of its own of both kinds, and layers inside."""

    class Gated(library.layers.Layer):  # type: ignore[misc]
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.bell, self.whistle = library.layers.BatchNormalization(), library.layers.Dense(4)

        def build(self, input_shape: Any) -> None:
            self.limit = self.add_weight(shape=(4,), initializer="ones", trainable=False, name="limit")
            self.gate = self.add_weight(shape=(4,), initializer="ones", name="gate")
            self.bell.build(input_shape)
            self.whistle.build(input_shape)
            self.built = True

        def call(self, inputs: Any) -> Any:
            return self.whistle(self.bell(inputs)) * self.gate + self.limit

    return Gated


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(("writer", "reader"), [(keras, kinema), (kinema, keras)], ids=["keras", "kinema"])
def test_layers_with_weights_and_layers(
    writer: Any, reader: Any, ending: str, tmp_path: Path, assert_close: Any
) -> None:
    rng = np.random.default_rng(2)
    model = writer.Sequential([writer.layers.Input((4,)), _gated(writer)(), writer.layers.Dense(2)])
    model.set_weights([np.abs(rng.normal(size=weight.shape)) for weight in model.get_weights()])
    model.save(tmp_path / f"m{ending}")
    loaded = reader.models.load_model(tmp_path / f"m{ending}", custom_objects={"Gated": _gated(reader)})
    x = rng.normal(size=(5, 4)).astype("float32")
    assert_close(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def _two_layers(library: Any, units: int = 3, first: str = "a", last: str = "b", **arguments: Any) -> Any:
    layers = library.layers
    hidden = layers.Dense(units, name=first, **arguments) if first else layers.BatchNormalization(**arguments)
    model = library.Sequential([layers.Input((3,)), hidden, layers.Dense(2, name=last)])
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    return model


@pytest.mark.filterwarnings("ignore:skipped:UserWarning", "ignore:Skipping:UserWarning")
@pytest.mark.filterwarnings("ignore:A total of:UserWarning")
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("by_name", [None, False, True])
@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
@pytest.mark.parametrize(
    "into",
    [
        {},
        {"units": 4},
        {"use_bias": False},
        {"first": "c"},
        {"first": "b", "last": "a"},
        {"first": ""},
        {"first": "", "scale": False},
    ],
    ids=str,
)
def test_weights_that_fit_in_part(into: dict[str, Any], ending: str, by_name: Any, skip: bool, tmp_path: Path) -> None:
    """Which weights are taken and what is refused, by both from the same file."""
    source = _two_layers(keras, first="" if into.get("first") == "" else "a")
    source.set_weights([np.full(weight.shape, index + 1.0) for index, weight in enumerate(source.get_weights())])
    path = tmp_path / f"w{ending}"
    (source.save_weights if ending == ".weights.h5" else source.save)(path)
    arguments = {"skip_mismatch": skip} | ({} if by_name is None else {"by_name": by_name})
    found: list[Any] = []
    for library in (keras, kinema):
        model = _two_layers(library, **into)
        before = [float(weight.sum()) for weight in model.get_weights()]
        try:
            model.load_weights(path, **arguments)
        except ValueError:
            found.append(ValueError)
            if library is kinema:
                assert [float(weight.sum()) for weight in model.get_weights()] == before
        else:
            found.append([float(weight.sum()) for weight in model.get_weights()])
    assert found[0] == found[1]


def _apart(y_true: Any, y_pred: Any) -> Any:
    return (y_true - y_pred)[:, 0] ** 2 * 3.0


COMPILED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "metrics called as losses": lambda library: {
        "loss": library.losses.CategoricalCrossentropy(label_smoothing=0.1),
        "metrics": [
            library.metrics.CategoricalCrossentropy(label_smoothing=0.3, name="cc"),
            library.metrics.MeanAbsoluteError(name="q"),
        ],
        "weighted_metrics": [library.metrics.MeanSquaredError(name="q")],
    },
    "functions of the user": lambda _: {"loss": _apart, "metrics": [_apart, "mae"]},
    "schedule": lambda library: {
        "loss": library.losses.MeanSquaredError(),
        "optimizer": library.optimizers.SGD(library.optimizers.schedules.CosineDecay(0.1, 5)),
    },
    "no decay": lambda library: {"loss": "mean_squared_error", "optimizer": library.optimizers.AdamW(weight_decay=0)},
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(("writer", "reader"), [(keras, kinema), (kinema, keras)], ids=["keras", "kinema"])
@pytest.mark.parametrize("name", COMPILED)
def test_objectives(name: str, writer: Any, reader: Any, ending: str, tmp_path: Path) -> None:
    """A model that the other one loads reports the same figures under the same names."""
    model = writer.Sequential([writer.layers.Input((4,)), writer.layers.Dense(3, activation="softmax")])
    model.compile(**COMPILED[name](writer))
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(6, 4)).astype("float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]
    model.fit(x, y, verbose=0)
    model.save(tmp_path / f"m{ending}")
    loaded = reader.models.load_model(tmp_path / f"m{ending}", custom_objects={"_apart": _apart})
    weight = np.linspace(0.5, 2.0, 6)
    ours, theirs = (
        one.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True, batch_size=3) for one in (loaded, model)
    )
    renamed = {"mean_absolute_error": "mae"} if reader is keras and ending == ".h5" else {}
    assert {renamed.get(key, key): value for key, value in ours.items()} == pytest.approx(theirs, rel=1e-4)
