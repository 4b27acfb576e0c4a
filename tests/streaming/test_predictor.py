"""A stream answers what `predict` answers for the same windows."""

from pathlib import Path

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, ShapeError
from kinema.video import write_video

SHAPE = (12, 16, 3)


def _model(*clip_layers: layers.Layer) -> kinema.Sequential:
    kinema.utils.set_random_seed(1)
    return kinema.Sequential(
        [
            layers.Input((5, *SHAPE)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *(clip_layers or (layers.LSTM(6, return_sequences=True), layers.Dropout(0.5), layers.LSTM(6))),
            layers.Dense(3, activation="softmax"),
        ]
    )


def _graph() -> kinema.Model:
    """A residual CNN whose features two recurrent layers read, and one layer that reads the frames as they come."""
    kinema.utils.set_random_seed(1)
    entry = kinema.Input((5, *SHAPE))
    first = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(entry))
    joined = layers.Add()([first, layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(first))])
    flat = layers.Flatten()(layers.MaxPooling2D(2)(joined))
    both = layers.Concatenate()([layers.LSTM(6)(flat), layers.Bidirectional(layers.GRU(3))(flat)])
    plain = layers.Dense(4)(layers.Rescaling(1e-3)(layers.Reshape((-1,))(entry)))
    return kinema.Model(entry, layers.Dense(3, activation="softmax")(layers.Concatenate()([both, plain])))


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (14, *SHAPE), dtype=np.uint8)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize(
    "clip_layers",
    [
        (),
        (layers.Bidirectional(layers.GRU(4)),),
        (layers.LSTM(4, go_backwards=True),),
        (layers.Reshape((-1,)),),
        (layers.SimpleRNN(4, activity_regularizer="l2"),),
    ],
    ids=["lstm", "bidirectional", "backwards", "whole clip", "unprojected"],
)
def test_answers_equal_predict_on_the_same_windows(frames: np.ndarray, stride: int, clip_layers: tuple) -> None:
    model = _model(*clip_layers)
    stream = kinema.StreamPredictor(model, stride)
    answers = [stream.push(frame) for frame in frames]
    given = [index for index, answer in enumerate(answers) if answer is not None]
    assert given == list(range(4, 14, stride))
    expected = model.predict(np.array(kinema.video.windows(frames, 5, stride)), verbose=0)
    np.testing.assert_allclose([answers[index] for index in given], expected, atol=1e-5, rtol=0)
    stream.reset()
    assert stream.push(frames[0]) is None


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_graph_answers_what_it_predicts(frames: np.ndarray, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, frames = _graph(), frames.astype(dtype)
    expected = model.predict(np.array(kinema.video.windows(frames, 5)), verbose=0)
    seen: list[int] = []
    original = kinema.ops.conv2d_chain
    monkeypatch.setattr(kinema.ops, "conv2d_chain", lambda x, *a, **k: seen.append(x.shape[0]) or original(x, *a, **k))
    stream = kinema.StreamPredictor(model)
    answers = [stream.push(frame) for frame in frames]
    np.testing.assert_allclose(answers[4:], expected, atol=1e-5, rtol=0)
    assert set(seen) == {1}
    assert len(seen) <= 2 * len(frames)


def test_a_graph_that_is_a_line_has_a_state(frames: np.ndarray) -> None:
    line = _model()
    graph = kinema.Model(line.input, line.output)
    streams = [kinema.StreamPredictor(model, stateful=True) for model in (line, graph)]
    for frame in frames:
        one, other = (stream.push(frame) for stream in streams)
        np.testing.assert_allclose(one, other, atol=1e-6, rtol=0)


def test_a_new_frame_alone_is_convolved(frames: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = kinema.StreamPredictor(_model())
    seen: list[int] = []
    original = kinema.ops.conv2d_chain
    monkeypatch.setattr(kinema.ops, "conv2d_chain", lambda x, *a, **k: seen.append(x.shape[0]) or original(x, *a, **k))
    for frame in frames:
        stream.push(frame)
    assert seen == [1] * len(frames)


def test_a_stateful_stream_is_one_long_clip(frames: np.ndarray) -> None:
    model = _model()
    stream = kinema.StreamPredictor(model, stateful=True)
    answers = [stream.push(frame) for frame in frames]
    endless = kinema.Sequential([layers.Input((14, *SHAPE)), *_model().layers])
    endless.set_weights(model.get_weights())
    np.testing.assert_allclose(answers[-1], endless.predict(frames[None], verbose=0)[0], atol=1e-5, rtol=0)
    assert all(answer is not None for answer in answers)
    stream.reset()
    np.testing.assert_array_equal(stream.push(frames[0]), answers[0])


def test_an_open_time_axis_needs_a_length() -> None:
    line = [layers.Input((None, 6)), layers.LSTM(3)]
    with pytest.raises(ArgumentError, match="leaves the length of a clip open: give length="):
        kinema.StreamPredictor(kinema.Sequential(line))
    model = kinema.Sequential(line)
    rows = np.random.default_rng(0).normal(size=(6, 6)).astype("float32")
    stream = kinema.StreamPredictor(model, length=4)
    answers = [stream.push(row) for row in rows]
    expected = model.predict(np.array(kinema.video.windows(rows, 4)), verbose=0)
    np.testing.assert_allclose(answers[3:], expected, atol=1e-5, rtol=0)


def test_what_does_not_fit_is_said() -> None:
    stream = kinema.StreamPredictor(_model())
    with pytest.raises(ShapeError, match=r"frames of shape \(12, 16, 3\), this one is \(24, 32, 3\).*prepare"):
        stream.push(np.zeros((24, 32, 3), np.uint8))
    with pytest.raises(ShapeError, match=r"a picture is uint8 .*this one is float32"):
        stream.prepare(np.zeros((24, 32, 3), np.float32))
    with pytest.raises(ArgumentError, match="takes clips of 5 frames: leave length= out, it is 6"):
        kinema.StreamPredictor(_model(), length=6)
    with pytest.raises(ArgumentError, match="Bidirectional.*needs all frames of a clip at once"):
        kinema.StreamPredictor(_model(layers.Bidirectional(layers.LSTM(3))), stateful=True)
    with pytest.raises(ArgumentError, match=r"takes a Sequential or a Model\(inputs, outputs\) on clips, not Layer"):
        kinema.StreamPredictor(layers.Layer())
    graph = _graph()
    with pytest.raises(ArgumentError, match="one input and one output, this one has 1 and 2"):
        kinema.StreamPredictor(kinema.Model(graph.input, [graph.output, graph.output]))
    with pytest.raises(ArgumentError, match="the model is a graph that forks: use windows"):
        kinema.StreamPredictor(graph, stateful=True)
    with pytest.raises(ArgumentError, match="needs a model on clips"):
        kinema.StreamPredictor(kinema.Sequential([layers.Input((3,)), layers.Dense(2)]))
    rows = kinema.StreamPredictor(kinema.Sequential([layers.Input((4, 6)), layers.LSTM(3)]))
    with pytest.raises(ShapeError, match="pictures fit a model whose frames are"):
        rows.prepare(np.zeros((24, 32, 3), np.uint8))


def test_a_file_is_answered_as_if_it_was_read_at_the_models_size(tmp_path: Path) -> None:
    ramp = np.linspace(0, 200, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)
    path = write_video(tmp_path / "film.avi", [ramp + 2 * index for index in range(9)], fps=10)
    model = _model()
    answers = list(kinema.StreamPredictor(model).run(path))
    assert [answer.index for answer in answers] == list(range(9))
    assert [round(answer.seconds, 3) for answer in answers] == [round(index / 10, 3) for index in range(9)]
    assert answers[0].picture.shape == (48, 64, 3)
    frames = kinema.video.read_video_frames(path, size=(12, 16))
    expected = model.predict(kinema.video.convert_frames_to_sequence(frames, 5), verbose=0)
    np.testing.assert_allclose([answer.probabilities for answer in answers[4:]], expected, atol=1e-5, rtol=0)


def test_grey_models_take_coloured_pictures() -> None:
    model = kinema.Sequential([layers.Input((2, 6, 8, 1)), layers.Conv2D(1, 3), layers.Flatten(), layers.LSTM(2)])
    stream = kinema.StreamPredictor(model)
    white = np.full((12, 16, 3), 255, np.uint8)
    assert stream.prepare(white).shape == (6, 8, 1)
    assert (stream.prepare(white) == 255).all()
    assert stream.prepare(np.zeros((12, 16), np.uint8)).shape == (6, 8, 1)


def test_rates_count_what_run_answered(frames: np.ndarray) -> None:
    stream = kinema.StreamPredictor(_model())
    for _ in stream.run(frames):
        pass
    assert stream.rates.frames == len(frames)
    assert 0 < stream.rates.median <= stream.rates.percentile_99
    assert stream.rates.fps > 0
    assert str(stream.rates).startswith("14 frames, ")
