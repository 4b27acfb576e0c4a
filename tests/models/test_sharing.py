"""Frames are computed once through forks and joins, for several inputs and under masks, with the same results."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.models.copies import CopySearch

FRAMES, LENGTH, SIZE = 14, 6, 12
WINDOWS = FRAMES - LENGTH + 1
LABELS = np.eye(3, dtype="float32")[np.arange(WINDOWS) % 3]


def _entry() -> Any:
    return kinema.Input((LENGTH, SIZE, SIZE, 3), name="frames")


def _classes(tensor: Any) -> Any:
    return layers.Dense(3, activation="softmax")(tensor)


def _residual() -> kinema.Model:
    entry = _entry()
    first = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Rescaling(0.5)(entry))
    second = layers.Conv2D(4, 3, padding="same")(first)
    joined = layers.ReLU()(layers.Add()([first, second]))
    flat = layers.Flatten()(layers.MaxPooling2D(2)(layers.Conv2D(3, 3)(joined)))
    return kinema.Model(entry, _classes(layers.LSTM(5)(flat)))


def _normalised_residual() -> kinema.Model:
    entry = _entry()
    first = layers.Conv2D(4, 3, padding="same")(layers.Rescaling(0.5)(entry))
    second = layers.ReLU()(layers.BatchNormalization()(first))
    third = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(second))
    joined = layers.Add()([first, third])
    pooled = layers.GlobalAveragePooling2D()(joined)
    return kinema.Model(entry, _classes(layers.Bidirectional(layers.GRU(4))(pooled)))


def _branches() -> kinema.Model:
    """Two branches that begin at the input itself and meet behind their Flatten."""
    entry = _entry()
    wide = layers.Flatten()(layers.Conv2D(3, 5, strides=3, activation="relu")(entry))
    narrow = layers.Flatten()(layers.MaxPooling2D(2)(layers.Conv2D(2, 3, activation="relu")(entry)))
    return kinema.Model(entry, _classes(layers.LSTM(4)(layers.Concatenate()([wide, narrow]))))


def _several_borders() -> kinema.Model:
    """Two recurrent layers read the features, an output shows them, and one layer reads the frames as they came in."""
    entry = _entry()
    seen = layers.Flatten()(layers.MaxPooling2D(4)(layers.Conv2D(2, 3, activation="relu")(entry)))
    both = layers.Concatenate()([layers.LSTM(3)(seen), layers.GRU(3)(seen)])
    mean = layers.Dense(3)(layers.Flatten()(layers.Reshape((LENGTH, -1))(entry)))
    return kinema.Model(entry, layers.Add()([_classes(both), mean]))


MODELS = [_residual, _normalised_residual, _branches, _several_borders]


@pytest.fixture
def windows() -> np.ndarray:
    frames = np.random.default_rng(1).normal(size=(FRAMES, SIZE, SIZE, 3)).astype("float32")
    return kinema.video.convert_frames_to_sequence(frames, LENGTH)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames each pass over convolutions saw."""
    seen: list[int] = []
    original = kinema.ops.conv2d_chain
    monkeypatch.setattr(kinema.ops, "conv2d_chain", lambda x, *a, **k: seen.append(x.shape[0]) or original(x, *a, **k))
    call = layers.Conv2D.call
    monkeypatch.setattr(layers.Conv2D, "call", lambda self, x: seen.append(x.shape[0]) or call(self, x))
    return seen


@pytest.fixture(autouse=True)
def _sharing() -> Iterator[None]:
    kinema.utils.set_random_seed(5)
    yield
    kinema.config.set_frame_sharing(True)


def _plainly(function: Callable[[], Any]) -> Any:
    kinema.config.set_frame_sharing(False)
    try:
        return function()
    finally:
        kinema.config.set_frame_sharing(True)


def _step(model: Any, x: Any, y: Any = LABELS) -> list[np.ndarray]:
    """What one training step changes: gradients, as an optimizer without momentum shows them, and statistics."""
    model.compile(kinema.optimizers.SGD(1.0), "categorical_crossentropy")
    before = model.get_weights()
    model.train_on_batch(x, y)
    after = model.get_weights()
    model.set_weights(before)
    return [old.astype(float) - new for old, new in zip(before, after, strict=True)]


def _assert_close(shared: list[np.ndarray], plain: list[np.ndarray]) -> None:
    flat, wanted = (np.concatenate([array.ravel() for array in arrays]) for arrays in (shared, plain))
    assert np.linalg.norm(flat - wanted) < 1e-5 * np.linalg.norm(wanted)
    for one, other in zip(shared, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("build", MODELS)
def test_a_step_through_forks_and_joins_sees_each_frame_once(
    build: Callable[[], kinema.Model], windows: np.ndarray, counted: list[int]
) -> None:
    model = build()
    plain = _plainly(lambda: _step(model, windows))
    assert set(counted) == {WINDOWS * LENGTH}
    counted.clear()
    shared = _step(model, windows)
    assert set(counted) == {FRAMES}
    _assert_close(shared, plain)


def test_the_input_product_behind_a_join_is_taken_once_a_frame(
    windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    original = layers.LSTM.project_frames
    monkeypatch.setattr(layers.LSTM, "project_frames", lambda self, x: seen.append(x.shape[0]) or original(self, x))
    model = _branches()
    model.predict(windows, batch_size=3, verbose=0)
    assert sum(seen) == FRAMES
    seen.clear()
    _step(model, windows)
    assert seen == [FRAMES]


@pytest.mark.parametrize("batch_size", [2, 32])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("build", MODELS)
def test_predict_and_evaluate_see_each_frame_once_in_all(
    build: Callable[[], kinema.Model], dtype: str, batch_size: int, windows: np.ndarray, counted: list[int]
) -> None:
    if dtype == "uint8":
        frames = np.random.default_rng(2).integers(0, 8, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
        windows = kinema.video.convert_frames_to_sequence(frames, LENGTH)
    model = build()
    model.compile("sgd", "mse")
    model.train_on_batch(windows, LABELS)  # statistics that are not those of the beginning
    settings = {"batch_size": batch_size, "verbose": 0}
    plain = _plainly(lambda: (model.predict(windows, **settings), model.evaluate(windows, LABELS, **settings)))
    counted.clear()
    np.testing.assert_array_equal(model.predict(windows, **settings), plain[0])
    passes = len(counted) // -(-WINDOWS // batch_size)
    assert sum(counted) == FRAMES * passes
    counted.clear()
    assert model.evaluate(windows, LABELS, **settings) == pytest.approx(plain[1], rel=1e-6)
    assert sum(counted) == FRAMES * passes


def test_joins_that_mix_frames_end_the_frame_wise_part(windows: np.ndarray, counted: list[int]) -> None:
    entry = _entry()
    seen = layers.Flatten()(layers.Conv2D(2, 3, activation="relu")(entry))
    doubled = layers.Concatenate(axis=-2)([seen, layers.ReLU()(seen)])
    assert doubled.shape[1] == 2 * LENGTH
    model = kinema.Model(entry, _classes(layers.LSTM(3)(doubled)))
    plain = _plainly(lambda: model.predict(windows, verbose=0))
    counted.clear()
    np.testing.assert_array_equal(model.predict(windows, verbose=0), plain)
    assert sum(counted) == FRAMES


def test_joins_of_different_ranks_end_the_frame_wise_part(windows: np.ndarray) -> None:
    entry = _entry()
    seen = layers.Conv2D(2, (3, SIZE - LENGTH + 1))(entry)  # pictures as wide as the clip is long
    weights = layers.Dense(2)(layers.Flatten()(seen))  # (batch, time, 2), taken for (batch, 1, 1, width, 2)
    model = kinema.Model(entry, layers.Multiply()([seen, weights]))
    plain = _plainly(lambda: model.predict(windows, verbose=0))
    np.testing.assert_array_equal(model.predict(windows, verbose=0), plain)


def test_frames_of_two_inputs_are_computed_once_in_all(windows: np.ndarray, counted: list[int]) -> None:
    entry, other, sound = _entry(), kinema.Input((LENGTH, SIZE, SIZE, 3)), kinema.Input((LENGTH, 7))
    seen = layers.Flatten()(layers.MaxPooling2D(4)(layers.Conv2D(2, 3, activation="relu")(entry)))
    looked = layers.Flatten()(layers.MaxPooling2D(4)(layers.Conv2D(3, 5, activation="relu")(other)))
    both = layers.LSTM(5)(layers.Concatenate()([seen, looked, sound]))
    model = kinema.Model([entry, other, sound], _classes(both))
    heard = kinema.video.convert_frames_to_sequence(
        np.random.default_rng(4).normal(size=(FRAMES, 7)).astype("float32"), LENGTH
    )
    x = [windows, windows[::-1], heard]
    plain = _plainly(lambda: (model.predict(x, batch_size=2, verbose=0), _step(model, x)))
    counted.clear()
    np.testing.assert_array_equal(model.predict(x, batch_size=2, verbose=0), plain[0])
    assert sum(counted) == 2 * FRAMES
    counted.clear()
    model.compile("sgd", "categorical_crossentropy")
    model.evaluate(x, LABELS, batch_size=4, verbose=0)
    assert sum(counted) == 2 * FRAMES
    _assert_close(_step(model, x), plain[1])


def test_fit_finds_equal_frames_in_the_copies_of_each_input(
    windows: np.ndarray, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CopySearch, "goes_on", lambda *_: True)
    left, right = _entry(), kinema.Input((LENGTH, SIZE, SIZE, 3), name="right")
    seen = [layers.LSTM(3)(layers.Flatten()(layers.Conv2D(2, 3)(entry))) for entry in (left, right)]
    model = kinema.Model([left, right], _classes(layers.Average()(seen)))
    model.compile("sgd", "categorical_crossentropy")
    x = {"frames": np.array(windows), "right": np.array(windows[::-1])}
    model.fit(x, LABELS, epochs=2, shuffle=True, verbose=0)
    assert set(counted) == {FRAMES}


def _masked(windows: np.ndarray) -> tuple[kinema.Tensor, np.ndarray]:
    """The windows, of which the first few end early: a frame counts in some of them and not in others."""
    mask = np.ones(windows.shape[:2], bool)
    mask[0, 4:] = mask[1, 2:] = mask[5, 1:] = False
    x = kinema.Tensor(windows)
    x.mask = mask
    return x, mask


def _masked_line(recurrent: layers.Layer) -> kinema.Sequential:
    return kinema.Sequential(
        [
            layers.Input((LENGTH, SIZE, SIZE, 3)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            recurrent,
            layers.LSTM(3),
            layers.Dense(3, activation="softmax"),
        ]
    )


MASKED: dict[str, Callable[[], Any]] = {
    "lstm": lambda: _masked_line(layers.LSTM(4, return_sequences=True)),
    "bidirectional": lambda: _masked_line(layers.Bidirectional(layers.GRU(4, return_sequences=True))),
    "not projected": lambda: _masked_line(layers.LSTM(4, return_sequences=True, activity_regularizer="l2")),
    "graph": _normalised_residual,
    "branches": _branches,
}


@pytest.mark.parametrize("build", MASKED.values(), ids=MASKED.keys())
def test_masked_clips_share_their_frames(
    build: Callable[[], Any], windows: np.ndarray, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build()
    x, mask = _masked(windows)
    shown = np.add.outer(np.arange(WINDOWS), np.arange(LENGTH))
    distinct = len({(frame, counts) for frame, counts in zip(shown.ravel(), mask.ravel(), strict=True)})
    plain = _plainly(lambda: (_step(model, x), model.predict(x, batch_size=2, verbose=0)))
    assert np.abs(plain[1] - _plainly(lambda: model.predict(windows, verbose=0))).max() > 1e-3  # the mask matters
    counted.clear()
    shared = _step(model, x)
    assert set(counted) == {distinct}
    _assert_close(shared, plain[0])
    counted.clear()
    np.testing.assert_allclose(model.predict(x, batch_size=2, verbose=0), plain[1], rtol=1e-5, atol=1e-6)
    assert sum(counted) % distinct == 0
    assert sum(counted) < WINDOWS * LENGTH
    monkeypatch.setattr(CopySearch, "goes_on", lambda *_: True)
    copied = kinema.Tensor(np.array(windows))
    copied.mask = mask
    _assert_close(_step(model, copied), plain[0])


def test_masked_clips_of_bytes_share_their_frames(counted: list[int]) -> None:
    frames = np.random.default_rng(2).integers(0, 8, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
    x, _ = _masked(kinema.video.convert_frames_to_sequence(frames, LENGTH))
    for model in (_masked_line(layers.LSTM(4, return_sequences=True)), _residual()):
        plain = _plainly(lambda model=model: model.predict(x, verbose=0))
        counted.clear()
        np.testing.assert_allclose(model.predict(x, verbose=0), plain, rtol=1e-5, atol=1e-6)
        assert max(counted) < WINDOWS * LENGTH


def test_steps_that_do_not_count_say_so_to_the_loss(windows: np.ndarray, counted: list[int]) -> None:
    entry = _entry()
    seen = layers.Flatten()(layers.MaxPooling2D(4)(layers.Conv2D(2, 3, activation="relu")(entry)))
    model = kinema.Model(entry, _classes(seen))  # a class for every frame
    x, mask = _masked(windows)
    y = np.eye(3, dtype="float32")[np.random.default_rng(0).integers(0, 3, mask.shape)]
    plain = _plainly(lambda: _step(model, x, y))
    counted.clear()
    _assert_close(_step(model, x, y), plain)
    assert set(counted) != {WINDOWS * LENGTH}


def test_a_batch_in_which_nothing_counts_leaves_statistics_alone(windows: np.ndarray) -> None:
    model = MASKED["lstm"]()
    x = kinema.Tensor(windows)
    x.mask = np.zeros(windows.shape[:2], bool)
    changes = _step(model, x)
    assert all(np.isfinite(change).all() for change in changes)
    assert not any(change.any() for change, one in zip(changes, model.weights, strict=True) if "moving" in one.name)


def _nested(kind: str, *line: layers.Layer) -> kinema.Model:
    inner = kinema.Sequential([layers.Input((LENGTH, SIZE, SIZE, 3)), *line])
    return inner if kind == "line" else kinema.Model(inner.input, inner.output)


@pytest.mark.parametrize("kind", ["line", "graph"])
def test_models_within_a_model_that_look_at_clips_end_the_frame_wise_part(windows: np.ndarray, kind: str) -> None:
    nested = _nested(kind, layers.Conv2D(2, 3), layers.Flatten(), layers.LSTM(5, return_sequences=True))
    assert nested.mixes_frames
    model = kinema.Sequential([layers.Input((LENGTH, SIZE, SIZE, 3)), nested, layers.LSTM(3)])
    plain = _plainly(lambda: model.predict(windows, verbose=0))
    np.testing.assert_array_equal(model.predict(windows, verbose=0), plain)
    with pytest.raises(kinema.errors.ArgumentError, match="needs all frames of a clip at once"):
        kinema.StreamPredictor(model, stateful=True)


@pytest.mark.parametrize("kind", ["line", "graph"])
@pytest.mark.parametrize("masked", [False, True])
def test_encoders_within_a_model_see_each_frame_once(
    windows: np.ndarray, counted: list[int], kind: str, masked: bool
) -> None:
    encoder = _nested(
        kind, layers.Conv2D(2, 3), layers.BatchNormalization(), layers.ReLU(), layers.Flatten(), layers.Dense(4)
    )
    left, right = _entry(), kinema.Input((LENGTH, SIZE, SIZE, 3))
    distance = layers.Subtract()([layers.LSTM(5)(encoder(left)), layers.GRU(5)(encoder(right))])
    model = kinema.Model([left, right], _classes(distance))
    line = kinema.Sequential([layers.Input((LENGTH, SIZE, SIZE, 3)), encoder, layers.LSTM(3), layers.Dense(3)])
    one = _masked(windows)[0] if masked else windows
    for net, x in ((model, [one, windows[::-1]]), (line, one)):
        plain = _plainly(lambda net=net, x=x: (_step(net, x), net.predict(x, batch_size=2, verbose=0)))
        counted.clear()
        _assert_close(_step(net, x), plain[0])
        assert max(counted) < WINDOWS * LENGTH
        counted.clear()
        np.testing.assert_allclose(net.predict(x, batch_size=2, verbose=0), plain[1], rtol=1e-5, atol=1e-6)
        assert masked or sum(counted) == FRAMES * (2 if net is model else 1)
        assert net is model or net.plan.frame_products == 10 * 10 * 27 * 2 + 200 * 4 + 4 * 12


def test_models_of_single_frames_are_shared_within_time_distributed(windows: np.ndarray, counted: list[int]) -> None:
    line = kinema.Sequential(
        [layers.Input((SIZE, SIZE, 3)), layers.Conv2D(2, 3), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(4)]
    )
    graph = kinema.Model(line.input, line.output)
    works = []
    for inner in (line, graph):
        around = layers.TimeDistributed(inner)
        model = kinema.Sequential([layers.Input((LENGTH, SIZE, SIZE, 3)), around, layers.LSTM(3)])
        plain = _plainly(lambda model=model: model.predict(windows, verbose=0))
        counted.clear()
        np.testing.assert_allclose(model.predict(windows, verbose=0), plain, rtol=1e-5, atol=1e-6)
        assert sum(counted) == FRAMES
        works.append(model.plan.frame_products)
    assert works[0] == works[1] == 10 * 10 * 27 * 2 + 50 * 4 + 4 * 12


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_rows_of_overlapping_pictures_are_no_frames(dtype: str) -> None:
    strip = np.random.default_rng(0).integers(0, 255, (FRAMES, SIZE, 3)).astype(dtype)
    pictures = kinema.video.convert_frames_to_sequence(strip, LENGTH)
    model = kinema.Sequential(
        [layers.Input((LENGTH, SIZE, 3)), layers.Rescaling(1 / 255), layers.Conv2D(4, 3, padding="same")]
    )
    plain = _plainly(lambda: model.predict(pictures, verbose=0))
    np.testing.assert_array_equal(model.predict(pictures, verbose=0), plain)


class DoubledLine(kinema.Sequential):
    """A line with a step of its own on the way out."""

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        return super().call(inputs, training, mask) * 2.0


class DoubledGraph(kinema.models.Functional):
    """A graph with a step of its own on the way out."""

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        return super().call(inputs, training, mask) * 2.0


def test_a_call_of_the_users_own_is_not_passed_by(windows: np.ndarray) -> None:
    graph = _branches()
    line = [layers.Input((LENGTH, SIZE, SIZE, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.LSTM(3)]
    for model in (DoubledGraph(graph.inputs, graph.outputs), DoubledLine(line)):
        plain = _plainly(lambda model=model: model.predict(windows, verbose=0))
        np.testing.assert_array_equal(model.predict(windows, verbose=0), plain)
