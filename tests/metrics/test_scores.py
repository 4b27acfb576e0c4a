"""F scores, coefficients of determination, correlations and intersections over unions against NumPy."""

import numpy as np
import pytest

import kinema
from kinema import metrics
from kinema.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(9)
LABELS = RNG.integers(0, 2, (30, 3)).astype(float)
SCORES = RNG.uniform(size=(30, 3))
WEIGHTS = RNG.integers(1, 4, 30).astype(float)


def f_scores(yes, weights, beta=1.0):
    hits = (weights[:, None] * yes * LABELS).sum(0)
    precision, recall = hits / (weights[:, None] * yes).sum(0), hits / (weights[:, None] * LABELS).sum(0)
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("beta", "threshold"), [(1.0, 0.4), (2.0, None)])
def test_f_scores(beta, threshold, weights):
    metric = metrics.FBetaScore(beta=beta, threshold=threshold)
    for part in (slice(0, 11), slice(11, None)):
        metric.update_state(LABELS[part], SCORES[part], None if weights is None else weights[part])
    yes = threshold < SCORES if threshold else SCORES.max(-1, keepdims=True) == SCORES
    expected = f_scores(yes, np.ones(30) if weights is None else weights, beta)
    np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-6)
    metric.reset_state()
    np.testing.assert_array_equal(metric.result().numpy(), [0, 0, 0])


def test_averages_of_f_scores():
    yes = SCORES > 0.4
    each = f_scores(yes, np.ones(30))
    assert float(metrics.F1Score("macro", 0.4)(LABELS, SCORES)) == pytest.approx(each.mean(), rel=1e-6)
    by_support = np.average(each, weights=LABELS.sum(0))
    assert float(metrics.F1Score("weighted", 0.4)(LABELS, SCORES)) == pytest.approx(by_support, rel=1e-6)
    together = 2 * (yes * LABELS).sum() / (yes.sum() + LABELS.sum())
    assert float(metrics.F1Score("micro", 0.4)(LABELS, SCORES)) == pytest.approx(together, rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"average": "mean"}, r"FBetaScore: average is one of None, 'micro', 'macro', 'weighted', not 'mean'"),
        ({"beta": 0.0}, r"FBetaScore: beta must be above 0, got 0.0"),
        ({"threshold": 1.5}, r"FBetaScore: threshold must be above 0 and at most 1, got 1.5"),
    ],
)
def test_arguments_of_f_scores_are_checked(settings, text):
    with pytest.raises(ArgumentError, match=text):
        metrics.FBetaScore(**settings)
    with pytest.raises(ShapeError, match=r"f1_score: predictions have shape \(2,\), expected \(samples, outputs\)"):
        metrics.F1Score()([0, 1], [0.2, 0.3])


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_determination(weights):
    own = np.ones(30) if weights is None else weights
    mean = np.average(LABELS, axis=0, weights=own)
    residual = np.average(np.square(LABELS - SCORES), axis=0, weights=own)
    variance = np.average(np.square(LABELS - mean), axis=0, weights=own)
    each = 1 - residual / variance
    expected = {
        None: each,
        "uniform_average": each.mean(),
        "variance_weighted_average": np.average(each, weights=variance),
    }
    for aggregation, value in expected.items():
        metric = metrics.R2Score(aggregation)
        metric.update_state(LABELS[:9], SCORES[:9], own[:9])
        metric.update_state(LABELS[9:], SCORES[9:], own[9:])
        np.testing.assert_allclose(metric.result().numpy(), value, rtol=1e-6)


def test_adjusted_determination():
    true, predicted = [[1.0], [4.0], [3.0], [2.0]], [[2.0], [4.0], [4.0], [2.0]]
    plain = float(metrics.R2Score()(true, predicted))
    assert float(metrics.R2Score(num_regressors=1)(true, predicted)) == pytest.approx(1 - (1 - plain) * 3 / 2)
    with pytest.warns(UserWarning, match=r"R2Score: 4 targets are too few to adjust the score to 3 regressors"):
        assert float(metrics.R2Score(num_regressors=3)(true, predicted)) == plain


def test_arguments_of_determination_are_checked():
    with pytest.raises(ArgumentError, match=r"R2Score: class_aggregation is one of None, .*, not 'sum'"):
        metrics.R2Score("sum")
    with pytest.raises(ArgumentError, match=r"R2Score: num_regressors must be at least 0, got -1"):
        metrics.R2Score(num_regressors=-1)


def test_correlations():
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(LABELS[:4] + SCORES[4:8], SCORES[:4], strict=True)]
    got = metrics.pearson_correlation(LABELS[:4] + SCORES[4:8], SCORES[:4])
    np.testing.assert_allclose(got.numpy(), expected)
    assert float(metrics.PearsonCorrelation(axis=0)(SCORES, 3 * SCORES + 1)) == pytest.approx(1)
    assert float(metrics.ConcordanceCorrelation(axis=0)(SCORES, SCORES + 1)) < 0.5
    assert float(metrics.CosineSimilarity()([[1.0, 0.0]], [[2.0, 0.0]])) == pytest.approx(1)


def unions(labels, predicted, classes, weights):
    return [
        (weights * ((labels == c) & (predicted == c))).sum() / (weights * ((labels == c) | (predicted == c))).sum()
        for c in classes
    ]


@pytest.mark.parametrize("weights", [None, RNG.uniform(0.1, 1, 5)])
def test_intersection_over_union(weights):
    labels, predicted = RNG.integers(0, 3, (5, 4, 4)), RNG.integers(0, 3, (5, 4, 4))
    every = np.ones((5, 1, 1)) if weights is None else weights[:, None, None]
    each = unions(labels, predicted, range(3), every)
    hot, scores = np.eye(3)[labels], np.eye(3)[predicted] * 0.4
    for metric, true, given, expected in (
        (metrics.MeanIoU(3), labels, predicted, np.mean(each)),
        (metrics.MeanIoU(3, sparse_y_pred=False), labels[..., None], scores, np.mean(each)),
        (metrics.IoU(3, [2]), labels, predicted[..., None], each[2]),
        (metrics.OneHotIoU(3, [0, 1]), hot, scores, np.mean(each[:2])),
        (metrics.OneHotMeanIoU(3), hot, scores, np.mean(each)),
    ):
        metric.update_state(true[:2], given[:2], None if weights is None else weights[:2])
        metric.update_state(true[2:], given[2:], None if weights is None else weights[2:])
        assert float(metric.result()) == pytest.approx(expected, rel=1e-6)


def test_what_does_not_count_in_unions():
    assert float(metrics.MeanIoU(2, ignore_class=255)([0, 1, 255], [0, 1, 1])) == pytest.approx(1, rel=1e-5)
    assert float(metrics.MeanIoU(5)([0, 1], [0, 1])) == pytest.approx(1, rel=1e-5)
    assert float(metrics.MeanIoU(2)([0, 1, -1], [0, 1, 0])) == pytest.approx(1, rel=1e-5)
    assert float(metrics.MeanIoU(2).result()) == 0


def test_binary_unions_say_yes_from_the_threshold_on():
    assert float(metrics.BinaryIoU([1], 0.3)([0, 1, 0, 1], [0.1, 0.3, 0.2, 0.7])) == pytest.approx(1, rel=1e-5)


def test_unions_are_checked():
    with pytest.raises(ArgumentError, match=r"IoU: target_class_ids \[0, 3\] are not all among the classes 0 to 2"):
        metrics.IoU(3, [0, 3])
    with pytest.raises(ShapeError, match=r"mean_io_u: targets have shape \(3,\), predictions have shape \(4,\)"):
        metrics.MeanIoU(3)([0, 1, 2], [0, 1, 2, 0])


@pytest.mark.parametrize("metric", [metrics.F1Score(threshold=0.4), metrics.R2Score(None), metrics.MeanIoU(2)])
def test_masked_steps_do_not_count(metric):
    mask = RNG.integers(0, 2, (6, 5)).astype(bool)
    true, scores = LABELS.reshape(6, 5, 3), SCORES.reshape(6, 5, 3)
    if isinstance(metric, metrics.MeanIoU):
        scores = (scores > 0.5).astype(float)
    alone = type(metric).from_config(metric.get_config())
    predicted = kinema.ops.convert_to_tensor(scores)
    predicted.mask = mask
    np.testing.assert_allclose(metric(true, predicted).numpy(), alone(true[mask], scores[mask]).numpy())
