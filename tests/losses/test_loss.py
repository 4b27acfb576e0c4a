"""Reduction, weights, masks, names and files of losses."""

import numpy as np
import pytest

import kinema
from kinema import losses
from kinema.errors import ArgumentError, FileFormatError, ShapeError

TRUE = np.zeros((3, 1))
PREDICTED = np.array([[1.0], [2.0], [3.0]])


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("sum_over_batch_size", 14 / 3), ("mean", 14 / 3), ("sum", 14.0), ("mean_with_sample_weight", 14 / 3)],
)
def test_reductions(reduction, expected):
    assert float(losses.MeanSquaredError(reduction)(TRUE, PREDICTED)) == pytest.approx(expected)


@pytest.mark.parametrize("reduction", ["none", None])
def test_no_reduction(reduction):
    np.testing.assert_allclose(losses.MeanSquaredError(reduction)(TRUE, PREDICTED).numpy(), [1, 4, 9])


@pytest.mark.parametrize("target", [[0.0, 1.0, 1.0], [[0.0], [1.0], [1.0]]])
def test_predictions_without_a_last_axis_are_samples(target):
    target, prediction = np.float32(target), np.float32([0.3, 0.6, 0.9])
    errors = [0.09, 0.16, 0.01]
    np.testing.assert_allclose(losses.MeanSquaredError(reduction=None)(target, prediction), errors, rtol=1e-5)
    assert float(losses.MeanSquaredError(reduction="sum")(target, prediction)) == pytest.approx(0.26)
    weights = np.float32([1, 2, 3])
    weighed = losses.MeanSquaredError()(target, prediction, sample_weight=weights)
    assert float(weighed) == pytest.approx(np.mean(errors * weights))


def test_sample_weights_multiply():
    loss = losses.MeanSquaredError()
    assert float(loss(TRUE, PREDICTED, [1.0, 0.0, 2.0])) == pytest.approx(19 / 3)
    assert float(loss(TRUE, PREDICTED, [[1.0], [0.0], [2.0]])) == pytest.approx(19 / 3)
    by_weight = losses.MeanSquaredError("mean_with_sample_weight")
    assert float(by_weight(TRUE, PREDICTED, [1.0, 0.0, 2.0])) == pytest.approx(19 / 3)
    assert float(by_weight(TRUE, PREDICTED, [1.0, 0.0, 1.0])) == pytest.approx(10 / 2)


def test_one_weight_per_clip_counts_for_all_its_steps():
    predicted = np.arange(6.0).reshape(2, 3, 1)
    loss = losses.MeanSquaredError("sum")(np.zeros((2, 3, 1)), predicted, [1.0, 0.5])
    assert float(loss) == (0 + 1 + 4) + 0.5 * (9 + 16 + 25)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"sample weights of shape \(2,\) do not fit values of shape \(3,\): give one"):
        losses.MeanSquaredError()(TRUE, PREDICTED, [1.0, 2.0])
    with pytest.raises(ShapeError, match=r"or one per sample and step, shape \(2, 3\)"):
        losses.MeanSquaredError()(np.zeros((2, 3, 1)), np.zeros((2, 3, 1)), np.ones((2, 4)))


def test_masked_steps_do_not_count_in_the_mean():
    predicted = kinema.ops.convert_to_tensor(np.arange(6.0).reshape(2, 3, 1))
    predicted.mask = np.array([[True, True, False], [True, False, False]])
    loss = losses.MeanSquaredError()(np.zeros((2, 3, 1)), predicted)
    assert float(loss) == pytest.approx((0 + 1 + 9) / 3)


def test_an_empty_batch_has_no_loss():
    assert float(losses.MeanSquaredError()(np.zeros((0, 2)), np.zeros((0, 2)))) == 0.0


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ArgumentError, match=r"MeanSquaredError: reduction is one of 'sum_.*not 'avg'"):
        losses.MeanSquaredError("avg")


def test_names():
    for name in ("mse", "MSE", "mean_squared_error", losses.mean_squared_error):
        assert losses.get(name) is losses.mean_squared_error
    assert isinstance(losses.get("CategoricalCrossentropy"), losses.CategoricalCrossentropy)
    assert losses.get(None) is None
    with pytest.raises(ArgumentError, match=r"unknown loss 'categorical_crossentrpy': did you mean 'categorical_cross"):
        losses.get("categorical_crossentrpy")
    with pytest.raises(ArgumentError, match=r"loss: give it by name, by class, by object or by config, not as int: 3"):
        losses.get(3)


@pytest.mark.parametrize(
    ("true", "predicted", "name"),
    [
        ([[1], [0]], (2, 1), "binary_crossentropy"),
        ([1, 0], (2, 1), "binary_crossentropy"),
        ([1, 3], (2, 4), "sparse_categorical_crossentropy"),
        ([[1], [3]], (2, 4), "sparse_categorical_crossentropy"),
        (np.eye(4)[:2], (2, 4), "categorical_crossentropy"),
    ],
)
def test_crossentropy_is_chosen_by_shapes(true, predicted, name):
    probabilities = np.linspace(0.1, 0.9, predicted[0] * predicted[1]).reshape(predicted)
    for each in ("crossentropy", "ce"):
        np.testing.assert_array_equal(
            losses.get(each)(true, probabilities).numpy(), losses.get(name)(true, probabilities).numpy()
        )


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("mape", losses.mean_absolute_percentage_error),
        ("MSLE", losses.mean_squared_logarithmic_error),
        ("kld", losses.kl_divergence),
        ("kullback_leibler_divergence", losses.kl_divergence),
        ("logcosh", losses.log_cosh),
        ("cosine_similarity", losses.cosine_similarity),
        ("hinge", losses.hinge),
        ("dice", losses.dice),
        ("binary_focal_crossentropy", losses.binary_focal_crossentropy),
    ],
)
def test_names_and_abbreviations(name, function):
    assert losses.get(name) is function


@pytest.mark.parametrize(
    ("reduction", "factor"), [("sum_over_batch_size", 1.5), ("sum", 3.0), ("mean_with_sample_weight", 1.0)]
)
def test_weights_multiply_the_one_loss_of_a_batch(reduction, factor):
    true, predicted = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.5, 0.5], [1.0, 0.0]])
    whole = float(losses.Dice()(true, predicted))
    assert whole == pytest.approx(1 - 2 * 1.5 / (3 + 2))
    assert float(losses.Dice(reduction)(true, predicted, [1.0, 2.0])) == pytest.approx(factor * whole)


@pytest.mark.parametrize("dtype", [None, "float32"])
@pytest.mark.parametrize("axis", [None, -1, (1, 2)])
def test_masked_steps_do_not_count_in_a_region(axis, dtype):
    predicted = kinema.ops.convert_to_tensor(np.linspace(0.1, 0.9, 12).reshape(2, 3, 2))
    predicted.mask = np.array([[True, True, False], [True, True, False]])
    true = np.ones((2, 3, 2))
    alone = losses.Tversky(0.3, 0.7, axis=axis)(true[:, :2], predicted.numpy()[:, :2])
    assert float(losses.Tversky(0.3, 0.7, axis=axis, dtype=dtype)(true, predicted)) == pytest.approx(float(alone))


def _masked_predictions():
    predicted = kinema.Tensor(np.float32([[[1], [2], [9]], [[3], [9], [9]]]))
    predicted.mask = np.array([[True, True, False], [True, False, False]])
    return predicted


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [("sum_over_batch_size", 5.0, 5 * (1 + 2 + 4) / 3), ("sum", 15.0, 35.0), ("mean_with_sample_weight", 5.0, 5.0)],
)
def test_the_one_loss_of_a_batch_counts_once_for_each_step_of_the_mask(reduction, plain, weighted):
    """As Keras 3.15 has it."""

    class Five(losses.Loss):
        def call(self, y_true, y_pred):
            return kinema.ops.sum(y_pred) * 0.0 + 5.0

    weights = np.float32([[1, 2, 3], [4, 5, 6]])
    predicted = _masked_predictions()
    assert float(Five(reduction=reduction)(np.zeros((2, 3, 1)), predicted)) == pytest.approx(plain)
    assert float(Five(reduction=reduction)(np.zeros((2, 3, 1)), predicted, weights)) == pytest.approx(weighted)
    per_clip = Five(reduction=reduction)(np.zeros((2, 3, 1)), predicted, np.float32([1, 1]))
    assert float(per_clip) == pytest.approx(plain)


def test_the_one_loss_of_a_batch_hands_its_gradient_through_masks_and_weights():
    predicted = kinema.Variable(np.float32([[[1], [2], [9]]]))
    loss = losses.as_loss(lambda y_true, y_pred: kinema.ops.mean(kinema.ops.square(y_pred - y_true)))
    with kinema.GradientTape() as tape:
        outputs = predicted * 1.0
        outputs.mask = np.array([[True, True, False]])
        value = loss(np.zeros((1, 3, 1)), outputs, np.float32([[1, 2, 3]]))
    assert float(value) == pytest.approx((1 + 4 + 81) / 3 * (1 + 2) / 2)
    gradient = tape.gradient(value, [predicted])[0]
    np.testing.assert_allclose(gradient, np.float32([[[2], [4], [18]]]) / 3 * 1.5, rtol=1e-6)


def test_a_loss_of_each_clip_leaves_out_clips_of_which_no_step_counts():
    class LargestError(losses.Loss):
        def call(self, y_true, y_pred):
            return kinema.ops.max(kinema.ops.abs(y_pred - y_true), axis=(1, 2))

    predicted = _masked_predictions()
    predicted.mask = np.array([[True, True, False], [False, False, False]])
    assert float(LargestError()(np.ones((2, 3, 1)), predicted)) == pytest.approx(8.0)


def test_ignored_classes_and_masked_steps_are_both_left_out():
    probabilities = kinema.Tensor(np.float32([[[0.5, 0.5], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]]))
    probabilities.mask = np.array([[True, True, True, False]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)([[0, -1, 1, 0]], probabilities)
    assert float(loss) == pytest.approx(-(np.log(0.5) + np.log(0.8)) / 2)


def test_a_model_needs_a_loss():
    with pytest.raises(ArgumentError, match=r"compile needs a loss"):
        losses.as_loss(None)


def test_a_function_becomes_a_loss():
    def cubed(y_true, y_pred):
        return kinema.ops.mean(kinema.ops.power(y_pred - y_true, 3.0), axis=-1)

    loss = losses.as_loss(cubed)
    assert loss.name == "cubed"
    assert float(loss(TRUE, PREDICTED)) == pytest.approx(36 / 3)


@pytest.mark.parametrize(
    "loss",
    [
        losses.MeanSquaredError("sum", name="mine"),
        losses.HalfMeanSquaredError(),
        losses.MeanAbsoluteError(),
        losses.Huber(0.5),
        losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
        losses.CategoricalCrossentropy(axis=1),
        losses.SparseCategoricalCrossentropy(ignore_class=3),
        losses.CosineSimilarity(axis=1),
        losses.LogCosh("none"),
        losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, gamma=1.0),
        losses.CategoricalFocalCrossentropy(alpha=[0.2, 0.8], label_smoothing=0.1),
        losses.Dice(axis=(1, 2)),
        losses.Tversky(0.2, 0.8),
    ],
)
def test_files_give_the_same_loss(loss):
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


def test_old_files_say_auto():
    config = {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "name": "mse"}}
    assert losses.deserialize(config).reduction == "sum_over_batch_size"


def test_files_cannot_name_what_is_unknown():
    with pytest.raises(FileFormatError, match=r"'Evil' is not a class that Kinema knows"):
        losses.deserialize({"class_name": "Evil", "config": {}})
