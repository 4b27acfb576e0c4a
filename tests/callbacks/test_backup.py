"""BackupAndRestore: an interrupted training goes on as if nothing had happened."""

import numpy as np
import pytest

import kinema
from kinema import callbacks, layers
from kinema.errors import ArgumentError, FileFormatError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5)).astype("float32")
Y = RNG.integers(0, 3, 24)


class InterruptedTrainingError(Exception):
    pass


class Interrupt(callbacks.Callback):
    def __init__(self, epoch, batch=None):
        super().__init__()
        self.epoch, self.batch, self.now = epoch, batch, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch and batch == self.batch:
            raise InterruptedTrainingError

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch and self.batch is None:
            raise InterruptedTrainingError


def compiled():
    kinema.utils.set_random_seed(4)
    model = kinema.Sequential(
        [
            layers.Input((5,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def trained(*extra):
    model = compiled()
    history = model.fit(X, Y, batch_size=7, epochs=4, verbose=0, callbacks=list(extra))
    return model, history


@pytest.mark.parametrize("interrupt", [Interrupt(1), Interrupt(2, batch=1)])
def test_the_weights_are_those_of_a_training_without_interruption(interrupt, tmp_path):
    straight, history = trained()
    with pytest.raises(InterruptedTrainingError):
        trained(callbacks.BackupAndRestore(tmp_path / "backup"), interrupt)
    resumed, rest = trained(callbacks.BackupAndRestore(tmp_path / "backup"))
    for one, other in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert rest.epoch == [2, 3]
    assert rest.history["loss"] == history.history["loss"][2:]
    assert not (tmp_path / "backup").exists()


def test_backups_within_an_epoch(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(InterruptedTrainingError):
        trained(callbacks.BackupAndRestore(folder, save_freq=3), Interrupt(1, batch=2))
    assert [path.name for path in folder.iterdir()] == ["epoch-000001-step-000000006.keras"]
    _, rest = trained(callbacks.BackupAndRestore(folder, save_freq=3, delete_checkpoint=False))
    assert rest.epoch == [1, 2, 3]
    assert [path.name for path in folder.iterdir()] == ["epoch-000003-step-000000018.keras"]


def test_other_files_in_the_folder_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    trained(callbacks.BackupAndRestore(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_damaged_backup_is_an_error_unless_there_is_another(tmp_path):
    with pytest.raises(InterruptedTrainingError):
        trained(callbacks.BackupAndRestore(tmp_path, double_checkpoint=True), Interrupt(2))
    backups = sorted(tmp_path.iterdir())
    assert [path.name[:12] for path in backups] == ["epoch-000002", "epoch-000003"]
    backups[1].write_bytes(backups[1].read_bytes()[:1000])
    with pytest.warns(UserWarning, match=r"BackupAndRestore: .*; going back to 'epoch-000002-step-000000008.keras'"):
        _, rest = trained(callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False))
    assert rest.epoch == [2, 3]
    for path in tmp_path.iterdir():
        path.write_bytes(b"nothing")
    with pytest.raises(FileFormatError, match=r"is not a whole .keras file"):
        trained(callbacks.BackupAndRestore(tmp_path))


def test_arguments_are_checked():
    with pytest.raises(ArgumentError, match=r"BackupAndRestore: backup_dir is empty"):
        callbacks.BackupAndRestore("")
    with pytest.raises(
        ArgumentError, match=r"BackupAndRestore: save_freq is 'epoch' or a number of batches, not 'step'"
    ):
        callbacks.BackupAndRestore("x", save_freq="step")
