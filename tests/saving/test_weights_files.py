"""Weights files: what a model takes from them, what it refuses, and the optimizer's state beside them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from saving_models import MODELS, inputs_for, train_a_little

import kinema
from kinema import layers
from kinema.errors import ArgumentError, FileFormatError

X, Y = np.random.default_rng(0).normal(size=(6, 3)).astype("float32"), np.ones((6, 2), "float32")


def _model(hidden: Any = None, optimizer: Any = None, steps: int = 0) -> kinema.Sequential:
    middle = hidden or layers.Dense(3, name="a")
    model = kinema.Sequential([layers.Input((3,)), middle, layers.Dense(2, name="b")])
    if optimizer is not None:
        model.compile(optimizer, "mse")
    if steps:
        model.fit(X, Y, epochs=steps, verbose=0)
    return model


def _state(model: kinema.Sequential) -> list[np.ndarray]:
    return [variable.numpy() for variable in model.optimizer.variables]


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
@pytest.mark.parametrize("name", MODELS)
def test_weights_go_where_they_came_from(name: str, ending: str, tmp_path: Path) -> None:
    model, other = MODELS[name](), MODELS[name]()
    train_a_little(model)
    path = tmp_path / f"m{ending}"
    (model.save_weights if ending == ".weights.h5" else model.save)(path)
    other.load_weights(path)
    x = inputs_for(model)
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


def test_h5_files_list_what_trains_before_what_does_not(tmp_path: Path) -> None:
    """In all of a layer, those inside it included: as Keras reads it."""
    inside = kinema.Sequential([layers.Input((3,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(3)])
    inside.layers[0].trainable = False
    _model(inside).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        names = [name.decode() for name in file["model_weights"][inside.name].attrs["weight_names"]]
    kinds = [name.rpartition("/")[2] for name in names]
    assert kinds == ["gamma", "beta", "kernel", "bias", "kernel", "bias", "moving_mean", "moving_variance"]


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
def test_a_trained_optimizer_takes_its_state(ending: str, tmp_path: Path) -> None:
    model, other = _model(optimizer="adam", steps=3), _model(optimizer="adam", steps=1)
    path = tmp_path / f"m{ending}"
    (model.save_weights if ending == ".weights.h5" else model.save)(path)
    other.load_weights(path)
    assert other.optimizer.iterations == 3
    for one, two in zip(_state(model), _state(other), strict=True):
        np.testing.assert_array_equal(one, two)
    for each in (model, other):
        each.fit(X, Y, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (lambda: _model(optimizer="adam"), "Adam has 2: it has its state from the first step on"),
        (lambda: _model(optimizer="sgd", steps=1), "SGD has 2: it is another optimizer"),
    ],
)
def test_other_state_is_left_in_the_file(other: Any, why: str, tmp_path: Path) -> None:
    source, model = _model(optimizer="adam", steps=2), other()
    source.save_weights(tmp_path / "m.weights.h5")
    steps = model.optimizer.iterations
    with pytest.warns(UserWarning, match=rf"holds 10 arrays of optimizer state, and the model's {why}"):
        model.load_weights(tmp_path / "m.weights.h5")
    assert model.optimizer.iterations == steps
    np.testing.assert_array_equal(model.get_weights()[0], source.get_weights()[0])


@pytest.mark.parametrize("optimizer", [None, "adam"])
def test_files_without_state_leave_the_optimizer_alone(optimizer: Any, tmp_path: Path) -> None:
    model = _model(optimizer="adam", steps=2)
    _model(optimizer=optimizer).save_weights(tmp_path / "m.weights.h5")
    before = _state(model)
    model.load_weights(tmp_path / "m.weights.h5")
    for one, two in zip(before, _state(model), strict=True):
        np.testing.assert_array_equal(one, two)


def test_state_of_other_shapes_changes_nothing(tmp_path: Path) -> None:
    """RMSprop with momentum has as many arrays as Adam, but none for the step."""
    _model(layers.Dense(3, use_bias=False), optimizer="adam", steps=1).save_weights(tmp_path / "m.weights.h5")
    model = _model(layers.Dense(3, use_bias=False), kinema.optimizers.RMSprop(momentum=0.5, centered=False), 1)
    before = model.get_weights()
    assert len(_state(model)) == 8
    with pytest.raises(FileFormatError, match="optimizer state"):
        model.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize(
    ("saved", "own", "message"),
    [
        (
            layers.BatchNormalization(name="a"),
            layers.BatchNormalization(name="a", scale=False),
            r"has 4 weights for layer 'a' \(BatchNormalization\), of shapes \(3,\), \(3,\), \(3,\), \(3,\), and the "
            r"layer has 3 \(beta, moving_mean, moving_variance\): give it the arguments it was saved with",
        ),
        (
            layers.Dense(3, name="a"),
            layers.Dense(3, name="a", use_bias=False),
            r"has 2 weights for layer 'a' \(Dense\), of shapes \(3, 3\), \(3,\), and the layer has 1 \(kernel\)",
        ),
        (
            layers.Dense(3, name="a", use_bias=False),
            layers.Dense(3, name="a"),
            r"has 1 weights for layer 'a' \(Dense\), of shapes \(3, 3\), and the layer has 2 \(kernel, bias\)",
        ),
    ],
)
def test_other_numbers_of_weights_are_refused(saved: Any, own: Any, message: str, tmp_path: Path) -> None:
    _model(saved).save_weights(tmp_path / "m.weights.h5")
    model = _model(own)
    before = model.get_weights()
    with pytest.raises(FileFormatError, match=message):
        model.load_weights(tmp_path / "m.weights.h5")
    with pytest.warns(UserWarning, match=rf"skipped: .*{message}"):
        model.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
    for one, two in zip(before[:-2], model.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(one, two)


def test_layers_that_are_not_built_say_so(tmp_path: Path) -> None:
    """Their weights would be left in the file without a word."""

    class Around(layers.Layer):
        def __init__(self, built: bool) -> None:
            super().__init__()
            self.inside = layers.Dense(3, name="inside")
            if built:
                self.inside.build((None, 3))

        def call(self, inputs: Any) -> Any:
            return inputs

    _model(Around(built=True)).save_weights(tmp_path / "m.weights.h5")
    model = _model(Around(built=False))
    with pytest.raises(FileFormatError, match=r"for layer 'inside'.* has 0 \(none\): it is not built yet, as"):
        model.load_weights(tmp_path / "m.weights.h5")


@pytest.mark.filterwarnings("ignore:skipped:UserWarning")
def test_skipping_leaves_a_whole_layer_alone(tmp_path: Path) -> None:
    """The file's bias would fit: without its kernel it stays there."""
    source = _model(layers.Dense(4))
    source.set_weights([np.ones_like(weight) for weight in source.get_weights()])
    source.save_weights(tmp_path / "m.weights.h5")
    model = _model()
    with pytest.warns(UserWarning, match=r"skipped: .* has shape \(4, 2\) for weight 'kernel' of layer 'b'"):
        model.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
    np.testing.assert_array_equal(model.layers[-1].get_weights()[1], 0)


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
def test_only_h5_files_go_by_name(ending: str, by_name: bool, tmp_path: Path) -> None:
    model = _model()
    path = tmp_path / f"m{ending}"
    (model.save_weights if ending == ".weights.h5" else model.save)(path)
    with pytest.raises(ArgumentError, match=rf"by_name={by_name} is for '.h5' files of whole models.* leave by_name"):
        model.load_weights(path, by_name=by_name)


def test_lifted_layers_go_by_their_own_names(tmp_path: Path) -> None:
    shape = (2, 5, 5, 1)
    images = kinema.Sequential([layers.Input(shape[1:]), layers.Conv2D(2, 3, name="eyes"), layers.Flatten()])
    clips = kinema.Sequential([layers.Input(shape), layers.Conv2D(2, 3, name="eyes"), layers.Flatten(), layers.LSTM(2)])
    images.save(tmp_path / "m.h5")
    clips.load_weights(tmp_path / "m.h5", by_name=True)
    np.testing.assert_array_equal(clips.layers[0].get_weights()[0], images.layers[0].get_weights()[0])


def test_missing_files_are_what_python_calls_them(tmp_path: Path) -> None:
    """Scripts catch the builtin errors that Keras raises."""
    model = _model()
    for call in (model.load_weights, kinema.models.load_model):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            call(tmp_path / "none.weights.h5")
    with pytest.raises(FileNotFoundError, match="a folder that exists"):
        model.save(tmp_path / "no" / "m.keras")
    (tmp_path / "m.keras").write_text("no model")
    with pytest.raises(ValueError, match="is not a model"):
        kinema.models.load_model(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="is not compiled"):
        model.fit(X, Y, verbose=0)
