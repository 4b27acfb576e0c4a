"""Bytes to numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kinema import ops

RNG = np.random.default_rng(2)
FRAMES = RNG.integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(), (3,), (5, 3), (4, 5, 3), (4, 1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64])
def test_constants_per_channel_or_per_pixel(shape: tuple[int, ...], dtype: type) -> None:
    scale, offset = RNG.random(shape).astype(np.float32), RNG.random(3).astype(np.float32)
    x = FRAMES.astype(dtype)
    y = ops.normalize_frames(x, scale, offset)
    assert y.dtype == (np.float64 if dtype == np.float64 else np.float32)
    np.testing.assert_allclose(y.numpy(), x.astype(np.float64) * scale + offset, rtol=1e-5)


def test_bytes_take_the_type_of_the_constants() -> None:
    y = ops.normalize_frames(FRAMES, np.float64(1 / 255), 0)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.numpy(), FRAMES / 255, rtol=1e-15)


def test_windows_over_frames_need_no_copy_of_their_own() -> None:
    windows = np.lib.stride_tricks.sliding_window_view(FRAMES, 2, axis=0)
    np.testing.assert_allclose(ops.normalize_frames(windows, 2.0, 1.0).numpy(), windows * 2.0 + 1)
