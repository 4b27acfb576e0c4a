"""Bytes to numbers."""

from __future__ import annotations

import numpy as np
import pytest

import kinema
from kinema import _rust, ops

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


PIXELS = RNG.random((4, 5, 3), dtype="float32")
SCALINGS = {
    "numbers": ops.ByteScaling(np.float32(1 / 255), np.float32(-0.5)),
    "channels": ops.ByteScaling(np.float32([0.1, 0.2, 0.3]), np.float32(0), np.float32([1, 2, 3]), np.float32(7)),
    "rows": ops.ByteScaling(PIXELS[:1], np.float32(0)),
    "pixels": ops.ByteScaling(np.float32(1), PIXELS, PIXELS[0], PIXELS + np.float32(0.5)),
}


def _numbers(scaling: ops.ByteScaling) -> np.ndarray:
    scaled = FRAMES.astype(np.float32) * scaling.scale + scaling.offset
    return scaled if scaling.mean is None else (scaled - scaling.mean) / scaling.deviation


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("pool_size", [None, 2])
@pytest.mark.parametrize("scaling", SCALINGS.values(), ids=SCALINGS)
def test_convolutions_read_bytes_as_the_numbers_they_stand_for(
    scaling: ops.ByteScaling, pool_size: int | None, activation: str
) -> None:
    results = []
    for x in (ops.ByteFrames(FRAMES, scaling), _numbers(scaling)):
        kernel = kinema.Variable(np.random.default_rng(3).normal(size=(3, 2, 3, 4)).astype("float32"))
        bias = kinema.Variable(np.float32([0.1, 0.2, 0.3, 0.4]))
        links = [ops.ConvolutionLink(kernel, bias, padding="same", activation=activation, pool_size=pool_size)]
        with kinema.GradientTape() as tape:
            outputs = ops.conv2d_chain(x, links)
            loss = ops.sum(outputs * outputs)
        results.append([ops.conv2d_chain(x, links), outputs, *tape.gradient(loss, [kernel, bias])])
    for of_bytes, of_numbers in zip(*results, strict=True):
        np.testing.assert_array_equal(of_bytes, of_numbers)


def test_a_scaling_says_whether_it_repeats_from_frame_to_frame() -> None:
    one = np.float32(1)
    assert all(scaling.fits((4, 5, 3)) for scaling in SCALINGS.values())
    assert not ops.ByteScaling(one, np.ones(2, "float32")).fits((4, 5, 3))
    assert not ops.ByteScaling(np.ones((2, 4, 5, 3), "float32"), one).fits((4, 5, 3))
    assert not ops.ByteScaling(one, one, np.ones(7, "float32"), one).fits((4, 5, 3))


def test_bytes_and_kernels_of_different_types_are_refused() -> None:
    scaling = ops.ByteScaling(np.float64(1), np.float64(0))
    link = ops.ConvolutionLink(np.ones((1, 1, 3, 1), "float32"))
    with pytest.raises(kinema.errors.DTypeError, match=r"conv2d: scale must be of the same dtype as the first array"):
        ops.conv2d_chain(ops.ByteFrames(FRAMES, scaling), [link])


def test_a_chain_without_links_is_refused_by_the_kernel() -> None:
    with pytest.raises(kinema.errors.ArgumentError, match="conv2d_chain: links must be at least one, but got 0"):
        _rust.Conv2DChain((2, 2, 3), [])
