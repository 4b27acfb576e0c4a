"""Jumps to a frame give the bits of decoding from the start, and are given up where a file's packets lie."""

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import kinema.video._decoders as decoders
from kinema.errors import ArgumentError, MissingDependencyError
from kinema.video import VideoReader, read_video_frames

av = pytest.importorskip("av")
_pyav = pytest.importorskip("kinema.video._pyav")

FRAMES = 96
KEYS = 16


def _write(path: Path, codec: str, options: dict[str, str], times: list[int] | None = None, **settings: object) -> Path:
    """A square that moves over a gradient, with a key frame every 16 frames and B frames between."""
    draw = random.Random(path.name)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for name, value in settings.items():
            setattr(stream, name, value)
        stream.codec_context.gop_size = KEYS
        stream.codec_context.time_base = _TIME_BASE
        stream.options = options
        for number in range(FRAMES):
            picture = np.full((48, 64, 3), 2 * number, np.uint8)
            left, top = draw.randrange(48), draw.randrange(32)
            picture[top : top + 16, left : left + 16] = (250, 60, number)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = (number if times is None else times[number]), _TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


_TIME_BASE = Fraction(1, 25)
_OPEN_GOP = {"x264-params": "open-gop=1:bframes=3:scenecut=0"}


@pytest.fixture(params=["closed.mp4", "open.mkv", "fields.mkv", "refresh.mkv", "mpeg2.mpg", "mpeg4.avi", "vp9.webm"])
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    x264: dict[str, dict[str, str]] = {
        "closed.mp4": {"bf": "3"},
        "open.mkv": _OPEN_GOP,
        "fields.mkv": {"flags": "+ilme+ildct"},
        "refresh.mkv": {"x264-params": "intra-refresh=1"},
    }
    if path.name in x264:
        return _write(path, "libx264", x264[path.name])
    codec = {"mpeg2.mpg": "mpeg2video", "mpeg4.avi": "mpeg4", "vp9.webm": "libvpx-vp9"}[path.name]
    return _write(path, codec, {} if codec == "libvpx-vp9" else {"bf": "2"})


@pytest.mark.parametrize("backend", ["auto", "pyav", "opencv"])
def test_frames_have_the_bits_of_decoding_from_the_start(video: Path, backend: str) -> None:
    if video.name == "fields.mkv" and backend == "opencv":
        pytest.skip("OpenCV 5 gives memory at random for interlaced pictures")
    draw = random.Random(backend)
    with VideoReader(video, backend=backend) as reader:
        whole = reader.read()
    assert len(whole) == FRAMES
    with VideoReader(video, backend=backend) as reader:
        for index in [draw.randrange(FRAMES) for _ in range(20)] + [0, FRAMES - 1]:
            np.testing.assert_array_equal(reader[index], whole[index], err_msg=str(index))
    with VideoReader(video, backend=backend) as reader:
        for cut in (slice(70, 75), slice(3, 96, 40), slice(90, 2, -29), slice(60, 400)):
            np.testing.assert_array_equal(reader[cut], whole[cut], err_msg=str(cut))
        assert len(reader) == FRAMES


def test_a_jump_decodes_from_the_key_frame_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = _write(tmp_path / "closed.mp4", "libx264", {"bf": "0", "sc_threshold": "0"})
    grabbed: list[int] = []
    grab = _pyav.JumpingDecoder.grab
    monkeypatch.setattr(_pyav.JumpingDecoder, "grab", lambda self: grabbed.append(self.at) or grab(self))
    with VideoReader(video) as reader:
        reader[83]
        first_checks = _pyav._FRAMES_COMPARED_AT_FIRST
        assert grabbed[first_checks:] == [80, 81, 82]
        reader[82]
        assert grabbed[first_checks + 3 :] == [80, 81]
        assert reader[95].shape == (48, 64, 3)


def test_an_index_that_lies_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = _write(tmp_path / "closed.mp4", "libx264", {})
    whole = read_video_frames(video)
    read_index = _pyav.read_index

    def lying(*arguments: object) -> object:
        index = read_index(*arguments)
        index.shown[81] += 1  # seen only on the way to frame 90
        return index

    monkeypatch.setattr(_pyav, "read_index", lying)
    with VideoReader(video) as reader:
        np.testing.assert_array_equal(reader[50], whole[50])
        np.testing.assert_array_equal(reader[90], whole[90])
        np.testing.assert_array_equal(reader[20], whole[20])
        assert len(reader) == FRAMES


def test_an_index_that_promises_too_many_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = _write(tmp_path / "closed.mp4", "libx264", {})
    read_index = _pyav.read_index

    def lying(*arguments: object) -> object:
        index = read_index(*arguments)
        index.shown.append(index.shown[-1] + 512)
        return index

    monkeypatch.setattr(_pyav, "read_index", lying)
    with VideoReader(video) as reader:
        reader[90]
        assert len(reader) == FRAMES
        with pytest.raises(IndexError, match="has 96 frames"):
            reader[FRAMES]


def test_other_pixels_of_the_two_decoders_forbid_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = _write(tmp_path / "closed.mp4", "libx264", {})
    retrieve = decoders._OpenCVDecoder.retrieve
    monkeypatch.setattr(decoders._OpenCVDecoder, "retrieve", lambda self: retrieve(self) ^ 1)
    whole = read_video_frames(video)
    with VideoReader(video) as reader:
        np.testing.assert_array_equal(reader[80], whole[80])


def test_variable_frame_rate(tmp_path: Path) -> None:
    times = [number + (number // 10) * 5 for number in range(FRAMES)]
    video = _write(tmp_path / "variable.mkv", "libx264", {}, times)
    expected = np.array(times) / 25
    whole = read_video_frames(video)
    for backend in ("auto", "pyav"):
        with VideoReader(video, backend=backend) as reader:
            np.testing.assert_array_equal(reader.at(expected[61] + 0.01), whole[61])
            np.testing.assert_array_equal(reader.at(expected[59] + 0.2), whole[59], err_msg="shown until the next")
            np.testing.assert_array_equal(reader.at(0), whole[0])
            np.testing.assert_allclose(reader.timestamps, expected, atol=0.001)


def test_at_without_pyav(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_video_frames(drawn_video)
    monkeypatch.setattr(decoders, "has_pyav", lambda: False)
    with VideoReader(drawn_video) as reader:
        np.testing.assert_array_equal(reader.at(0.27), whole[5])


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf")])
def test_times_that_are_none(drawn_video: Path, seconds: float) -> None:
    with VideoReader(drawn_video) as reader, pytest.raises(ArgumentError, match="seconds must be a finite number"):
        reader.at(seconds)


def test_a_time_after_the_end(drawn_video: Path) -> None:
    with VideoReader(drawn_video) as reader, pytest.raises(IndexError, match=r"ends at 0.6\d* seconds; nothing"):
        reader.at(0.7)


def test_backends_are_checked(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArgumentError, match="backend='ffmpeg' is unknown: use one of 'auto', 'opencv', 'pyav'"):
        VideoReader(drawn_video, backend="ffmpeg")
    monkeypatch.setattr(decoders, "has_pyav", lambda: False)
    with pytest.raises(MissingDependencyError, match="backend='pyav' needs PyAV: `python -m pip install av`"):
        VideoReader(drawn_video, backend="pyav")


def test_real_videos_equal_pyavs_decode(real_video: Path) -> None:
    with av.open(str(real_video)) as container:
        frames = list(container.decode(video=0))
    with VideoReader(real_video) as reader:
        assert len(reader) == len(frames)
        stamps = sorted(frame.time for frame in frames)  # in two AVI files, PyAV's go up and down
        np.testing.assert_allclose(reader.timestamps, stamps, atol=0.04)
        draw = random.Random(real_video.name)
        for index in [draw.randrange(len(frames)) for _ in range(8)]:
            turns = round(frames[index].rotation / 90) % 4
            expected = np.rot90(frames[index].to_ndarray(format="rgb24"), turns)
            difference = np.abs(reader[index].astype(int) - expected)
            assert difference.max() <= 1, f"frame {index}"


def test_interlaced_pictures_keep_both_fields(tmp_path: Path) -> None:
    video = _write(tmp_path / "fields.mkv", "libx264", {"flags": "+ilme+ildct"})
    with av.open(str(video)) as container:
        expected = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    np.testing.assert_array_equal(read_video_frames(video), expected)
