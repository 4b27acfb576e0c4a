"""Metrics by name, class and function in `compile`, through epochs, weights, masks and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, losses, metrics, ops

RNG = np.random.default_rng(12)
X = RNG.normal(size=(20, 6)).astype("float32")
Y = np.eye(3, dtype="float32")[RNG.integers(0, 3, 20)]
WEIGHTS = RNG.uniform(0.5, 2.0, 20).astype("float32")
EVERY: list[Any] = [
    "AUC",
    "f1_score",
    "kld",
    "cosine_similarity",
    "mape",
    metrics.AUC(curve="PR", multi_label=True, name="areas"),
    metrics.F1Score("macro", name="f1"),
    metrics.PrecisionAtRecall(0.5),
    metrics.OneHotMeanIoU(3),
    metrics.R2Score,
    metrics.poisson,
    metrics.pearson_correlation,
]
NAMES = [
    *("AUC", "f1_score", "kld", "cosine_similarity", "mape", "areas", "f1", "precision_at_recall"),
    *("one_hot_mean_io_u", "r2_score", "poisson", "pearson_correlation"),
]


def _model(loss: Any = "categorical_focal_crossentropy", **asked: Any) -> kinema.Sequential:
    model = kinema.Sequential([layers.Input((6,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", loss, **asked)
    return model


def test_every_epoch_begins_anew_and_figures_are_those_of_all_batches() -> None:
    model = _model(metrics=EVERY)
    history = model.fit(X, Y, epochs=2, batch_size=8, validation_data=(X, Y), verbose=2).history
    assert set(NAMES) <= set(history)
    found = model.evaluate(X, Y, batch_size=7, verbose=0, return_dict=True)
    predicted = model.predict(X, verbose=0)
    for name, identifier in zip(NAMES, EVERY, strict=True):
        if isinstance(identifier, metrics.Metric):
            identifier.reset_state()
        expected = metrics.metric_for(identifier, Y, predicted)(Y, predicted).numpy()
        np.testing.assert_allclose(found[name], expected, rtol=1e-5)
        np.testing.assert_allclose(history[f"val_{name}"][1], expected, rtol=1e-5)
    assert np.shape(found["f1_score"]) == (3,)


def test_weighted_metrics_see_the_weights() -> None:
    model = _model(weighted_metrics=[metrics.AUC(), metrics.MeanIoU(3, sparse_y_true=False, sparse_y_pred=False)])
    found = model.evaluate(X, Y, sample_weight=WEIGHTS, batch_size=7, verbose=0, return_dict=True)
    predicted = model.predict(X, verbose=0)
    assert found["auc"] == pytest.approx(float(metrics.AUC()(Y, predicted, WEIGHTS)), rel=1e-6)
    expected = metrics.MeanIoU(3, sparse_y_true=False, sparse_y_pred=False)(Y, predicted, WEIGHTS)
    assert found["mean_io_u"] == pytest.approx(float(expected), rel=1e-6)


def test_masked_steps_do_not_count() -> None:
    model = kinema.Sequential([layers.Input((5, 2)), layers.Masking(), layers.LSTM(3, return_sequences=True)])
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile("sgd", losses.BinaryFocalCrossentropy(), metrics=["AUC", metrics.F1Score(threshold=0.5)])
    x = RNG.normal(size=(6, 5, 2)).astype("float32")
    y = RNG.integers(0, 2, (6, 5, 1)).astype("float32")
    x[:, 3:] = 0
    found = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    predicted = model.predict(x, verbose=0)[:, :3]
    assert found["loss"] == pytest.approx(float(losses.BinaryFocalCrossentropy()(y[:, :3], predicted)), rel=1e-5)
    assert found["AUC"] == pytest.approx(float(metrics.AUC()(y[:, :3], predicted)), rel=1e-6)
    np.testing.assert_allclose(found["f1_score"], metrics.F1Score(threshold=0.5)(y[:, :3], predicted).numpy()[0])


class _LastStep(metrics.Metric):
    """The error of the last step of the last batch, and what it saw."""

    def __init__(self) -> None:
        super().__init__(name="last_step")
        self.error = self.add_weight(name="error")
        self.seen: Any = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen = (y_true, y_pred, sample_weight)
        self.error.assign(ops.mean(ops.abs(y_true[:, -1] - y_pred[:, -1])))

    def result(self) -> Any:
        return self.error.value


def _error_of_last_step(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.abs(y_true[:, -1] - y_pred[:, -1]), axis=-1)


def _largest_error(y_true: Any, y_pred: Any) -> Any:
    return ops.max(ops.abs(y_true - y_pred))


def test_metrics_of_ones_own_see_all_steps_and_the_mask() -> None:
    model = kinema.Sequential([layers.Input((5, 2)), layers.Masking(), layers.LSTM(3, return_sequences=True)])
    own = _LastStep()
    model.compile("sgd", "mse", metrics=[_error_of_last_step, _largest_error], weighted_metrics=[own])
    x, y = RNG.normal(size=(6, 5, 2)).astype("float32"), RNG.normal(size=(6, 5, 3)).astype("float32")
    x[:4, 3:] = 0
    weights = RNG.uniform(1, 2, (6, 5)).astype("float32")
    found = model.evaluate(x, y, sample_weight=weights, batch_size=6, verbose=0, return_dict=True)
    predicted = model.predict(x, verbose=0)
    expected = np.abs(y[:, -1] - predicted[:, -1]).mean()
    assert found["last_step"] == pytest.approx(expected, rel=1e-6)
    assert found["_error_of_last_step"] == pytest.approx(expected, rel=1e-6)
    assert found["_largest_error"] == pytest.approx(np.abs(y - predicted).max(), rel=1e-6)
    targets, outputs, seen_weights = own.seen
    np.testing.assert_array_equal(targets.numpy(), y)
    np.testing.assert_allclose(outputs.numpy(), predicted, atol=1e-6)
    np.testing.assert_array_equal(outputs.mask, (x != 0).any(axis=-1))
    np.testing.assert_array_equal(seen_weights, weights)


@pytest.mark.parametrize("loss", [losses.Dice(), "kld", losses.CategoricalHinge, losses.Tversky(0.3, 0.7)])
def test_losses_and_weights_and_files(loss: Any, tmp_path: Path) -> None:
    model = _model(
        loss,
        metrics=["AUC", metrics.AUC(thresholds=[0.3, 0.4], name="coarse"), metrics.F1Score("macro"), metrics.R2Score],
    )
    before = model.get_weights()[0].copy()
    model.fit(X, Y, sample_weight=WEIGHTS, batch_size=8, verbose=0)
    assert np.abs(model.get_weights()[0] - before).max() > 0
    expected = model.evaluate(X, Y, verbose=0, return_dict=True)
    model.save(tmp_path / "m.keras")
    again = kinema.models.load_model(tmp_path / "m.keras")
    assert again.evaluate(X, Y, verbose=0, return_dict=True) == pytest.approx(expected)
