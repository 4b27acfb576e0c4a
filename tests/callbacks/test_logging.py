"""CSVLogger writes files that other programs read."""

from kinema import callbacks

from .fakes import run


def test_a_line_per_epoch(tmp_path):
    path = tmp_path / "new" / "log.csv"
    run(callbacks.CSVLogger(path), [0.5, 0.25], name="acc")
    assert path.read_text() == "epoch,acc,loss,val_acc,val_loss\n0,0.5,1.0,NA,NA\n1,0.25,1.0,NA,NA\n"


def test_validation_columns_are_not_doubled(tmp_path):
    path = tmp_path / "log.csv"
    run(callbacks.CSVLogger(str(path), separator=";"), [0.5])
    assert path.read_text() == "epoch;loss;val_loss\n0;1.0;0.5\n"


def test_append_continues_and_replacing_does_not(tmp_path):
    path = tmp_path / "log.csv"
    run(callbacks.CSVLogger(path, append=True), [0.5])
    run(callbacks.CSVLogger(path, append=True), [0.25])
    assert path.read_text() == "epoch,loss,val_loss\n0,1.0,0.5\n0,1.0,0.25\n"
    run(callbacks.CSVLogger(path), [0.75])
    assert path.read_text() == "epoch,loss,val_loss\n0,1.0,0.75\n"


def test_validation_that_starts_late_has_its_column(tmp_path):
    callback = callbacks.CSVLogger(tmp_path / "log.csv")
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 1.0})
    callback.on_epoch_end(1, {"loss": 0.5, "val_loss": 2.0})
    callback.on_train_end()
    assert (tmp_path / "log.csv").read_text() == "epoch,loss,val_loss\n0,1.0,NA\n1,0.5,2.0\n"
