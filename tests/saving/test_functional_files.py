"""Files of models that are graphs: between Kinema and itself, and between Kinema and real Keras 3, both ways."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema.errors import FileFormatError

CLIP, SOUND = (4, 8, 8, 3), (4, 5)
SAMPLES = 6


def two_inputs(library: Any) -> Any:
    """Frames and sound, joined; written with TimeDistributed, which Keras needs."""
    layers = library.layers
    frames, sound = library.Input(CLIP, name="frames"), library.Input(SOUND, name="sound")
    seen = layers.TimeDistributed(layers.Conv2D(2, 3, activation="relu"))(frames)
    seen = layers.TimeDistributed(layers.Flatten())(layers.TimeDistributed(layers.MaxPooling2D(2))(seen))
    both = layers.Concatenate()([layers.Dense(4)(seen), layers.Dense(3)(sound)])
    both = layers.Dropout(0.2)(layers.LSTM(5)(both))
    return library.Model([frames, sound], layers.Dense(3, activation="softmax", name="word")(both))


def two_outputs(library: Any) -> Any:
    """Shared layers, a residual connection, states, several outputs, layers of one class at different depths."""
    layers = library.layers
    sound = library.Input(SOUND, name="sound")
    frames = library.Input(CLIP, name="frames")
    small = layers.Dense(4, name="small")(sound)
    shared = layers.Dense(4, name="shared")
    residual = layers.BatchNormalization()(layers.Add()([small, shared(small), shared(shared(small))]))
    outputs, state = layers.GRU(4, return_sequences=True, return_state=True)(residual)
    after = layers.GRU(4, name="after")(outputs, initial_state=state)
    seen = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(layers.Reshape((8, 8, 12))(frames)))
    close = layers.Dot(axes=1, normalize=True, name="close")([after, seen])
    mean = layers.Average(name="mean")([after, seen, layers.Multiply()([after, seen])])
    return library.Model({"sound": sound, "frames": frames}, {"word": layers.Dense(3)(mean), "close": close})


def nested(library: Any) -> Any:
    """A graph and a line of layers inside a graph, one of them used twice."""
    layers = library.layers
    entry = library.Input(SOUND[1:])
    encoder = library.Model(entry, layers.Dense(4)(layers.Subtract()([entry, layers.Dense(5)(entry)])), name="encoder")
    head = library.Sequential([layers.Input((4,)), layers.Dense(3, activation="tanh")], name="head")
    frames, sound = library.Input(CLIP, name="frames"), library.Input(SOUND, name="sound")
    heard = encoder(layers.LSTM(5)(sound))
    seen = encoder(layers.Dense(5)(layers.Flatten()(frames)))
    return library.Model([frames, sound], layers.Maximum()([head(heard), head(seen)]))


def masked(library: Any) -> Any:
    """Branches of one shape at distances from the output that only the operations of Keras's masks tell apart."""
    layers = library.layers
    frames, sound = library.Input(CLIP, name="frames"), library.Input(SOUND, name="sound")
    plain = layers.LSTM(4)(layers.Activation("relu")(layers.Dense(5, activation="relu")(sound)))
    skipping = layers.LSTM(4)(layers.Masking()(layers.Dense(5, activation="relu")(sound)))
    first = layers.GRU(4)(layers.Dropout(0.1)(layers.Dense(5)(sound)))
    joined = layers.Concatenate()([layers.Masking()(layers.Dense(5)(sound)), layers.Reshape((4, 192))(frames)])
    added = layers.Add()([layers.Masking()(layers.Dense(5)(sound)), layers.Masking()(sound)])
    last = [layers.GRU(4)(joined), layers.GRU(4)(layers.Activation("tanh")(added))]
    return library.Model([frames, sound], layers.Dense(3)(layers.Average()([plain, skipping, first, *last])))


MODELS = {make.__name__: make for make in (two_inputs, two_outputs, nested, masked)}
every_model = pytest.mark.parametrize("name", MODELS)
every_ending = pytest.mark.parametrize("ending", [".keras", ".h5"])


def lifted(library: Any) -> Any:
    """A graph as Kinema's users write it, without TimeDistributed."""
    layers = library.layers
    frames, sound = library.Input(CLIP, name="frames"), library.Input(SOUND, name="sound")
    seen = layers.Flatten()(layers.MaxPooling2D(2)(layers.Conv2D(2, 3, activation="relu")(frames)))
    return library.Model([frames, sound], layers.Dense(3)(layers.LSTM(5)(layers.Concatenate()([seen, sound]))))


def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "frames": rng.normal(size=(SAMPLES, *CLIP)).astype("float32"),
        "sound": rng.normal(size=(SAMPLES, *SOUND)).astype("float32"),
    }


def trained(model: Any) -> Any:
    several = isinstance(model.output_shape, dict) or len(model.outputs) > 1
    targets: Any = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    if several:
        targets = {"word": targets, "close": np.ones((SAMPLES, 1))}
        model.compile(
            "adam", {"word": "mse", "close": "mae"}, metrics={"word": ["mae"]}, loss_weights={"word": 0.5, "close": 1.0}
        )
    else:
        model.compile("adam", "mse", metrics=["mae"])
    model.fit(data(), targets, batch_size=3, verbose=0, shuffle=False)
    return model


def outputs_of(model: Any) -> list[np.ndarray]:
    outputs = model.predict(data(), verbose=0)
    return [np.asarray(outputs[name]) for name in sorted(outputs)] if isinstance(outputs, dict) else [outputs]


@every_ending
@pytest.mark.parametrize("make", [*MODELS.values(), lifted], ids=lambda make: make.__name__)
def test_a_graph_comes_back_whole(make: Callable[[Any], Any], ending: str, tmp_path: Path) -> None:
    model = trained(make(kinema))
    model.save(tmp_path / f"m{ending}")
    loaded = kinema.models.load_model(tmp_path / f"m{ending}")
    for got, expected in zip(outputs_of(loaded), outputs_of(model), strict=True):
        np.testing.assert_array_equal(got, expected)
    for mine, other in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.running_layers]
    assert loaded.to_json() == model.to_json()
    for one in (model, loaded):  # training goes on with the same bits
        trained(one)
    for got, expected in zip(outputs_of(loaded), outputs_of(model), strict=True):
        np.testing.assert_array_equal(got, expected)


@every_model
def test_weights_alone_and_architecture_alone(name: str, tmp_path: Path) -> None:
    model = trained(MODELS[name](kinema))
    twin = kinema.models.model_from_json(model.to_json())
    model.save_weights(tmp_path / "m.weights.h5")
    twin.load_weights(tmp_path / "m.weights.h5")
    for got, expected in zip(outputs_of(twin), outputs_of(model), strict=True):
        np.testing.assert_array_equal(got, expected)
    again = kinema.models.Functional.from_config(model.get_config())
    again.set_weights(model.get_weights())
    for got, expected in zip(outputs_of(again), outputs_of(model), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_weights_that_a_file_cannot_share_are_told() -> None:
    clips, frame = kinema.Input(CLIP), kinema.Input(CLIP[1:])
    convolution, pooling = kinema.layers.Conv2D(2, 3, name="eye"), kinema.layers.GlobalAveragePooling2D()
    heads = [kinema.layers.GRU(2)(pooling(convolution(clips))), kinema.layers.Dense(2)(pooling(convolution(frame)))]
    model = kinema.Model([clips, frame], kinema.layers.add(heads))
    assert len(model.weights) == 2 + 3 + 2
    with pytest.warns(UserWarning, match="layers '.*eye' and '.*eye' share weights.*a file holds them as two layers"):
        described = model.to_json()
    x = [data()["frames"], data()["frames"][:, 0]]
    twin = kinema.models.model_from_json(described)
    assert len(twin.weights) == 2 + 2 + 3 + 2
    assert twin.predict(x, verbose=0).shape == (SAMPLES, 2)


def test_the_mode_of_a_call_is_kept() -> None:
    entry = kinema.Input((50,))
    model = kinema.Model(entry, kinema.layers.Dropout(0.5)(entry, training=True))
    loaded = kinema.models.model_from_json(model.to_json())
    assert (loaded(np.ones((1, 50), "float32")).numpy() == 0).any()


def test_files_of_keras_2_load() -> None:
    def layer(name: str, kind: str, config: dict[str, Any], *calls: list[Any]) -> dict[str, Any]:
        return {"name": name, "class_name": kind, "config": {"name": name, **config}, "inbound_nodes": list(calls)}

    old = {
        "class_name": "Model",
        "config": {
            "name": "old",
            "layers": [
                layer("a", "InputLayer", {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False}),
                layer("d", "Dense", {"units": 3}, [["a", 0, 0, {}]], [["d", 0, 0, {}]]),
                layer("s", "Add", {}, [["a", 0, 0, {}], ["d", 1, 0, {}]]),
            ],
            "input_layers": [["a", 0, 0]],
            "output_layers": [["s", 0, 0]],
        },
    }
    from kinema.saving.legacy_config import modern_config

    model = kinema.models.model_from_json(json.dumps(modern_config(old, "2.3.1")))
    x = np.ones((2, 3), "float32")
    dense = model.get_layer("d")
    np.testing.assert_allclose(model.predict(x, verbose=0), x + dense(dense(x)).numpy(), rtol=1e-6)


def test_models_and_states_in_files_of_keras_2() -> None:
    """Which counted a model's calls from 1, and put a recurrent layer's states behind its input or into a list."""
    entry, inner = kinema.Input((4,)), kinema.Input((4,))
    line = kinema.Sequential([kinema.layers.Input((4,)), kinema.layers.Dense(4)], name="line")
    graph = kinema.Model(inner, kinema.layers.Dense(4)(inner), name="graph")
    model = kinema.Model(entry, kinema.layers.Add(name="sum")([line(entry), graph(entry)]), name="outer")
    described = json.loads(model.to_json())
    start = model.layers[0].name
    for layer in described["config"]["layers"]:
        if layer["name"] in ("line", "graph"):
            layer["inbound_nodes"] = [[[start, 0, 0, {}]]]
        elif layer["name"] == "sum":
            layer["inbound_nodes"] = [[["line", 1, 0, {}], ["graph", 1, 0, {}]]]
    x = np.ones((2, 4), "float32")
    old = kinema.models.model_from_json(json.dumps(described))
    old.set_weights(model.get_weights())
    np.testing.assert_array_equal(old.predict(x, verbose=0), model.predict(x, verbose=0))

    steps, state = kinema.Input((5, 3), name="steps"), kinema.Input((4,), name="state")
    model = kinema.Model([steps, state], kinema.layers.GRU(4, name="gru")(steps, initial_state=state))
    data = [np.ones((2, 5, 3), "float32"), x]
    for call in (
        [["steps", 0, 0, {}], ["state", 0, 0, {}]],
        [["steps", 0, 0, {"initial_state": ["state", 0, 0]}]],
        [["steps", 0, 0, {"initial_state": [["state", 0, 0]], "mask": None}]],
    ):
        described = json.loads(model.to_json())
        (gru,) = (layer for layer in described["config"]["layers"] if layer["name"] == "gru")
        gru["inbound_nodes"] = [call]
        old = kinema.models.model_from_json(json.dumps(described))
        old.set_weights(model.get_weights())
        np.testing.assert_array_equal(old.predict(data, verbose=0), model.predict(data, verbose=0))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c["layers"][-1]["inbound_nodes"][0]["args"].clear(), "is not whole"),
        (lambda c: c.pop("output_layers"), "is not whole.*output_layers"),
        (lambda c: c["output_layers"].__setitem__(0, "nobody"), "is not whole"),
        (lambda c: c["layers"].pop(2), "is fed by '.*', which is not there"),
        (lambda c: _history(c, ["frames", 0, 7]), "is not whole"),
        (lambda c: _history(c, ["frames", "x", 0]), "is not whole"),
        (lambda c: _history(c, ["frames"]), "is not whole"),
        (lambda c: _history(c, ["word", 0, 0]), "inputs that nothing gives"),
        (lambda c: c["layers"][2].update({"module": "keras.src.ops.numpy", "class_name": "Cumsum"}), "'Cumsum'"),
        (lambda c: c["layers"][2].update({"module": "keras.losses", "class_name": "MeanSquaredError", "config": {}}),
         "MeanSquaredError, not a layer"),
    ],
)  # fmt: skip
def test_damaged_graphs_are_refused(spoil: Callable[[Any], Any], message: str) -> None:
    described = json.loads(two_inputs(kinema).to_json())
    spoil(described["config"])
    with pytest.raises(FileFormatError, match=message):
        kinema.models.model_from_json(json.dumps(described))


def _history(config: dict[str, Any], place: list[Any]) -> None:
    config["layers"][-1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = place


@pytest.fixture
def keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


@pytest.fixture
def assert_close(difference: Callable[[str, float], None]) -> Callable[[Any, Any], None]:
    def check(got: Any, expected: Any) -> None:
        for one, other in zip(outputs_of(got), outputs_of(expected), strict=True):
            apart = float(np.abs(one - other).max() / max(1.0, np.abs(other).max()))
            difference("files of graphs, predictions", apart)
            assert apart <= 1e-5

    return check


peer = pytest.mark.peer
quiet = pytest.mark.filterwarnings("ignore")


@peer
@quiet
@every_ending
@pytest.mark.parametrize("make", [*MODELS.values(), lifted], ids=lambda make: make.__name__)
def test_keras_opens_what_we_write(
    make: Callable[[Any], Any], ending: str, keras: Any, tmp_path: Path, assert_close: Any
) -> None:
    model = trained(make(kinema))
    model.save(tmp_path / f"m{ending}")
    # From `.h5` files Keras cannot compile with "mse", not from its own either.
    theirs = keras.models.load_model(tmp_path / f"m{ending}", compile=ending == ".keras")
    assert_close(theirs, model)
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in model.running_layers]
    if ending == ".keras":
        for ours, other in zip(model.optimizer.variables, theirs.optimizer.variables, strict=True):
            np.testing.assert_allclose(ours.numpy(), other.numpy(), rtol=1e-6, atol=1e-8)


@peer
@quiet
@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
@every_model
def test_we_open_what_keras_writes(name: str, ending: str, keras: Any, tmp_path: Path, assert_close: Any) -> None:
    theirs = trained(MODELS[name](keras))
    path = tmp_path / f"m{ending}"
    if ending == ".weights.h5":
        theirs.save_weights(path)
        loaded = MODELS[name](kinema)
        loaded.load_weights(path)
    else:
        theirs.save(path)
        loaded = kinema.models.load_model(path)
        for mine, other in zip(loaded.optimizer.variables, theirs.optimizer.variables, strict=True):
            np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-6, atol=1e-8)
    assert_close(loaded, theirs)
    assert [layer.name for layer in loaded.layers][-3:] == [layer.name for layer in theirs.layers][-3:] or (
        ending == ".weights.h5"
    )


@peer
@quiet
@every_ending
def test_keras_arithmetic_and_masks_load(ending: str, keras: Any, tmp_path: Path, assert_close: Any) -> None:
    """Keras notes operations on tensors as calls, and computes masks by some of its own."""
    layers = keras.layers
    frames, sound = keras.Input(CLIP, name="frames"), keras.Input(SOUND, name="sound")
    masked = layers.Concatenate()([layers.Masking()(sound), layers.TimeDistributed(layers.Flatten())(frames)])
    state = layers.LSTM(3)(masked) * 2.0 - layers.LSTM(3)(sound)
    theirs = trained(keras.Model([frames, sound], 1.0 - state * state + 0.5))
    theirs.save(tmp_path / f"m{ending}")
    assert_close(kinema.models.load_model(tmp_path / f"m{ending}"), theirs)


@peer
@quiet
def test_losses_and_metrics_are_keras_s(keras: Any) -> None:
    ours = two_outputs(kinema)
    theirs = keras.models.model_from_json(ours.to_json())
    theirs.set_weights(ours.get_weights())
    targets = {"word": np.eye(3)[[0, 1, 2, 0, 1, 2]], "close": np.ones((SAMPLES, 1))}
    logs = []
    for model in (ours, theirs):
        model.compile(
            "sgd", {"word": "mse", "close": "mae"}, metrics={"word": ["mae"]}, loss_weights={"word": 0.5, "close": 2.0}
        )
        logs.append(model.evaluate(data(), targets, verbose=0, return_dict=True))
    assert logs[0].keys() == logs[1].keys()
    for name, value in logs[0].items():
        assert value == pytest.approx(logs[1][name], rel=1e-5)
