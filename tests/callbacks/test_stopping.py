"""EarlyStopping and TerminateOnNaN."""

import pytest

from kinema import callbacks, metrics
from kinema.errors import ArgumentError, NonFiniteError

from .fakes import FakeModel, run


@pytest.mark.parametrize(
    ("settings", "values", "epochs"),
    [
        ({"patience": 1}, [3.0, 2.0, 2.5, 1.0], 3),
        ({"patience": 2}, [3.0, 2.0, 2.5, 1.0, 1.5, 1.6], 6),
        ({"patience": 1, "min_delta": 0.6}, [3.0, 2.5, 1.0], 2),
        ({"patience": 1, "mode": "max"}, [1.0, 2.0, 1.5, 9.0], 3),
        ({"patience": 1, "start_from_epoch": 3}, [1.0, 2.0, 3.0, 4.0, 5.0], 5),
        ({"patience": 2, "baseline": 1.0}, [3.0, 2.0, 2.5, 0.5], 3),
    ],
)
def test_it_stops_when_nothing_improves(settings, values, epochs):
    assert run(callbacks.EarlyStopping(**settings), values) == epochs


def test_the_best_weights_come_back():
    model = FakeModel()
    run(callbacks.EarlyStopping(patience=2, restore_best_weights=True), [3.0, 1.0, 2.0, 2.0], model)
    assert model.weights == 1


def test_the_best_weights_come_back_after_the_last_epoch_too():
    model = FakeModel()
    run(callbacks.EarlyStopping(patience=9, restore_best_weights=True), [3.0, 1.0, 2.0], model)
    assert model.weights == 1


def test_it_says_what_it_does(capsys):
    run(callbacks.EarlyStopping(patience=1, verbose=1, restore_best_weights=True), [3.0, 1.0, 2.0])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 3: early stopping",
        "Restoring the weights of epoch 2, the best.",
    ]


@pytest.mark.parametrize(
    ("monitor", "values", "epochs"),
    [
        ("val_accuracy", [0.1, 0.2, 0.15], 3),
        ("val_mse", [3.0, 2.0, 2.5], 3),
        ("val_mean_absolute_error", [3.0, 2.0, 2.5], 3),
        ("val_my_precision", [0.1, 0.2, 0.15], 3),
    ],
)
def test_auto_knows_which_way_is_better(monitor, values, epochs):
    assert run(callbacks.EarlyStopping(monitor, patience=1), values, name=monitor) == epochs


def test_auto_asks_the_models_metric():
    class Distance(metrics.Mean):
        direction = "down"

    model = FakeModel(metrics=[Distance(name="how_far")])
    assert run(callbacks.EarlyStopping("how_far", patience=1), [1.0, 2.0, 3.0], model, "how_far") == 2


def test_auto_gives_up_on_unknown_figures():
    with pytest.raises(ArgumentError, match=r"EarlyStopping cannot know whether a higher or a lower 'luck' is better"):
        run(callbacks.EarlyStopping("luck"), [1.0, 2.0], name="luck")


@pytest.mark.parametrize(("asked", "there"), [("val_acc", "val_accuracy"), ("val_accuracy", "val_acc")])
def test_both_spellings_of_accuracy(asked, there):
    assert run(callbacks.EarlyStopping(asked, patience=1), [0.1, 0.2, 0.15, 0.3], name=there) == 3


def test_a_missing_figure_is_said():
    with pytest.warns(
        UserWarning, match=r"watches 'val_loss', which is not there; there are acc, loss; give fit valid"
    ):
        run(callbacks.EarlyStopping(), [1.0], name="acc")


def test_the_mode_is_one_of_three():
    with pytest.raises(ArgumentError, match=r"EarlyStopping: mode is 'auto', 'min' or 'max', not 'up'"):
        callbacks.EarlyStopping(mode="up")


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_terminate_on_nan(loss, capsys):
    callback, model = callbacks.TerminateOnNaN(), FakeModel()
    callback.set_model(model)
    callback.on_train_batch_end(0, {"loss": 1.0})
    assert not model.stop_training
    callback.on_train_batch_end(1, {"loss": loss})
    assert model.stop_training
    assert capsys.readouterr().out == f"Batch 1: the loss is {loss}, the training ends\n"


def test_terminate_on_nan_can_raise():
    with pytest.raises(NonFiniteError, match=r"the loss is nan after batch 3: lower the learning rate"):
        callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": float("nan")})
