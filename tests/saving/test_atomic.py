"""Files written beside their place."""

import os
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

import kinema
from kinema.saving.atomic import atomic_path


@pytest.mark.skipif(os.name == "nt", reason="permissions differ")
def test_threads_that_write_at_once_leave_the_umask_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = 0o027

    def slow_umask(new: int) -> int:
        nonlocal mask
        old, mask = mask, new
        time.sleep(0.01)
        return old

    monkeypatch.setattr(os, "umask", slow_umask)

    def write(name: str) -> None:
        with atomic_path(tmp_path / name) as part:
            part.write_bytes(b"x")

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mask == 0o027
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o640}


def test_an_error_within_the_writing_comes_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checksum = zipfile.crc32

    def interrupted(data: Any, *rest: Any) -> Any:
        if isinstance(data, memoryview):
            raise KeyboardInterrupt
        return checksum(data, *rest)

    model = kinema.Sequential([kinema.Input((3,)), kinema.layers.Dense(2)])
    monkeypatch.setattr(zipfile, "crc32", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())
