"""Whether a file is interlaced is asked once, until it changes."""

from pathlib import Path

import numpy as np
import pytest

from kinema.video import VideoReader, _decoders, write_video


def test_a_file_is_asked_once(tmp_path: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")
    asked: list[str] = []
    monkeypatch.setattr(_decoders, "_look", lambda name, options: asked.append(name))
    video = write_video(tmp_path / "drawn.webm", drawn)
    for _ in range(3):
        with VideoReader(video) as reader:
            assert len(reader.read()) == len(reader.read())
    assert asked.count(str(video)) == 1
    write_video(video, drawn[:7])
    VideoReader(video).close()
    assert asked.count(str(video)) == 2
