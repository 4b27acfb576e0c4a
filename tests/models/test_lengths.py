"""Clips of different lengths through whole models: padding and its mask change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, losses
from kinema.errors import DataError, ShapeError
from kinema.models.data import to_batch
from kinema.models.lengths import joined
from kinema.video import pad_clips

LENGTHS = (6, 2, 4, 3)
CLASSES = 3


def _clips() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (length, 12, 12, 3), dtype=np.uint8) for length in LENGTHS]


def _frame_wise() -> list[layers.Layer]:
    return [
        layers.Input((None, 12, 12, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.Flatten(),
    ]


HEADS: dict[str, list[Any]] = {
    "last": [lambda: layers.LSTM(5), lambda: layers.Dense(CLASSES, activation="softmax")],
    "both": [lambda: layers.Bidirectional(layers.GRU(4)), lambda: layers.Dense(CLASSES, activation="softmax")],
    "backwards-twice": [
        lambda: layers.LSTM(4, return_sequences=True, go_backwards=True),
        lambda: layers.SimpleRNN(4),
        lambda: layers.Dense(CLASSES, activation="softmax"),
    ],
    "mean": [
        lambda: layers.Dense(6, activation="relu"),
        lambda: layers.GlobalAveragePooling1D(),
        lambda: layers.Dense(CLASSES, activation="softmax"),
    ],
    "largest": [lambda: layers.GlobalMaxPooling1D(), lambda: layers.Dense(CLASSES, activation="softmax")],
    "every-frame": [
        lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        lambda: layers.Dense(CLASSES, activation="softmax"),
    ],
}


def _model(head: str) -> kinema.Sequential:
    kinema.utils.set_random_seed(3)
    model = kinema.Sequential([*_frame_wise(), *(make() for make in HEADS[head])])
    model.compile(
        optimizer="sgd",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy", "sparse_categorical_crossentropy"],
    )
    return model


def _targets(head: str, length: int, seed: int) -> np.ndarray:
    shape = (1, length) if head == "every-frame" else (1,)
    return np.random.default_rng(seed).integers(0, CLASSES, shape)


@pytest.mark.parametrize("head", HEADS)
def test_predictions_are_those_of_each_clip_alone(head: str) -> None:
    model, clips = _model(head), _clips()
    together = model.predict(pad_clips(clips), batch_size=3, verbose=0)
    for clip, output in zip(clips, together, strict=True):
        alone = model.predict(clip[None], verbose=0)[0]
        np.testing.assert_allclose(output[: len(alone)] if head == "every-frame" else output, alone, atol=1e-6)


@pytest.mark.parametrize("head", HEADS)
def test_a_step_of_training_and_its_metrics_are_those_of_the_clip_alone(head: str) -> None:
    clip = _clips()[1]
    y = _targets(head, len(clip), seed=5)
    padded_y = np.pad(y, [(0, 0), (0, 4)], constant_values=-1) if y.ndim == 2 else y
    alone, padded = _model(head), _model(head)
    expected = alone.train_on_batch(clip[None], y, return_dict=True)
    found = padded.train_on_batch(pad_clips([clip], length=len(clip) + 4), padded_y, return_dict=True)
    assert found == pytest.approx(expected, abs=1e-6)
    for one, other in zip(alone.weights, padded.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-6)


def test_a_frame_wise_loss_is_the_mean_over_the_frames_that_count() -> None:
    model, clips = _model("every-frame"), _clips()
    targets = [_targets("every-frame", len(clip), seed)[0] for seed, clip in enumerate(clips)]
    y = np.zeros((len(clips), max(LENGTHS)), np.int64)
    for row, target in zip(y, targets, strict=True):
        row[: len(target)] = target
    found = model.evaluate(pad_clips(clips), y, verbose=0, return_dict=True)
    each = [
        model.evaluate(clip[None], target[None], verbose=0, return_dict=True)
        for clip, target in zip(clips, targets, strict=True)
    ]
    for name, value in found.items():
        assert value == pytest.approx(np.average([one[name] for one in each], weights=LENGTHS), abs=1e-6)


@pytest.mark.parametrize(
    "metric", ["accuracy", "mse", "mae", "RootMeanSquaredError", "Precision", "Recall", "TruePositives"]
)
def test_metrics_see_the_steps_that_count_and_no_others(metric: str) -> None:
    x = np.random.default_rng(2).uniform(0.1, 1, (1, 4, 3)).astype(np.float32)
    y = np.float32([[[0], [1], [1], [0]]])
    results = []
    for steps, weights in ((4, None), (7, None), (7, np.ones((1,), np.float32))):
        model = kinema.Sequential([layers.Input((None, 3)), layers.Dense(1, "sigmoid", kernel_initializer="ones")])
        model.compile(loss="mse", metrics=[metric], weighted_metrics=[metric])
        wide = np.pad(y, [(0, 0), (0, steps - 4), (0, 0)], constant_values=1)
        results.append(model.test_on_batch(pad_clips(list(x), length=steps), wide, sample_weight=weights))
    np.testing.assert_allclose(results[1:], [results[0]] * 2, atol=1e-6)


def test_a_loss_of_ones_own_sees_the_targets_of_all_steps_as_they_are() -> None:
    seen = []

    def sum_of_targets(y_true: Any, y_pred: Any) -> Any:
        seen.append(np.asarray(y_true))
        return kinema.ops.mean(y_pred) * 0.0 + kinema.ops.sum(y_true)

    model = kinema.Sequential([layers.Input((None, 3)), layers.LSTM(2, return_sequences=True), layers.Dense(1)])
    model.compile("sgd", sum_of_targets)
    y = np.float32([[[5], [6], [-1], [-1]]])
    x = pad_clips([np.ones((2, 3), np.float32)], length=4)
    assert model.test_on_batch(x, y) == pytest.approx(9.0)
    np.testing.assert_array_equal(seen[-1], y)


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", losses.Dice()])
def test_targets_of_masked_steps_may_be_no_numbers(loss: Any) -> None:
    model = kinema.Sequential([layers.Input((None, 3)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", loss)
    x = pad_clips([np.ones((2, 3), np.float32)], length=4)
    expected = model.test_on_batch(x, np.float32([[[1], [0], [0], [0]]]))
    assert model.test_on_batch(x, np.float32([[[1], [0], [np.nan], [np.inf]]])) == pytest.approx(expected)
    with pytest.raises(DataError, match="y contains NaN"):
        model.test_on_batch(x, np.float32([[[1], [np.nan], [0], [0]]]))


def test_metrics_and_losses_called_by_hand_respect_the_mask_of_the_predictions() -> None:
    prediction = kinema.Tensor(np.float32([[0.2, 0.9, 5.0]]))
    prediction.mask = np.array([[True, True, False]])
    for cls in (kinema.metrics.RootMeanSquaredError, kinema.metrics.MeanSquaredError, kinema.losses.MeanSquaredError):
        masked = float(cls()(np.float32([[0, 1, 0]])[..., None], _column(prediction)))
        alone = float(cls()(np.float32([[0, 1]])[..., None], np.float32([[0.2, 0.9]])[..., None]))
        assert masked == pytest.approx(alone, abs=1e-6)


def _column(tensor: kinema.Tensor) -> kinema.Tensor:
    column = kinema.Tensor(tensor.numpy()[..., None])
    column.mask = tensor.mask
    return column


def test_fit_shuffles_clips_with_their_masks_and_keeps_some_for_validation() -> None:
    model = _model("last")
    x = pad_clips([*_clips(), *_clips()])
    history = model.fit(x, np.zeros(8, np.int64), batch_size=3, epochs=2, validation_split=0.25, verbose=0)
    assert np.isfinite(history.history["val_loss"]).all()


def test_models_of_ones_own_and_nested_ones_hand_the_mask_on() -> None:
    class Own(kinema.Model):
        def __init__(self) -> None:
            super().__init__()
            self.walk = kinema.Sequential(
                [layers.Input((None, 2)), layers.LSTM(4, return_sequences=True), layers.SimpleRNN(3)]
            )

        def call(self, inputs: Any) -> Any:
            return self.walk(inputs)

    model = Own()
    clips = [np.random.default_rng(0).normal(size=(length, 2)).astype(np.float32) for length in (5, 3)]
    outputs = model.predict(pad_clips(clips), verbose=0)
    np.testing.assert_allclose(outputs[1], model.predict(clips[1][None], verbose=0)[0], atol=1e-6)


def test_outputs_of_batches_with_different_times_are_filled_up() -> None:
    outputs = joined([np.ones((2, 3, 4)), np.ones((1, 5, 4))])
    assert outputs.shape == (3, 5, 4)
    np.testing.assert_array_equal(outputs[:2, 3:], 0)
    assert joined([np.ones((2, 4)), np.ones((1, 4))]).shape == (3, 4)


def test_a_mask_that_is_not_samples_by_time() -> None:
    x = kinema.Tensor(np.ones((2, 3, 4), np.float32))
    x.mask = np.ones((2, 4), bool)
    with pytest.raises(ShapeError, match=r"x has shape \(2, 3, 4\) and its mask \(2, 4\)"):
        to_batch((x, None))
