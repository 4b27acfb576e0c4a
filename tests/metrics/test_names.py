"""Metrics by name, by shape and from files."""

import numpy as np
import pytest

import kinema
from kinema import metrics
from kinema.errors import ArgumentError


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("true", "predicted", "cls"),
    [
        ((8,), (8, 1), metrics.BinaryAccuracy),
        ((8, 1), (8, 1), metrics.BinaryAccuracy),
        ((8, 5), (8, 5), metrics.CategoricalAccuracy),
        ((8,), (8, 5), metrics.SparseCategoricalAccuracy),
        ((8, 1), (8, 5), metrics.SparseCategoricalAccuracy),
        ((8, 3), (8, 3, 5), metrics.SparseCategoricalAccuracy),
    ],
)
def test_accuracy_is_chosen_by_shapes(name, true, predicted, cls):
    metric = metrics.metric_for(name, np.zeros(true), np.zeros(predicted))
    assert type(metric) is cls
    assert metric.name == name


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("mse", "mse"),
        ("categorical_accuracy", "categorical_accuracy"),
        (metrics.categorical_accuracy, "categorical_accuracy"),
        ("Precision", "Precision"),
        (metrics.Recall(name="found"), "found"),
        (metrics.TruePositives, "true_positives"),
        ("crossentropy", "crossentropy"),
        ("AUC", "AUC"),
        ("f1_score", "f1_score"),
        ("mape", "mape"),
        ("KLD", "KLD"),
        ("cosine_similarity", "cosine_similarity"),
        (metrics.F1Score, "f1_score"),
        (metrics.MeanIoU(2), "mean_io_u"),
        (metrics.PrecisionAtRecall(0.5), "precision_at_recall"),
        (metrics.poisson, "poisson"),
        (kinema.losses.LogCosh().fn, "log_cosh"),
    ],
)
def test_names_in_logs(identifier, name):
    metric = metrics.metric_for(identifier, np.zeros((2, 3)), np.zeros((2, 3)))
    assert isinstance(metric, metrics.Metric)
    assert metric.name == name


def test_functions_of_the_user():
    def worst(y_true, y_pred):
        return kinema.ops.max(kinema.ops.abs(y_pred - y_true), axis=-1)

    metric = metrics.metric_for(worst, np.zeros((1, 2)), np.zeros((1, 2)))
    assert metric.name == "worst"
    assert float(metric([[0.0, 0.0]], kinema.ops.convert_to_tensor([[1.0, -4.0]]))) == 4.0


def test_unknown_names():
    with pytest.raises(ArgumentError, match=r"unknown metric 'acuracy': did you mean 'accuracy'"):
        metrics.metric_for("acuracy", np.zeros((1, 1)), np.zeros((1, 1)))
    with pytest.raises(ArgumentError, match=r"a metric in compile.* is None"):
        metrics.metric_for(None, np.zeros((1, 1)), np.zeros((1, 1)))


@pytest.mark.parametrize(
    "metric",
    [
        metrics.Mean(name="m"),
        metrics.CategoricalAccuracy(),
        metrics.BinaryAccuracy(threshold=0.3),
        metrics.TopKCategoricalAccuracy(k=3),
        metrics.Precision(thresholds=[0.1, 0.2], class_id=1),
        metrics.FalsePositives(thresholds=0.3),
        metrics.SparseCategoricalCrossentropy(from_logits=True),
        metrics.MeanSquaredError(),
        metrics.AUC(thresholds=[0.2, 0.6], curve="PR", multi_label=True, label_weights=[0.5, 2.0]),
        metrics.AUC(num_thresholds=11, summation_method="minoring", from_logits=True),
        metrics.F1Score("macro", 0.3),
        metrics.FBetaScore(beta=0.5),
        metrics.RecallAtPrecision(0.7, 50, class_id=1),
        metrics.SpecificityAtSensitivity(0.7),
        metrics.R2Score(None, num_regressors=2),
        metrics.PearsonCorrelation(axis=0),
        metrics.IoU(3, [0, 1], ignore_class=2),
        metrics.BinaryIoU([1], 0.3),
        metrics.MeanIoU(3, sparse_y_pred=False),
        metrics.OneHotIoU(3, (0,), sparse_y_pred=True),
        metrics.OneHotMeanIoU(3, axis=1),
    ],
)
def test_files_give_the_same_metric(metric):
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


@pytest.mark.parametrize(
    ("identifier", "direction"),
    [
        *((name, "up") for name in ("AUC", "f1_score", "cosine_similarity", "pearson_correlation", "r2_score")),
        *((name, "down") for name in ("mape", "hinge", "kl_divergence", "huber", "binary_focal_crossentropy")),
        (kinema.losses.cosine_similarity, "down"),
    ],
)
def test_directions_of_names(identifier, direction):
    assert metrics.metric_for(identifier, np.zeros((1, 2)), np.zeros((1, 2))).direction == direction


def test_directions():
    assert metrics.metric_for("mse", np.zeros((1, 2)), np.zeros((1, 2))).direction == "down"
    assert metrics.metric_for("acc", np.zeros((1, 2)), np.zeros((1, 2))).direction == "up"
    assert metrics.metric_for("top_k_categorical_accuracy", np.zeros((1, 2)), np.zeros((1, 2))).direction == "up"


@pytest.mark.parametrize(
    ("compiled", "names"),
    [
        ({"metrics": ["mae"], "weighted_metrics": ["mae"]}, ["mae", "weighted_mae"]),
        ({"metrics": ["mae", "mae"], "weighted_metrics": ["mae", "mae"]},
         ["mae", "mae_1", "weighted_mae", "weighted_mae_1"]),
        ({"metrics": [metrics.Precision(thresholds=0.1), metrics.Precision(thresholds=0.9)]},
         ["precision", "precision_1"]),
        ({"metrics": ["categorical_crossentropy", metrics.CategoricalCrossentropy(label_smoothing=0.5)]},
         ["categorical_crossentropy", "categorical_crossentropy_1"]),
        ({"metrics": [metrics.MeanAbsoluteError(name=name) for name in ("q", "q_1", "q")]}, ["q", "q_1", "q_2"]),
    ],
)  # fmt: skip
def test_equal_names_become_different(compiled, names, tmp_path):
    """Each figure has its own name in logs, before and after a file, and its own value."""
    model = kinema.Sequential([kinema.layers.Input((4,)), kinema.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "mse", **compiled)
    x, y = np.random.default_rng(0).normal(size=(6, 4)), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    history = model.fit(x, y, verbose=0).history
    assert list(history) == ["loss", *names]
    logs = model.evaluate(x, y, sample_weight=np.arange(6) == 0, verbose=0, return_dict=True)
    assert list(logs) == model.metrics_names == ["loss", *names]
    if "weighted_mae" in names:
        assert logs["weighted_mae"] != logs["mae"]
    model.save(tmp_path / "m.keras")
    loaded = kinema.models.load_model(tmp_path / "m.keras")
    assert loaded.evaluate(x, y, sample_weight=np.arange(6) == 0, verbose=0, return_dict=True) == pytest.approx(logs)
