"""The model and the data that both sides of `measure.py` measure: no framework is imported here."""

from __future__ import annotations

import numpy as np

FRAMES, SIDE, LENGTH, CLASSES, BATCH = 300, 128, 32, 10, 32


def video(frames: int = FRAMES) -> np.ndarray:
    """A moving gradient with noise: no two frames are equal."""
    noise = np.random.default_rng(0).integers(0, 64, (frames, SIDE, SIDE, 3), dtype=np.uint8)
    ramp = np.arange(SIDE, dtype=np.uint8)[None, :, None]
    return noise + ramp + np.arange(frames, dtype=np.uint8)[:, None, None, None] % 64


def targets(windows: int) -> np.ndarray:
    """One class a window."""
    return np.eye(CLASSES, dtype=np.float32)[np.arange(windows) * CLASSES // windows]
