"""Drawn videos, and the real ones where they are present."""

import os
from pathlib import Path

import numpy as np
import pytest

from kinema.video import write_video

_SMALL = 150_000  # bytes; bigger files take seconds each


def _data_folder() -> Path:
    return Path(os.environ.get("KINEMA_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def _real_videos() -> list[Path]:
    videos = _data_folder() / "videos"
    not_video = {".md", ".txt", ".mp3", ".wav", ""}
    return sorted(file for file in videos.rglob("*") if file.is_file() and file.suffix not in not_video)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "real_video" not in metafunc.fixturenames:
        return
    videos = [video for video in _real_videos() if video.name != "corrupted.mp4"]
    if not videos:
        metafunc.parametrize("real_video", [pytest.param(None, marks=pytest.mark.skip(reason="no real videos here"))])
        return
    parameters = [
        pytest.param(video, id=video.name, marks=pytest.mark.slow if video.stat().st_size > _SMALL else ())
        for video in videos
    ]
    metafunc.parametrize("real_video", parameters)


@pytest.fixture
def shared_data() -> Path:
    folder = _data_folder()
    if not folder.is_dir():
        pytest.skip("the real videos are not here (KINEMA_TEST_DATA)")
    return folder


def draw_clip(frames: int = 12, height: int = 48, width: int = 64, offset: int = 0) -> np.ndarray:
    """A bright square that moves over a gradient; no two frames are alike."""
    clip = np.empty((frames, height, width, 3), np.uint8)
    clip[...] = np.linspace(0, 120, width, dtype=np.uint8)[:, np.newaxis]
    for index in range(frames):
        left = (offset + 4 * index) % (width - 12)
        clip[index, 8:20, left : left + 12] = (250, 60, 20 * (index % 12))
    return clip


@pytest.fixture
def drawn() -> np.ndarray:
    return draw_clip()


@pytest.fixture
def drawn_video(tmp_path: Path, drawn: np.ndarray) -> Path:
    return write_video(tmp_path / "drawn.webm", drawn, fps=20)
