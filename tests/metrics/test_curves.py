"""Areas under curves and operating points against sorting and counting in NumPy."""

import numpy as np
import pytest

from kinema import metrics
from kinema.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(8)
LABELS = RNG.integers(0, 2, (40, 3))
SCORES = np.clip(0.3 * LABELS + RNG.uniform(0, 0.7, (40, 3)), 0, 1)
WEIGHTS = RNG.integers(1, 4, 40).astype(float)


def share_of_ordered_pairs(labels, scores, weights):
    """The area under the ROC curve as the chance that a positive one is ranked before a negative one."""
    positive, negative = labels == 1, labels == 0
    ahead = np.sign(scores[positive][:, None] - scores[negative]) / 2 + 0.5
    pairs = weights[positive][:, None] * weights[negative]
    return (ahead * pairs).sum() / pairs.sum()


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_area_with_every_score_as_threshold_is_the_share_of_ordered_pairs(weights):
    metric = metrics.AUC(thresholds=np.unique(SCORES))
    for part in (slice(0, 13), slice(13, None)):
        metric.update_state(LABELS[part], SCORES[part], None if weights is None else weights[part])
    every = np.repeat(np.ones(40) if weights is None else weights, 3)
    expected = share_of_ordered_pairs(LABELS.ravel(), SCORES.ravel(), every)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize("label_weights", [None, [1.0, 0.0, 3.0]])
def test_multi_label_averages_outputs(label_weights):
    metric = metrics.AUC(thresholds=np.unique(SCORES), multi_label=True, label_weights=label_weights)
    expected = [share_of_ordered_pairs(LABELS[:, i], SCORES[:, i], np.ones(40)) for i in range(3)]
    assert float(metric(LABELS, SCORES)) == pytest.approx(np.average(expected, weights=label_weights), rel=1e-6)


def test_summation_methods_enclose_the_area():
    areas = [
        float(metrics.AUC(8, "PR", method)(LABELS, SCORES)) for method in ("minoring", "interpolation", "majoring")
    ]
    assert areas == sorted(areas)
    assert areas[0] < areas[2]


def test_logits():
    logits = np.log(SCORES + 1e-9) - np.log(1 - SCORES + 1e-9)
    assert float(metrics.AUC(from_logits=True)(LABELS, logits)) == pytest.approx(float(metrics.AUC()(LABELS, SCORES)))


def test_scores_at_a_threshold_are_below_it():
    assert float(metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])) == pytest.approx(0.75)


def _counted(threshold):
    yes = SCORES.astype("float32") > np.float32(threshold)
    hits, alarms = (yes & (LABELS == 1)).sum(), (yes & (LABELS == 0)).sum()
    positive, negative = (LABELS == 1).sum(), (LABELS == 0).sum()
    return {
        "precision": hits / max(hits + alarms, 1),
        "recall": hits / positive,
        "sensitivity": hits / positive,
        "specificity": 1 - alarms / negative,
    }


@pytest.mark.parametrize("least", [0.0, 0.35, 0.8, 1.0])
@pytest.mark.parametrize(
    ("cls", "wanted", "bound"),
    [
        (metrics.PrecisionAtRecall, "precision", "recall"),
        (metrics.RecallAtPrecision, "recall", "precision"),
        (metrics.SensitivityAtSpecificity, "sensitivity", "specificity"),
        (metrics.SpecificityAtSensitivity, "specificity", "sensitivity"),
    ],
)
def test_operating_points(cls, wanted, bound, least):
    figures = [_counted(i / 20) for i in range(21)]
    expected = max([figure[wanted] for figure in figures if figure[bound] >= least], default=0)
    metric = cls(**{bound: least}, num_thresholds=21)
    metric.update_state(LABELS[:7], SCORES[:7])
    metric.update_state(LABELS[7:], SCORES[7:])
    assert float(metric.result()) == pytest.approx(expected)


def test_class_id_looks_at_one_output():
    alone = metrics.PrecisionAtRecall(0.5)(LABELS[:, 1], SCORES[:, 1])
    assert float(metrics.PrecisionAtRecall(0.5, class_id=1)(LABELS, SCORES)) == float(alone)
    with pytest.raises(ShapeError, match=r"class_id=3 is not an output of predictions \(40, 3\)"):
        metrics.PrecisionAtRecall(0.5, class_id=3)(LABELS, SCORES)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"curve": "DET"}, r"AUC: curve is one of 'ROC', 'PR', 'PRGAIN', not 'DET'"),
        ({"summation_method": "middle"}, r"AUC: summation_method is one of 'interpolation', .* not 'middle'"),
        ({"num_thresholds": 1}, r"AUC: num_thresholds must be at least 2, got 1"),
        ({"thresholds": [0.5, 2]}, r"AUC: thresholds must lie between 0 and 1, got \[0.5, 2\]"),
        ({"num_labels": 3}, r"AUC: num_labels is for multi_label=True"),
    ],
)
def test_arguments_of_areas_are_checked(settings, text):
    with pytest.raises(ArgumentError, match=text):
        metrics.AUC(**settings)


def test_outputs_have_to_fit():
    with pytest.raises(ShapeError, match=r"auc: it counts 2 outputs, but predictions \(40, 3\) have 3"):
        metrics.AUC(multi_label=True, num_labels=2)(LABELS, SCORES)
    with pytest.raises(ShapeError, match=r"auc: label_weights of shape \(2,\) do not fit predictions \(40, 3\)"):
        metrics.AUC(label_weights=[1, 2])(LABELS, SCORES)


def test_arguments_of_operating_points_are_checked():
    with pytest.raises(ArgumentError, match=r"PrecisionAtRecall: recall must be from 0 to 1, got 2"):
        metrics.PrecisionAtRecall(2)
    with pytest.raises(ArgumentError, match=r"RecallAtPrecision: num_thresholds must be at least 1, got 0"):
        metrics.RecallAtPrecision(0.5, num_thresholds=0)
