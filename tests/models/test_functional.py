"""Models that are graphs of layers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, DataError, DTypeError, NotBuiltError, ShapeError

CLIP, SOUND = (4, 12, 12, 3), (4, 5)


def _clips(samples: int = 8) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(samples, *CLIP)).astype("float32")


def _sound(samples: int = 8) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(samples, *SOUND)).astype("float32")


def _line() -> list[layers.Layer]:
    return [
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.LSTM(6, dropout=0.2),
        layers.Dense(3, activation="softmax"),
    ]


def _chained() -> kinema.Model:
    tensor = entry = kinema.Input(CLIP)
    for layer in _line():
        tensor = layer(tensor)
    return kinema.Model(entry, tensor)


def _two_inputs() -> kinema.Model:
    frames, sound = kinema.Input(CLIP, name="frames"), kinema.Input(SOUND, name="sound")
    seen = layers.Flatten()(layers.MaxPooling2D(2)(layers.Conv2D(4, 3, activation="relu")(frames)))
    both = layers.LSTM(6)(layers.Concatenate()([seen, sound]))
    return kinema.Model(inputs=[frames, sound], outputs=layers.Dense(3, activation="softmax")(both))


def test_a_line_of_layers_trains_to_the_same_bits_as_a_sequential() -> None:
    y = np.eye(3)[np.arange(8) % 3]
    results = []
    for make in (lambda: kinema.Sequential([layers.Input(CLIP), *_line()]), _chained):
        kinema.utils.set_random_seed(5)
        model = make()
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(_clips(), y, epochs=2, batch_size=3, verbose=0, validation_split=0.25)
        results.append((history.history, model.get_weights(), model.predict(_clips(), verbose=0)))
    assert results[0][0] == results[1][0]
    for one, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(results[0][2], results[1][2])


def test_a_line_of_layers_runs_as_one_plan_with_its_rewrites() -> None:
    model = _chained()
    sequential = kinema.Sequential([layers.Input(CLIP), *_line()])
    (line,) = model.graph_plan.steps
    for training in (True, False):
        assert [type(step) for step in line.plan.steps[training]] == [
            type(step) for step in sequential.plan.steps[training]
        ]
    assert model.open_run is None
    assert [layer.name.rstrip("_0123456789") for layer in model.layers] == [
        "input_layer", "conv2d", "batch_normalization", "max_pooling2d", "flatten", "dropout", "lstm", "dense",
    ]  # fmt: skip


def test_shared_frames_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.random.default_rng(3).normal(size=(11, *CLIP[1:])).astype("float32")
    windows = kinema.video.convert_frames_to_sequence(frames, CLIP[0])
    sound = _sound(len(windows))
    model = _two_inputs()
    plain = model.predict([np.array(windows), sound], verbose=0)
    seen: list[int] = []
    original = kinema.ops.conv2d_chain
    monkeypatch.setattr(kinema.ops, "conv2d_chain", lambda x, *a, **k: seen.append(x.shape[0]) or original(x, *a, **k))
    np.testing.assert_array_equal(model.predict([windows, sound], verbose=0), plain)
    assert seen == [11]


def test_two_inputs_learn_what_neither_tells_alone() -> None:
    """The answer is whether a bright clip and a loud sound agree."""
    rng = np.random.default_rng(0)
    bright, loud = rng.integers(0, 2, (2, 96))
    clips = (rng.normal(0, 0.1, (96, *CLIP)) + bright[:, None, None, None, None]).astype("float32")
    sound = (rng.normal(0, 0.1, (96, *SOUND)) + loud[:, None, None]).astype("float32")
    kinema.utils.set_random_seed(2)
    model = _two_inputs()
    model.compile(kinema.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    y = (bright == loud).astype("int64")
    history = model.fit({"frames": clips, "sound": sound}, y, epochs=25, batch_size=16, verbose=0)
    assert history.history["accuracy"][-1] > 0.95


def test_every_way_to_give_two_inputs_is_the_same() -> None:
    model, clips, sound, y = _two_inputs(), _clips(), _sound(), np.arange(8) % 3
    model.compile("sgd", "sparse_categorical_crossentropy")

    def batches() -> Iterator[Any]:
        for start in (0, 4):
            rows = slice(start, start + 4)
            yield {"frames": clips[rows], "sound": sound[rows]}, y[rows]

    expected = model.predict([clips, sound], verbose=0, batch_size=4)
    for x in ({"sound": sound, "frames": clips}, (clips, sound), batches(), list(batches())):
        np.testing.assert_array_equal(model.predict(x, verbose=0, batch_size=4), expected)
    np.testing.assert_array_equal(model.predict_on_batch([clips[:4], sound[:4]]), expected[:4])
    np.testing.assert_array_equal(model([clips, sound]).numpy()[:4], expected[:4])
    loss = model.evaluate([clips, sound], y, verbose=0, batch_size=4)
    assert model.evaluate(batches(), verbose=0) == loss
    assert model.test_on_batch([clips, sound], y) == pytest.approx(loss, rel=1e-6)
    model.fit(batches(), verbose=0)
    model.fit([clips, sound], y, verbose=0, validation_data=([clips, sound], y), sample_weight=np.ones(8))
    assert np.isfinite(model.train_on_batch((clips, sound), y))


def test_a_model_given_a_list_of_one_input_takes_an_array_too() -> None:
    entry = kinema.Input((3,), name="features")
    model = kinema.Model([entry], [layers.Dense(2)(entry)])
    x = np.ones((4, 3), "float32")
    expected = model.predict(x, verbose=0)
    for given in ([x], {"features": x}, x.tolist()):
        np.testing.assert_array_equal(model.predict(given, verbose=0), expected)
    model.compile("sgd", "mse")
    y = np.ones((4, 2), "float32")
    assert len({model.evaluate(x, given, verbose=0) for given in (y, [y], {model.output_names[0]: y})}) == 1
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 2)


def test_shared_layers_share_their_weights() -> None:
    left, right = kinema.Input(SOUND), kinema.Input(SOUND)
    encoder = layers.LSTM(4)
    model = kinema.Model([left, right], layers.Subtract()([encoder(left), encoder(right)]))
    assert len(model.weights) == 3
    x = _sound()
    np.testing.assert_array_equal(model.predict([x, x], verbose=0), np.zeros((8, 4)))
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit([x, x[::-1]], np.ones((8, 4)), verbose=0)
    assert any((one != other).any() for one, other in zip(before, model.get_weights(), strict=True))


def test_residual_connections_and_arithmetic() -> None:
    entry = kinema.Input((3,))
    dense = layers.Dense(3)
    tensor = entry + dense(entry)
    model = kinema.Model(entry, [tensor, tensor * 2.0 - 1.0, 1 - tensor, -tensor / 2, tensor - entry, tensor * entry])
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    total = x + dense(x).numpy()
    expected = [total, total * 2 - 1, 1 - total, -total / 2, total - x, total * x]
    for got, want in zip(model.predict(x, verbose=0), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_gradients_flow_through_forks_and_joins() -> None:
    entry = kinema.Input((3,), dtype="float64")
    kinema.utils.set_random_seed(1)
    hidden = layers.Dense(4, activation="tanh", dtype="float64")
    first = hidden(entry)
    second = layers.Dense(4, activation="tanh", dtype="float64")(first)
    joined = layers.Multiply(dtype="float64")([first, second, layers.Add(dtype="float64")([first, second])])
    model = kinema.Model(entry, joined, dtype="float64")
    x = np.random.default_rng(0).normal(size=(5, 3))
    with kinema.GradientTape() as tape:
        loss = kinema.ops.sum(kinema.ops.square(model(x)))
    gradient = tape.gradient(loss, [hidden.kernel])[0].numpy()
    kernel, step = hidden.kernel.numpy(), 1e-6
    for place in ((0, 0), (2, 3)):
        values = []
        for sign in (1, -1):
            moved = kernel.copy()
            moved[place] += sign * step
            hidden.kernel.assign(moved)
            values.append(float(kinema.ops.sum(kinema.ops.square(model(x)))))
        np.testing.assert_allclose(gradient[place], (values[0] - values[1]) / (2 * step), rtol=1e-6)


def test_nested_models() -> None:
    picture = kinema.Input(CLIP[1:])
    features = kinema.Model(picture, layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(picture)), name="features")
    head = kinema.Sequential([layers.Input((4,)), layers.Dense(3)], name="head")
    entry = kinema.Input(CLIP)
    per_frame = layers.TimeDistributed(features)(entry)
    model = kinema.Model(entry, head(layers.LSTM(4)(per_frame)))
    assert model.output_shape == (None, 3)
    assert features.compute_output_shape((7, 20, 20, 3)) == (7, 4)
    assert len(model.weights) == 2 + 3 + 2
    clips = _clips(2)
    frames = features.predict(clips.reshape(-1, *CLIP[1:]), verbose=0).reshape(2, CLIP[0], 4)
    after = kinema.Model(per_frame, model.output)  # a part of the graph, on an Input of its own
    np.testing.assert_allclose(after.predict(frames, verbose=0), model.predict(clips, verbose=0), rtol=1e-5, atol=1e-6)


def test_states_go_from_layer_to_layer() -> None:
    entry = kinema.Input(SOUND)
    _, hidden, carry = layers.LSTM(3, return_state=True)(entry)
    decoder = layers.LSTM(3)
    model = kinema.Model(entry, decoder(entry, initial_state=[hidden, carry]))
    encoder = model.layers[1]
    x = _sound()
    _, h, c = encoder(x)
    np.testing.assert_array_equal(model.predict(x, verbose=0), decoder(x, initial_state=[h, c]).numpy())


@pytest.mark.parametrize(
    "join", [None, layers.Add(), layers.Concatenate(), layers.Bidirectional(layers.LSTM(2, return_sequences=True))]
)
def test_masks_of_symbolic_tensors_are_symbolic(join: Any, tmp_path: Path) -> None:
    """A mask that is computed and given by hand; in files it is a step of the graph."""
    clips = kinema.Input((4, 2))
    mask = layers.Masking().compute_mask(clips)
    assert mask.shape == (None, 4)
    if isinstance(join, layers.Bidirectional):
        mask = join.compute_mask(clips, mask)
    elif join is not None:
        mask = join.compute_mask([clips, clips], [mask, mask])
    model = kinema.Model(clips, layers.LSTM(3)(clips, mask=mask))
    x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    x[0, 2:] = 0
    expected = model.layers[-1](layers.Masking()(x)).numpy()
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-6)
    model.save(tmp_path / "masked.keras")
    again = kinema.models.load_model(tmp_path / "masked.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), expected, rtol=1e-6)


def test_symbolic_masks_are_joined_along_time() -> None:
    clips, more = kinema.Input((3, 2)), kinema.Input((2, 2, 2, 1))
    mask = layers.Masking().compute_mask(clips)
    longer = layers.Concatenate(axis=1).compute_mask([clips, more], [mask, None])
    x = np.float32([[[1, 1], [0, 0], [0, 0]]])
    found = kinema.Model([clips, more], longer)([x, np.zeros((1, 2, 2, 2, 1), "float32")])
    assert found.numpy().tolist() == [[True, False, False, True, True]]


def test_masks_travel() -> None:
    entry = kinema.Input((None, 2))
    model = kinema.Model(entry, layers.LSTM(3)(layers.Concatenate()([layers.Masking()(entry)] * 2)))
    x = np.random.default_rng(0).normal(size=(2, 3, 2)).astype("float32")
    padded = np.concatenate([x, np.zeros((2, 4, 2), "float32")], axis=1)
    np.testing.assert_array_equal(model.predict(padded, verbose=0), model.predict(x, verbose=0))


def test_a_call_keeps_the_mode_it_was_given() -> None:
    entry = kinema.Input((50,))
    model = kinema.Model(entry, [layers.Dropout(0.5)(entry), layers.Dropout(0.5)(entry, training=True)])
    plain, dropped = model(np.ones((1, 50), "float32"))
    assert (plain.numpy() == 1).all()
    assert (dropped.numpy() == 0).any()
    fixed = kinema.Model(entry, layers.Dropout(0.5)(entry, training=False))
    assert (fixed(np.ones((1, 50), "float32"), training=True).numpy() == 1).all()


def test_features_of_a_sequential() -> None:
    sequential = kinema.Sequential([layers.Input(CLIP), *_line()])
    model = kinema.Model(sequential.inputs, [sequential.layers[3].output, sequential.output])
    clips = _clips(2)
    flat, classes = model.predict(clips, verbose=0)
    assert flat.shape == (2, 4, 100)
    np.testing.assert_allclose(classes, sequential.predict(clips, verbose=0), rtol=1e-5, atol=1e-6)


class Gate(layers.Layer):
    """A layer of the user's with two inputs that does not say its output's shape."""

    def call(self, inputs: Any, gate: Any) -> Any:
        return inputs * kinema.ops.sigmoid(gate)


def test_layers_of_users_find_their_shape_by_a_call() -> None:
    left, right = kinema.Input((4, 3)), kinema.Input((1, 3))
    tensor = Gate()(left, right)
    assert tensor.shape == (None, 4, 3)
    model = kinema.Model([left, right], tensor)
    one, other = np.ones((2, 4, 3), "float32"), np.zeros((2, 1, 3), "float32")
    np.testing.assert_array_equal(model.predict([one, other], verbose=0), np.full((2, 4, 3), 0.5))
    assert type(model.layers[-1]) is Gate


class Both(kinema.Model):
    """A model of the user's that takes a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.ears, self.head = layers.LSTM(3), layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.head(self.ears(inputs["sound"])) * inputs["gain"]


def test_models_of_users_take_dicts() -> None:
    model = Both()
    model.compile("sgd", "mse")
    x, y = {"sound": _sound(), "gain": np.ones((8, 1), "float32")}, np.zeros((8, 2))
    model.fit(x, y, batch_size=4, verbose=0)
    model.fit([(x, y)], verbose=0)
    double = {**x, "gain": np.full((8, 1), 2, "float32")}
    np.testing.assert_array_equal(model.predict(double, verbose=0), 2 * model.predict(x, verbose=0))


def test_copies_are_models_of_their_own() -> None:
    model = _two_inputs()
    expected = model.predict([_clips(), _sound()], verbose=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.graph_plan.frame_part(twin.inputs[0], training=False).shares_frames
        np.testing.assert_array_equal(twin.predict([_clips(), _sound()], verbose=0), expected)
        twin.weights[0].assign(twin.weights[0].numpy() + 1)
    np.testing.assert_array_equal(model.predict([_clips(), _sound()], verbose=0), expected)


def test_summary_shows_connections(capsys: pytest.CaptureFixture[str]) -> None:
    kinema.layers.naming.reset_names()
    _two_inputs().summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split("  ")[-1] == "Connected to"
    (row,) = (line for line in lines if line.startswith("concatenate"))
    assert row.endswith("flatten, sound")
    assert any("every frame" in line and line.endswith("frames") for line in lines)
    assert lines[-1].startswith("Memory of a training batch")


class Doubled(kinema.models.Functional):
    """A graph with a step of its own on the way out."""

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        return super().call(inputs, training, mask) * 2.0


class Own(kinema.Model):
    """A model that hands on what it is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class Derived(Own):
    """A class on top of it."""


def test_subclasses_of_functional() -> None:
    entry = kinema.Input((3,))
    outputs = layers.Dense(2)(entry)
    x = np.ones((2, 3), "float32")
    single, double = kinema.Model(entry, outputs), Doubled(inputs=entry, outputs=outputs)
    np.testing.assert_allclose(double.predict(x, verbose=0), 2 * single.predict(x, verbose=0))
    for base in (Own, Own, Derived):  # a class becomes one the first time
        for model in (base(inputs=entry, outputs=outputs), base(entry, outputs, name="mine")):
            assert isinstance(model, kinema.models.Functional)
            np.testing.assert_array_equal(model.predict(x, verbose=0), single.predict(x, verbose=0))
    assert model.name == "mine"
    with pytest.raises(ArgumentError, match="two layers of the model are named"):
        Own(entry, layers.Dense(2, name="a")(layers.Dense(2, name="a")(entry)))


def test_a_class_beside_a_functional_one_keeps_its_call() -> None:
    class Base(kinema.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)

    class Graph(Base):
        def __init__(self) -> None:
            self.head = layers.Dense(2)
            entry = kinema.Input((3,))
            super().__init__(inputs=entry, outputs=self.head(layers.Dense(4)(entry)))
            self.extra = layers.Dense(5)

    class Called(Base):
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    graph, called = Graph(), Called()
    assert isinstance(graph, kinema.models.Functional)
    assert not isinstance(called, kinema.models.Functional)
    np.testing.assert_array_equal(called(np.ones((1, 3), "float32")), [[2.0] * 3])
    assert [weight.shape for weight in graph.weights] == [(4, 2), (2,), (3, 4), (4,)]
    graph.extra(np.ones((1, 3), "float32"))
    assert len(graph.weights) == 6


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: kinema.Model(kinema.Input((3,)), np.ones(3)), DTypeError, "takes symbolic tensors.*not ndarray"),
        (lambda: kinema.Model(layers.Dense(2), layers.Dense(2)), DTypeError, "not Dense: call the layer on one"),
        (lambda: kinema.Model([], []), ArgumentError, "at least one input and one output"),
        (
            lambda: kinema.Model(kinema.Input((3,)), layers.Dense(2)(kinema.Input((3,), name="other"))),
            ArgumentError, "the outputs need the input 'other', which is not among the model's inputs",
        ),
        (
            lambda: kinema.Model(e := kinema.Input((3,)), layers.Dense(2, name="a")(layers.Dense(2, name="a")(e))),
            ArgumentError, "two layers of the model are named 'a'",
        ),
        (lambda: np.sum(kinema.Input((3,))), ArgumentError, "has no values yet.*a layer whose call"),
        (lambda: bool(kinema.Input((3,))), ArgumentError, "has no values yet"),
        (lambda: kinema.Input((3,)) + "a", ArgumentError, "a symbolic tensor and str do not combine"),
        (
            lambda: layers.add([kinema.Input((3,)), np.ones((1, 3))]),
            ArgumentError, "called on symbolic tensors and on ndarray together",
        ),
        (lambda: layers.Dense(2)(layers.Conv2D(2, 9)(kinema.Input((4, 8, 8, 3)))), ShapeError, "layer 'conv2d"),
        (lambda: _two_inputs().predict(_clips(), verbose=0), DataError, "the model has 2 inputs.*x is one ndarray"),
        (lambda: _two_inputs().predict([_clips()], verbose=0), DataError, "the model has 2 inputs.*a list of 1"),
        (
            lambda: _two_inputs().predict({"frames": _clips()}, verbose=0),
            DataError, "x has the entries 'frames', and the model's inputs are 'frames', 'sound'",
        ),
        (
            lambda: _two_inputs().predict([_clips(), _sound(3)], verbose=0),
            DataError, r"different numbers of samples \('frames' 8, 'sound' 3\)",
        ),
        (
            lambda: _two_inputs().predict([_clips(), _sound()[:, 1:]], verbose=0),
            ShapeError, r"input 'sound' has shape \(None, 4, 5\), and got \(8, 3, 5\): reshape",
        ),
        (lambda: _two_inputs()([_clips()[0], _sound()[0]]), ShapeError, "looks like one sample"),
        (lambda: _two_inputs()(_clips()), ShapeError, "takes 2 inputs, 'frames', 'sound', and got one array"),
        (lambda: _two_inputs()({"frames": _clips()}), ShapeError, "'sound' is missing"),
        (lambda: layers.Dense(2).output, NotBuiltError, "has not been called on symbolic tensors"),
        (lambda: _two_inputs().predict([_clips() * np.nan, _sound()], verbose=0), DataError, "x contains NaN"),
    ],
)  # fmt: skip
def test_errors_teach(act: Callable[[], Any], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        act()
