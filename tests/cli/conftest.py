"""Folders of drawn videos that a command can be run on."""

from pathlib import Path

import numpy as np
import pytest

from kinema.video import write_video

FRAMES = 8


def draw(rightwards: bool, start: int) -> np.ndarray:
    """A bright square on gray that moves right or left."""
    clip = np.full((FRAMES, 24, 32, 3), 60, np.uint8)
    for index in range(FRAMES):
        left = start + 2 * (index if rightwards else FRAMES - 1 - index)
        clip[index, 8:16, left : left + 6] = 240
    return clip


@pytest.fixture(scope="session")
def moving_squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten videos of squares that move to the left and ten of squares that move to the right."""
    root = tmp_path_factory.mktemp("squares")
    for name in ("left", "right"):
        (root / name).mkdir()
        for start in range(10):
            write_video(root / name / f"{start}.webm", draw(name == "right", start), fps=10)
    return root
