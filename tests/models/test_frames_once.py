"""Frames that windows share are computed once, with the same results."""

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.models.copies import PATIENCE, CopiedFrames, CopySearch, copied_frames, is_worth_comparing
from kinema.models.frame_memory import FrameMemory
from kinema.models.frames import Rows, shared_frames


def _windows(frames: np.ndarray, length: int) -> np.ndarray:
    return kinema.video.convert_frames_to_sequence(frames, length)


def _model(recurrent: layers.Layer, *behind_pooling: layers.Layer) -> kinema.Sequential:
    line = [
        layers.Input((6, 12, 12, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(2),
        *behind_pooling,
        layers.Flatten(),
        recurrent,
        layers.Dense(3, activation="softmax"),
    ]
    return kinema.Sequential(line)


@pytest.fixture
def windows() -> np.ndarray:
    frames = np.random.default_rng(1).integers(0, 255, (14, 12, 12, 3), dtype=np.uint8)
    return _windows(frames, 6)


@pytest.mark.parametrize("recurrent", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_predictions_are_the_same_bits(windows: np.ndarray, recurrent: type) -> None:
    model = _model(recurrent(5))
    np.testing.assert_array_equal(model.predict(windows, verbose=0), model.predict(np.array(windows), verbose=0))


def test_each_distinct_frame_is_convolved_once(windows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model(layers.LSTM(5))
    seen: list[int] = []
    original = kinema.ops.conv2d_chain
    monkeypatch.setattr(kinema.ops, "conv2d_chain", lambda x, *a, **k: seen.append(x.shape[0]) or original(x, *a, **k))
    model.predict_on_batch(windows)
    assert seen == [14]


def test_training_agrees_with_the_plain_path(windows: np.ndarray) -> None:
    y = np.eye(3)[np.arange(len(windows)) % 3]
    results = []
    for x in (windows, np.array(windows)):
        kinema.utils.set_random_seed(3)
        model = _model(layers.LSTM(5))
        model.compile(kinema.optimizers.SGD(0.1), "categorical_crossentropy")
        model.fit(x, y, epochs=2, batch_size=4, verbose=0)
        results.append(model.get_weights())
    for shared, plain in zip(*results, strict=True):
        np.testing.assert_allclose(shared, plain, rtol=2e-4, atol=2e-6)


def test_fit_touches_no_more_than_a_batch_of_a_huge_view() -> None:
    """A view of 4 million windows over a few frames: gathering or casting it whole would need terabytes."""
    frame = np.random.default_rng(0).integers(0, 255, (8, 12, 12, 3), dtype=np.uint8)
    strides = (0, *frame[:6].strides)
    huge = np.lib.stride_tricks.as_strided(frame, (4_000_000, 6, 12, 12, 3), strides, writeable=False)
    labels = np.broadcast_to(np.int64(1), (4_000_000,))
    model = _model(layers.LSTM(4))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(huge, labels, batch_size=4, steps_per_epoch=2, verbose=0, shuffle=False)
    assert model._training_run.steps == 2


def _step_gradients(model: kinema.Sequential, x: object, y: np.ndarray, sharing: bool) -> list[np.ndarray]:
    """The gradients of one training step, as an optimizer without momentum shows them."""
    model.compile(kinema.optimizers.SGD(1.0), "categorical_crossentropy")
    before = model.get_weights()
    kinema.config.set_frame_sharing(sharing)
    try:
        model.train_on_batch(x, y)
    finally:
        kinema.config.set_frame_sharing(True)
    gradients = [old - new for old, new in zip(before, model.get_weights(), strict=True)]
    model.set_weights(before)
    return gradients


def _distance(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    flat, wanted = (np.concatenate([array.ravel() for array in arrays]).astype(float) for arrays in (one, other))
    return float(np.linalg.norm(flat - wanted) / np.linalg.norm(wanted))


@pytest.mark.parametrize("normalised", [False, True], ids=["plain", "batch normalisation"])
def test_gradients_and_statistics_of_a_step_agree_with_the_plain_path(windows: np.ndarray, normalised: bool) -> None:
    kinema.utils.set_random_seed(5)
    line = [layers.BatchNormalization(), layers.Activation("relu")] if normalised else []
    model = _model(layers.LSTM(5), *line)
    y = np.eye(3)[np.arange(len(windows)) % 3]
    shared = _step_gradients(model, windows, y, sharing=True)
    plain = _step_gradients(model, windows, y, sharing=False)
    assert _distance(shared, plain) < 1e-5
    for one, other in zip(shared, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


def test_counted_statistics_have_the_right_gradient() -> None:
    """In double precision a frame counted three times gives what three copies of it give."""
    x = np.random.default_rng(0).normal(size=(4, 1, 3, 2, 5))
    counts = np.array([1, 3, 2, 1])
    repeated = np.repeat(np.arange(4), counts)
    weights = np.random.default_rng(1).normal(size=x.shape)
    results = []
    for by_counts in (True, False):
        layer = kinema.layers.BatchNormalization(dtype="float64")
        layer.build((None, 1, 3, 2, 5))
        inputs = kinema.Variable(x)
        with kinema.GradientTape() as tape:
            if by_counts:
                y = layer(inputs, training=True, frame_counts=counts) * counts[:, None, None, None, None]
                loss = kinema.ops.sum(y * y * weights)
            else:
                y = layer(kinema.ops.take_rows(inputs, repeated), training=True)
                loss = kinema.ops.sum(y * y * weights[repeated] * counts[repeated][:, None, None, None, None])
        results.append([tape.gradient(loss, inputs), *layer.get_weights()])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-9, atol=1e-12)


def _shapes_convolved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    original = kinema.ops.conv2d_chain
    monkeypatch.setattr(kinema.ops, "conv2d_chain", lambda x, *a, **k: seen.append(x.shape[0]) or original(x, *a, **k))
    return seen


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_predict_and_evaluate_compute_a_frame_once_across_batches(
    windows: np.ndarray, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _model(layers.LSTM(5))
    plain = model.predict(np.array(windows), verbose=0)
    model.compile("sgd", "categorical_crossentropy")
    loss = model.evaluate(np.array(windows), np.eye(3)[np.zeros(9, int)], verbose=0, batch_size=batch_size)
    seen = _shapes_convolved(monkeypatch)
    np.testing.assert_array_equal(model.predict(windows, batch_size=batch_size, verbose=0), plain)
    assert sum(seen) == 14
    seen.clear()
    assert model.evaluate(windows, np.eye(3)[np.zeros(9, int)], verbose=0, batch_size=batch_size) == loss
    assert sum(seen) == 14


def test_a_memory_that_is_full_still_keeps_what_the_next_batch_needs() -> None:
    memory = FrameMemory(limit=1)
    frames = np.arange(60, dtype=np.float32)[:, None, None] + np.zeros((1, 1, 3), np.float32)
    windows = kinema.video.convert_frames_to_sequence(frames[:, 0], 5)
    computed: list[float] = []

    def compute(new: np.ndarray) -> list[np.ndarray]:
        computed.extend(new[:, 0, 0].tolist())
        return [new * 2, new[:, :, 0] > 30]

    for start in range(0, len(windows), 3):
        index = np.arange(start, min(start + 3, len(windows)))
        shared = shared_frames(Rows(windows, index, memory=memory))
        assert shared is not None
        (features, late), rows = memory.columns(shared.keys, lambda new, shared=shared: compute(shared.frames[new]))
        np.testing.assert_array_equal(features[rows[shared.index]][:, :, 0], windows[index] * 2)
        np.testing.assert_array_equal(late[rows[shared.index]][:, :, 0], windows[index][:, :, 0] > 30)
        assert len(features) < 30
    assert computed == list(range(60))


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 3), (3, 2)])
def test_windows_in_a_users_own_order_share_their_frames(
    stride: int, dilation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = np.random.default_rng(1).integers(0, 255, (24, 12, 12, 3), dtype=np.uint8)
    windows = kinema.video.windows(frames, 6, stride, dilation)
    order = np.random.default_rng(2).permutation(len(windows))
    model = _model(layers.LSTM(5))
    plain = model.predict(np.array(windows), verbose=0)[order]
    seen = _shapes_convolved(monkeypatch)
    np.testing.assert_array_equal(model.predict(windows.take(order), batch_size=2, verbose=0), plain)
    shown = {start + dilation * moment for start in windows.starts for moment in range(6)}
    assert sum(seen) == len(shown)


def test_windows_that_a_program_copied_are_recognised_by_their_bytes(
    windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CopySearch, "goes_on", lambda *_: True)
    copied = np.array(windows)[np.random.default_rng(0).permutation(len(windows))]
    model = _model(layers.LSTM(5))
    kinema.config.set_frame_sharing(False)
    plain = model.predict(copied, verbose=0)
    y = np.eye(3)[np.arange(len(windows)) % 3]
    kinema.config.set_frame_sharing(True)
    assert _distance(_step_gradients(model, copied, y, True), _step_gradients(model, copied, y, False)) < 1e-5
    seen = _shapes_convolved(monkeypatch)
    np.testing.assert_array_equal(model.predict(copied, batch_size=2, verbose=0), plain)
    assert sum(seen) == 14


def test_frames_that_hardly_differ_are_told_apart_and_found_again() -> None:
    frames = np.zeros((40, 32 * 32 * 3), np.uint8)
    frames[np.arange(40), 7 * np.arange(40)] = 1
    chosen = np.random.default_rng(0).integers(40, size=(8, 10))
    shared = copied_frames(Rows(frames.reshape(40, 32, 32, 3)[chosen], np.arange(8)))
    assert shared is not None
    same = shared.index.reshape(-1, 1) == shared.index.reshape(1, -1)
    np.testing.assert_array_equal(same, chosen.reshape(-1, 1) == chosen.reshape(1, -1))


def test_frames_that_differ_in_one_bit_are_two() -> None:
    clips = np.zeros((2, 3, 4, 4, 3), np.uint8)
    clips[1, 2, 3, 3, 2] = 1
    shared = copied_frames(Rows(clips, np.arange(2)))
    assert shared is not None
    assert shared.index.tolist() == [[0, 0, 0], [0, 0, 1]]


def test_frames_with_equal_checksums_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = np.arange(2 * 3 * 4 * 4, dtype=np.float32).reshape(2, 3, 4, 4)
    finder = CopiedFrames(clips)
    finder._factors[:] = 0
    assert finder.keys(np.arange(2)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_comparing_is_left_where_it_would_cost_more_than_a_fiftieth() -> None:
    assert is_worth_comparing(128 * 128 * 3, 150e6)
    assert not is_worth_comparing(128 * 128 * 3, 10e6)
    assert not is_worth_comparing(1 << 20, 150e6)


def test_dropout_draws_once_for_each_frame() -> None:
    frames = np.ones((6, 4, 4, 1), np.float32)
    model = kinema.Sequential(
        [layers.Input((3, 4, 4, 1)), layers.Dropout(0.5), layers.Flatten(), layers.Reshape((3, 16))]
    )
    outputs = model._outputs_for(
        Rows(kinema.video.convert_frames_to_sequence(frames, 3), np.arange(4)), training=True
    ).numpy()
    for clip in range(3):
        np.testing.assert_array_equal(outputs[clip, 1:], outputs[clip + 1, :-1])
    assert (outputs[0, 0] != outputs[0, 1]).any()


def test_dropout_that_a_clip_draws_once_is_not_shared() -> None:
    whole = layers.Dropout(0.5, noise_shape=(None, 1, None, None, None))
    model = kinema.Sequential(
        [layers.Input((3, 4, 4, 1)), whole, layers.Conv2D(2, 3), layers.Flatten(), layers.LSTM(2)]
    )
    assert not model.plan.shares_frames(training=True)
    assert model.plan.shares_frames(training=False)


def test_layers_that_number_the_frames_of_a_clip_are_not_shared() -> None:
    by_time = layers.Normalization(axis=1, mean=np.arange(3.0), variance=np.ones(3))
    frames = np.random.default_rng(0).normal(size=(7, 4, 4, 1)).astype("float32")
    model = kinema.Sequential(
        [layers.Input((3, 4, 4, 1)), by_time, layers.Conv2D(2, 3), layers.Flatten(), layers.LSTM(2)]
    )
    windows = kinema.video.convert_frames_to_sequence(frames, 3)
    np.testing.assert_array_equal(model.predict(windows, verbose=0), model.predict(np.array(windows), verbose=0))


@pytest.mark.parametrize("remembers", [False, True])
def test_looking_for_copies_ends_where_none_are_found(remembers: bool) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (60, 4, 4, 3), dtype=np.uint8)
    overlapping = np.array(kinema.video.windows(frames, 6))
    apart = np.array(kinema.video.windows(frames, 6, stride=6))
    for clips, pays in ((overlapping, True), (apart, False)):
        search, memory = CopySearch(), FrameMemory() if remembers else None
        for batch in range(PATIENCE):
            assert search.goes_on(48, 3e5)
            search.find(Rows(clips, np.arange(2 * batch, 2 * batch + 2), memory=memory))
        assert search.goes_on(48, 3e5) is pays
