"""Decoding with Kinema beside the loop that one would write with OpenCV, on a drawn video of 1280 x 720 pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kinema.video import VideoFolder, VideoReader, read_video_frames, write_video

FRAMES = 60
SMALL = (112, 112)


def _opencv_iterate(path: Path) -> int:
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    return count


def _opencv_read(path: Path, size: tuple[int, int] | None = None) -> int:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        found, frame = capture.read()
        if not found:
            return len(np.stack(frames))
        if size is not None:
            frame = cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA)
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def _kinema_iterate(path: Path) -> int:
    with VideoReader(path) as reader:
        return sum(1 for _ in reader)


_TASKS: dict[str, dict[str, Callable[[Path], int]]] = {
    "iterate": {"kinema": _kinema_iterate, "opencv": _opencv_iterate},
    "read all": {"kinema": lambda path: len(read_video_frames(path)), "opencv": _opencv_read},
    "read at 112x112": {
        "kinema": lambda path: len(read_video_frames(path, SMALL)),
        "opencv": lambda path: _opencv_read(path, SMALL),
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six videos of one class."""
    root = tmp_path_factory.mktemp("videos")
    (root / "class").mkdir()
    coarse = np.random.default_rng(0).integers(0, 256, (FRAMES, 9, 16, 3), np.uint8)
    frames = [cv2.resize(frame, (1280, 720), interpolation=cv2.INTER_CUBIC) for frame in coarse]
    for index in range(6):
        write_video(root / "class" / f"{index}.avi", frames)
    return root


@pytest.mark.parametrize("library", ["kinema", "opencv"])
@pytest.mark.parametrize("task", _TASKS)
def test_decoding(benchmark: Any, folder: Path, task: str, library: str) -> None:
    benchmark.group = f"decode: {task}, {FRAMES} frames"
    benchmark.extra_info["library"] = library
    assert benchmark(_TASKS[task][library], folder / "class" / "0.avi") == FRAMES


@pytest.mark.parametrize("workers", [1, 2])
def test_first_pass_over_a_folder(benchmark: Any, folder: Path, workers: int) -> None:
    benchmark.group = f"decode: folder of {6 * FRAMES} frames at 112x112"
    assert benchmark(lambda: VideoFolder(folder, 10, SMALL, workers=workers).num_samples) == 6 * FRAMES // 10
