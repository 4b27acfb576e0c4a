"""Windows are views: nothing is copied, nothing can be written."""

import numpy as np
import pytest

import kinema
from kinema.errors import ArgumentError, DataError
from kinema.video import convert_frames_to_sequence


@pytest.mark.parametrize(
    ("count", "length", "stride"), [(10, 3, 1), (10, 3, 3), (11, 4, 2), (5, 5, 1), (9, 1, 2), (7, 2, 6)]
)
def test_windows_hold_the_frames_they_name(count: int, length: int, stride: int) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (count, 4, 6, 3), np.uint8)
    windows = convert_frames_to_sequence(frames, length, stride)
    expected = np.stack([frames[start : start + length] for start in range(0, count - length + 1, stride)])
    np.testing.assert_array_equal(windows, expected)
    assert windows.strides[0] == stride * windows.strides[1]


def test_nothing_is_copied_and_nothing_can_be_written() -> None:
    frames = np.zeros((100, 8, 8, 3), np.uint8)
    windows = convert_frames_to_sequence(frames, 32)
    assert type(windows) is np.ndarray
    assert np.shares_memory(windows, frames)
    assert np.shares_memory(windows[:55][::2], frames)
    frames[40] = 7
    assert (windows[40, 0] == 7).all()
    assert (windows[9, 31] == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        windows[0, 0, 0, 0, 0] = 1


def test_reversed_read_only_and_strided_frames() -> None:
    frames = np.arange(20 * 4, dtype=np.float32).reshape(20, 4)
    frames.setflags(write=False)
    for view in (frames[::-1], frames[::3], frames[:, ::2], np.asfortranarray(frames)):
        windows = convert_frames_to_sequence(view, 3)
        np.testing.assert_array_equal(windows[2], view[2:5])
        assert np.shares_memory(windows, view)


def test_a_list_of_frames_is_copied_once() -> None:
    frames = [np.full((4, 4, 3), index, np.uint8) for index in range(6)]
    windows = convert_frames_to_sequence(frames, 4)
    assert windows[:, :, 0, 0, 0].tolist() == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]
    assert convert_frames_to_sequence(iter(frames), 6).shape == (1, 6, 4, 4, 3)


@pytest.mark.parametrize("frames", [np.zeros((10, 4, 4, 3), np.uint8), [np.zeros((4, 4, 3), np.uint8)] * 10])
def test_too_few_frames(frames: object) -> None:
    with pytest.raises(DataError, match=r"A window needs 32 frames and there are 10: .*sequence_length of at most 10"):
        convert_frames_to_sequence(frames, 32)


def test_no_frames() -> None:
    with pytest.raises(DataError, match=r"A window needs 2 frames and there are 0: use a longer video\.$"):
        convert_frames_to_sequence([], 2)


def test_frames_of_different_shapes() -> None:
    with pytest.raises(DataError, match=r"frame 0 is \(4, 4, 3\), frame 1 is \(5, 4, 3\).*size=\(height, width\)"):
        convert_frames_to_sequence([np.zeros((4, 4, 3)), np.zeros((5, 4, 3))], 1)


@pytest.mark.parametrize(
    ("length", "stride", "name"), [(0, 1, "sequence_length"), (2, 0, "stride"), (2.0, 1, "sequence_length")]
)
def test_arguments_are_checked(length: object, stride: object, name: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name} must be a whole number of at least 1"):
        convert_frames_to_sequence(np.zeros((4, 2)), length, stride)


def test_windows_in_any_order_stay_views() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (20, 4, 6, 3), np.uint8)
    windows = kinema.video.windows(frames, length=4, stride=2, dilation=3)
    expected = np.stack([frames[start : start + 10 : 3] for start in range(0, 11, 2)])
    assert windows.shape == expected.shape
    assert (windows.ndim, windows.dtype, len(windows)) == (5, np.uint8, 6)
    np.testing.assert_array_equal(windows, expected)
    np.testing.assert_array_equal(np.stack(list(windows)), expected)
    order = np.array([4, 0, 5])
    for chosen in (windows.take(order), windows[order], windows[order.tolist()], windows[1:][[3, -6 + 5, 4]]):
        assert isinstance(chosen, kinema.video.Windows)
        assert np.shares_memory(chosen[0], frames)
    np.testing.assert_array_equal(windows.take(order)[::-1], expected[order][::-1])
    np.testing.assert_array_equal(windows[expected[:, 0, 0, 0, 0] > 100], expected[expected[:, 0, 0, 0, 0] > 100])
    np.testing.assert_array_equal(windows[1, 2, :, 0], expected[1, 2, :, 0])
    np.testing.assert_array_equal(windows[1:3, ..., 0], expected[1:3, ..., 0])
    assert not windows[0].flags.writeable


def test_windows_say_what_they_cannot_do() -> None:
    windows = kinema.video.windows(np.zeros((9, 2)), 3)
    with pytest.raises(ArgumentError, match="take chooses windows by a row of whole numbers"):
        windows.take([0.5])
    with pytest.raises(IndexError):
        windows.take([7])
    with pytest.raises(DataError, match="reaches over 13 frames and there are 9"):
        kinema.video.windows(np.zeros((9, 2)), 5, dilation=3)
    with pytest.raises(ArgumentError, match="dilation must be a whole number"):
        kinema.video.windows(np.zeros((9, 2)), 5, dilation=0)
