"""ModelCheckpoint decides when and where to save."""

import pytest

from kinema import callbacks
from kinema.errors import ArgumentError

from .fakes import FakeModel, run


def test_every_epoch_under_a_name_of_its_own(tmp_path):
    model = FakeModel()
    run(callbacks.ModelCheckpoint(tmp_path / "new" / "{epoch:02d}-{val_loss:.2f}.keras"), [0.5, 0.25], model)
    assert model.saved == [str(tmp_path / "new" / name) for name in ("01-0.50.keras", "02-0.25.keras")]
    assert (tmp_path / "new").is_dir()


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        ({}, [1, 2, 5]),
        ({"mode": "max"}, [1, 3, 4]),
        ({"initial_value_threshold": 0.45}, [2, 5]),
    ],
)
def test_only_the_best(settings, epochs):
    model = FakeModel()
    run(callbacks.ModelCheckpoint("{epoch}.h5", save_best_only=True, **settings), [0.5, 0.4, 0.6, 0.7, 0.1], model)
    assert model.saved == [f"{epoch}.h5" for epoch in epochs]


def test_every_few_batches():
    model, callback = (
        FakeModel(),
        callbacks.ModelCheckpoint("{epoch}-{batch}.weights.h5", "loss", 0, False, True, save_freq=3),
    )
    callback.set_model(model)
    for epoch in range(2):
        callback.on_epoch_begin(epoch)
        for batch in range(4):
            callback.on_train_batch_end(batch, {"loss": 1.0})
        callback.on_epoch_end(epoch, {"loss": 1.0})
    assert model.saved == ["1-3.weights.h5", "2-2.weights.h5"]


def test_the_old_period():
    with pytest.warns(DeprecationWarning, match=r"ModelCheckpoint\(period=...\) is an old argument"):
        callback = callbacks.ModelCheckpoint("{epoch}.keras", period=2)
    model = FakeModel()
    run(callback, [1.0] * 5, model)
    assert model.saved == ["2.keras", "4.keras"]


def test_a_missing_figure_saves_with_a_warning():
    model = FakeModel()
    with pytest.warns(
        UserWarning, match=r"ModelCheckpoint watches 'val_loss', which is not there; there are acc, loss"
    ):
        run(callbacks.ModelCheckpoint("best.keras", save_best_only=True), [1.0], model, "acc")
    assert model.saved == ["best.keras"]


def test_it_says_what_it_does(capsys):
    run(callbacks.ModelCheckpoint("best.keras", save_best_only=True, verbose=1), [1.0, 2.0, 0.5])
    assert [line for line in capsys.readouterr().out.splitlines() if line] == [
        "Epoch 1: val_loss improved from nothing to 1.00000, saving model to best.keras",
        "Epoch 2: val_loss did not improve from 1.00000",
        "Epoch 3: val_loss improved from 1.00000 to 0.50000, saving model to best.keras",
    ]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"filepath": "model.pt"}, r"filepath must end in '.keras' or '.h5', got 'model.pt'"),
        ({"filepath": "m.keras", "save_weights_only": True}, r"filepath must end in '.weights.h5', got 'm.keras'"),
        ({"filepath": "m.keras", "save_freq": "batch"}, r"save_freq is 'epoch' or a number of batches, not 'batch'"),
        ({"filepath": "m.keras", "save_freq": 0}, r"save_freq is 'epoch' or a number of batches, not 0"),
        ({"filepath": "m.keras", "best": True}, r"ModelCheckpoint has no argument 'best'"),
    ],
)
def test_arguments_are_checked(settings, text):
    with pytest.raises(ArgumentError, match=f"ModelCheckpoint.*{text}" if "has no" not in text else text):
        callbacks.ModelCheckpoint(**settings)


def test_a_name_that_asks_for_what_is_not_there():
    with pytest.raises(ArgumentError, match=r"cannot be filled in \('val_acc'\): there are epoch, loss, val_loss"):
        run(callbacks.ModelCheckpoint("{val_acc:.2f}.keras"), [1.0])
