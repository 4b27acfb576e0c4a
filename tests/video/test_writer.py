"""What is written can be read back, or nothing is written."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import kinema.video.writer as writer
from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError, VideoError
from kinema.video import VideoReader, read_video_frames, write_video


def test_webm_is_vp9_and_quiet(tmp_path: Path, drawn: np.ndarray, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_video(tmp_path / "clip.webm", drawn, fps=12.5)
    with VideoReader(path) as reader:
        assert (reader.codec, reader.fps, len(reader)) == ("VP90", pytest.approx(12.5), 12)
        assert np.abs(reader.read().astype(int) - drawn).mean() < 6
    assert capfd.readouterr() == ("", "")
    assert [file.name for file in tmp_path.iterdir()] == ["clip.webm"]


def test_mp4_is_h264_where_pyav_is_installed(tmp_path: Path, drawn: np.ndarray) -> None:
    pytest.importorskip("av")
    path = write_video(str(tmp_path / "clip.mp4"), drawn, fps=30)
    with VideoReader(path) as reader:
        assert (reader.codec, reader.fps, len(reader)) == ("h264", 30, 12)
        assert np.abs(reader.read().astype(int) - drawn).mean() < 6


@pytest.mark.parametrize("ending", [".webm", ".mp4"])
def test_there_is_a_key_frame_a_second(tmp_path: Path, drawn: np.ndarray, ending: str) -> None:
    av = pytest.importorskip("av")
    path = write_video(tmp_path / f"clip{ending}", drawn, fps=4)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    keys = sorted(float(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe)
    assert keys[0] < 0.01
    assert all(np.diff([*keys, 3.0]) < 1.01)


def test_webm_is_written_without_pyav(tmp_path: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = write_video(tmp_path / "clip.webm", drawn)
    assert np.abs(read_video_frames(path).astype(int) - drawn).mean() < 6


def test_mp4_without_pyav_warns_about_browsers(
    tmp_path: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.warns(
        UserWarning, match=r"The .mp4 is written as MPEG-4 part 2 .* browsers do not play.*\.webm.*pip install av"
    ):
        path = write_video(tmp_path / "clip.mp4", drawn)
    assert len(read_video_frames(path)) == 12


def test_avi(tmp_path: Path, drawn: np.ndarray) -> None:
    assert len(read_video_frames(write_video(tmp_path / "clip.AVI", drawn))) == 12


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1)])
def test_grey_frames(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = write_video(tmp_path / "grey.webm", [np.full(shape, level, np.uint8) for level in (0, 100, 200)])
    np.testing.assert_allclose(read_video_frames(path).mean(axis=(1, 2, 3)), [0, 100, 200], atol=4)


def test_colors_keep_their_order(tmp_path: Path) -> None:
    red = np.zeros((2, 32, 32, 3), np.uint8)
    red[..., 0] = 255
    as_rgb = read_video_frames(write_video(tmp_path / "rgb.webm", red))[0, 16, 16]
    as_bgr = read_video_frames(write_video(tmp_path / "bgr.webm", red, color="bgr"))[0, 16, 16]
    assert as_rgb[0] > 200 > 50 > as_rgb[2]
    assert as_bgr[2] > 200 > 50 > as_bgr[0]


def test_odd_sides_grow_by_a_copy_of_the_edge(tmp_path: Path, drawn: np.ndarray) -> None:
    frames = read_video_frames(write_video(tmp_path / "odd.webm", drawn[:, :47, :63]))
    assert frames.shape == (12, 48, 64, 3)


def test_reversed_and_read_only_frames(tmp_path: Path, drawn: np.ndarray) -> None:
    drawn.setflags(write=False)
    path = write_video(tmp_path / "backwards.webm", drawn[::-1, ::-1])
    assert np.abs(read_video_frames(path).astype(int) - drawn[::-1, ::-1]).mean() < 6


def test_a_generator_that_fails_leaves_the_old_file(tmp_path: Path, drawn: np.ndarray) -> None:
    path = write_video(tmp_path / "clip.webm", drawn)
    before = path.read_bytes()

    def failing():
        yield drawn[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(path, failing())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_lost_frames_is_not_kept(
    tmp_path: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer.VideoReader, "__len__", lambda self: 11)
    with pytest.raises(VideoError, match="12 frames were given to the encoder and the file holds 11"):
        write_video(tmp_path / "clip.webm", drawn)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("frames", "error", "message"),
    [
        ([], DataError, "There are no frames to write"),
        (np.zeros((2, 8, 8, 3), np.float32), DTypeError, r"must be uint8.*frame 0 is float32.*astype\('uint8'\)"),
        (np.zeros((2, 8, 8, 2), np.uint8), ShapeError, r"frame 0 is \(8, 8, 2\)"),
        (np.zeros((8, 8), np.uint8), ShapeError, r"frame 0 is \(8,\)"),
        (
            [np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8)],
            ShapeError,
            r"frame 0 is \(8, 8, 1\), frame 1 is \(8, 9, 1\)",
        ),
    ],
)
def test_frames_are_checked(tmp_path: Path, frames: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        write_video(tmp_path / "clip.webm", frames)
    assert list(tmp_path.iterdir()) == []


def test_arguments_are_checked(tmp_path: Path, drawn: np.ndarray) -> None:
    with pytest.raises(ArgumentError, match=r"Cannot tell the format of 'clip\.txt': end the name in \.webm"):
        write_video(tmp_path / "clip.txt", drawn)
    with pytest.raises(ArgumentError, match="fps must be a number above 0"):
        write_video(tmp_path / "clip.webm", drawn, fps=0)
    with pytest.raises(ArgumentError, match="color='gray2' is unknown"):
        write_video(tmp_path / "clip.webm", drawn, color="gray2")
    with pytest.raises(VideoError, match=r"the folder .*absent' does not exist"):
        write_video(tmp_path / "absent" / "clip.webm", drawn)
    (tmp_path / "folder.webm").mkdir()
    with pytest.raises(VideoError, match="it is a folder"):
        write_video(tmp_path / "folder.webm", drawn)


def test_a_folder_without_permission(tmp_path: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinema.video.writer.os.access", lambda path, mode: False)
    with pytest.raises(VideoError, match="you have no permission to write in"), warnings.catch_warnings():
        write_video(tmp_path / "clip.webm", drawn)
