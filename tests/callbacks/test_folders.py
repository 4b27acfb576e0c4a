"""Callbacks that write files say so before any training when they cannot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import callbacks, layers
from kinema.errors import FileFormatError


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda folder: callbacks.BackupAndRestore(folder), "BackupAndRestore: backup_dir"),
        (lambda folder: callbacks.CSVLogger(folder / "log.csv"), "CSVLogger: filename"),
        (lambda folder: callbacks.ModelCheckpoint(folder / "best-{epoch}.keras"), "ModelCheckpoint: filepath"),
    ],
)
def test_a_folder_that_cannot_be_written_into(make: Callable[[Path], Any], argument: str, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    model = kinema.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(FileFormatError, match=f"{argument}: cannot write into the folder '{taken}'"):
        model.fit(np.ones((4, 2), "float32"), np.ones((4, 1)), verbose=0, callbacks=[make(taken)])
    assert model._training_run.steps == 0
    assert taken.read_text() == "a file"
