"""Frames are exact whatever the order they are asked for in, and unreadable files say what is wrong with them."""

import hashlib
import importlib.util
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kinema.video._decoders as decoders
from kinema.errors import ArgumentError, KinemaError, MissingDependencyError, VideoError
from kinema.video import VideoReader, read_video_frames, write_video
from kinema.video._convert import FrameFormat


def fingerprint(frame: np.ndarray) -> bytes:
    return hashlib.blake2b(frame.tobytes()).digest()


def test_iterating_gives_every_frame_once(drawn_video: Path, drawn: np.ndarray) -> None:
    with VideoReader(drawn_video) as reader:
        frames = list(iter(reader))
        assert next(iter(reader)).tolist() == frames[0].tolist(), "a second pass starts again"
    assert len(frames) == len(drawn)
    assert np.abs(np.stack(frames).astype(int) - drawn).mean() < 6


def test_properties(drawn_video: Path) -> None:
    with VideoReader(drawn_video) as reader:
        assert reader.size == (48, 64)
        assert reader.fps == pytest.approx(20)
        assert reader.codec == "VP90"
        assert len(reader) == 12
        np.testing.assert_allclose(reader.timestamps, np.arange(12) / 20, atol=0.002)
        assert "drawn.webm" in repr(reader)


def test_access_by_index_slice_and_backwards(drawn_video: Path) -> None:
    whole = read_video_frames(drawn_video)
    with VideoReader(drawn_video) as reader:
        for index in (5, 2, 2, 11, 0, -1, -12):
            np.testing.assert_array_equal(reader[index], whole[index])
        for cut in (
            slice(3, 7),
            slice(None),
            slice(None, None, -1),
            slice(-3, None),
            slice(9, 2, -3),
            slice(4, 4),
            slice(8, 99),
        ):
            np.testing.assert_array_equal(reader[cut], whole[cut], err_msg=str(cut))


def test_the_truth_of_a_reader_costs_no_decoding(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VideoReader(drawn_video) as reader:
        monkeypatch.setattr(VideoReader, "__len__", lambda self: pytest.fail("decoded"))
        assert reader


def test_a_frame_handed_out_is_the_callers_own(drawn_video: Path) -> None:
    with VideoReader(drawn_video) as reader:
        first = reader[0]
        kept = first.copy()
        first[...] = 0
        np.testing.assert_array_equal(reader[0], kept)


@pytest.mark.parametrize("index", [12, -13])
def test_index_outside_the_video(drawn_video: Path, index: int) -> None:
    with (
        VideoReader(drawn_video) as reader,
        pytest.raises(IndexError, match=f"Frame {index} of .*the video has 12 frames"),
    ):
        reader[index]


def test_a_closed_reader_says_so(drawn_video: Path) -> None:
    reader = VideoReader(drawn_video)
    reader.close()
    with pytest.raises(ArgumentError, match="is closed: make a new VideoReader"):
        reader[0]


def test_size_is_height_then_width(drawn_video: Path) -> None:
    assert read_video_frames(drawn_video, size=(24, 40)).shape == (12, 24, 40, 3)
    assert read_video_frames(drawn_video, size=[96, 100]).shape == (12, 96, 100, 3)
    assert read_video_frames(drawn_video, size=16).shape == (12, 16, 16, 3)


def test_stride_and_max_frames(drawn_video: Path) -> None:
    whole = read_video_frames(drawn_video)
    np.testing.assert_array_equal(read_video_frames(drawn_video, stride=5), whole[::5])
    np.testing.assert_array_equal(read_video_frames(drawn_video, stride=2, max_frames=3), whole[:6:2])
    assert len(read_video_frames(drawn_video, max_frames=100)) == 12


def test_colors(drawn_video: Path) -> None:
    rgb = read_video_frames(drawn_video)
    np.testing.assert_array_equal(read_video_frames(drawn_video, color="bgr"), rgb[..., ::-1])
    gray = read_video_frames(drawn_video, color="gray")
    assert gray.shape == (12, 48, 64, 1)
    np.testing.assert_allclose(gray[..., 0], rgb @ [0.299, 0.587, 0.114], atol=1)


def test_reading_more_frames_than_the_first_allocation_holds(
    drawn_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_video_frames(drawn_video, stride=1)
    monkeypatch.setattr("kinema.video.reader._FIRST_ALLOCATION", 1)
    clip = write_video(drawn_video.with_name("long.webm"), np.concatenate([whole] * 4))
    frames = read_video_frames(clip)
    assert frames.shape == (48, 48, 64, 3)
    assert frames.flags.owndata
    assert frames.flags.c_contiguous


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (0, 4)}, r"size must be \(height, width\).*got \(0, 4\)"),
        ({"size": (2.5, 4)}, r"size must be \(height, width\)"),
        ({"stride": 0}, "stride must be a whole number of at least 1; got 0"),
        ({"max_frames": -1}, "max_frames must be a whole number of at least 1; got -1"),
        ({"color": "hsv"}, "color='hsv' is unknown: use one of 'rgb', 'bgr', 'gray'"),
    ],
)
def test_arguments_are_checked(drawn_video: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        read_video_frames(drawn_video, **arguments)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"There is no video file .*absent\.mp4") as caught:
        VideoReader(tmp_path / "absent.mp4")
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, KinemaError)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.mp4", b"", r"is empty \(0 bytes\)"),
        ("notes.mp4", b"just some notes\n" * 40, "holds text, not video"),
        ("noise.mp4", bytes(range(256)) * 40, "is not a video OpenCV can open"),
        ("picture.mp4", b"\x89PNG\r\n\x1a\n" + bytes(100), "is a PNG picture, not a video"),
        ("header.mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "not a video|no frame|no pictures"),
    ],
)
def test_files_that_are_no_video(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(VideoError, match=message):
        VideoReader(file)


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"is a folder, not a video file.*VideoFolder"):
        VideoReader(tmp_path)


@pytest.mark.parametrize("ending", [".webm", ".mp4", ".avi"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_truncated_files(tmp_path: Path, drawn: np.ndarray, ending: str, part: float) -> None:
    pytest.importorskip("av") if ending == ".mp4" else None
    whole = write_video(tmp_path / f"whole{ending}", drawn)
    cut = tmp_path / f"cut{ending}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * part)])
    with pytest.raises(VideoError, match=r"is cut short: .*Copy or download it again"):
        read_video_frames(cut)


def test_what_is_left_of_a_truncated_file_can_be_read(tmp_path: Path, drawn: np.ndarray) -> None:
    whole = write_video(tmp_path / "whole.webm", drawn)
    cut = tmp_path / "cut.webm"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with VideoReader(cut, allow_damaged=True) as reader:
        assert 0 < len(reader) < 12


def test_an_interrupted_mp4_recording(tmp_path: Path, drawn: np.ndarray) -> None:
    pytest.importorskip("av")
    content = write_video(tmp_path / "whole.mp4", drawn).read_bytes()
    broken = tmp_path / "interrupted.mp4"
    broken.write_bytes(content[: content.rindex(b"moov") - 4])
    with pytest.raises(VideoError, match=r"index \(the 'moov' box\) is missing"):
        VideoReader(broken)


def test_no_decoder_for_the_codec_names_pyav(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders._OpenCVDecoder, "grab", lambda self: False)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(VideoError, match=r"gets no frame out of it \(codec 'VP90'\).*pip install av"):
        VideoReader(drawn_video)


def test_pyav_takes_over_where_opencv_gets_no_frame(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")
    expected = read_video_frames(drawn_video)
    monkeypatch.setattr(decoders._OpenCVDecoder, "grab", lambda self: False)
    with VideoReader(drawn_video) as reader:
        np.testing.assert_array_equal(reader.read(), expected)
        np.testing.assert_array_equal(reader[3], expected[3])


def test_a_missing_opencv_is_explained(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependencyError, match=r"Video needs OpenCV: .*opencv-python-headless") as caught:
        read_video_frames(drawn_video)
    assert isinstance(caught.value, ImportError)


def test_importing_video_does_not_load_opencv() -> None:
    code = "import sys, kinema.video; sys.exit(bool({'cv2', 'av', 'h5py', 'rich'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_real_videos_are_exact_in_any_order(real_video: Path) -> None:
    if real_video.name.startswith("av1"):
        pytest.importorskip("av")
    with VideoReader(real_video) as reader:
        marks = [fingerprint(frame) for frame in reader]
        count = len(marks)
        assert len(reader) == count
        seconds = reader.timestamps
        assert len(seconds) == count
        assert (np.diff(seconds) > 0).all()
        draw = random.Random(real_video.name)
        for index in [draw.randrange(-count, count) for _ in range(4)] + [-1, 0]:
            assert fingerprint(reader[index]) == marks[index]
        start = draw.randrange(count)
        assert [fingerprint(frame) for frame in reader[start : start + 5]] == marks[start : start + 5]
        assert [fingerprint(frame) for frame in reader[start + 4 : start : -2]] == marks[start + 4 : start : -2]


@pytest.mark.parametrize(("turn", "size"), [(0, (320, 568)), (90, (568, 320)), (180, (320, 568)), (270, (568, 320))])
def test_rotation_flags_are_applied(
    shared_data: Path, turn: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shared_data / f"videos/decord/video_{turn}.mov"
    with VideoReader(file) as reader:
        assert reader.size == size
        turned = reader.read()
    assert turned.shape == (3, *size, 3)
    if importlib.util.find_spec("av"):
        monkeypatch.setattr(decoders._OpenCVDecoder, "grab", lambda self: False)
        np.testing.assert_array_equal(read_video_frames(file), turned)


def test_containers_that_promise_other_counts_than_they_hold(shared_data: Path) -> None:
    for name, promised, held in (("balle1-vp9.avi", 300, 295), ("Principe_inertie.avi", 28, 28)):
        with VideoReader(shared_data / "videos/debian_mecavideo" / name) as reader:
            assert len(reader) == held <= promised


def test_av1_is_read_through_pyav(shared_data: Path) -> None:
    pytest.importorskip("av")
    assert read_video_frames(shared_data / "videos/torchcodec/av1_video.mkv", size=(36, 64), stride=10).shape == (
        13,
        36,
        64,
        3,
    )


def test_a_damaged_file_raises_where_the_damage_is(shared_data: Path) -> None:
    file = shared_data / "videos/decord/corrupted.mp4"
    with pytest.raises(VideoError, match=r"corrupted\.mp4' is damaged: the data after frame 27 cannot be decoded"):
        read_video_frames(file, size=(36, 64))
    assert len(read_video_frames(file, size=(36, 64), max_frames=20)) == 20
    with VideoReader(file, size=(36, 64), allow_damaged=True) as reader:
        assert len(reader.read()) == len(reader) == 49


def test_sound_is_no_video(shared_data: Path, tmp_path: Path) -> None:
    file = shutil.copy(shared_data / "videos/torchcodec/sine_mono_s16.wav", tmp_path / "sound.mp4")
    with pytest.raises(VideoError, match=r"holds no pictures|is not a video OpenCV can open"):
        VideoReader(file)


@pytest.mark.parametrize("size", [(30, 20), (60, 80), (24, 40), (13, 17), (240, 320), (300, 100)])
def test_resizing_keeps_the_picture(size: tuple[int, int]) -> None:
    rows, columns = np.mgrid[0:240, 0:320]
    picture = np.stack([rows * 255 / 239, columns * 255 / 319, 128 + 0 * rows], axis=-1).astype(np.uint8)
    resized = FrameFormat(*size, "bgr").convert(picture)
    assert resized.shape == (*size, 3)
    height, width = size
    expected_rows = ((np.arange(height) + 0.5) / height * 240 - 0.5) * 255 / 239
    expected_columns = ((np.arange(width) + 0.5) / width * 320 - 0.5) * 255 / 319
    np.testing.assert_allclose(resized[..., 0], np.broadcast_to(expected_rows[:, np.newaxis], size), atol=2)
    np.testing.assert_allclose(resized[..., 1], np.broadcast_to(expected_columns, size), atol=2)


@pytest.mark.parametrize("ending", [".webm", ".mp4", ".avi"])
def test_mangled_files_give_frames_or_a_video_error(tmp_path: Path, drawn: np.ndarray, ending: str) -> None:
    if ending == ".mp4":
        pytest.importorskip("av")
    whole = write_video(tmp_path / f"whole{ending}", drawn).read_bytes()
    mangled = tmp_path / f"mangled{ending}"
    draw = random.Random(ending)
    outcomes = set()
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(draw.choice([1, 5, 40])):
            content[draw.randrange(draw.choice([300, len(content)]))] = draw.randrange(256)
        start = draw.randrange(len(content))
        del content[start : start + draw.choice([0, 0, 100, len(content)])]
        mangled.write_bytes(content)
        try:
            outcomes.add(len(read_video_frames(mangled)) > 0)
        except VideoError as error:
            outcomes.add(mangled.name in str(error))
    assert outcomes == {True}


def test_names_that_mean_something_to_other_programs(
    tmp_path: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("50%d é 視頻.webm", "a=b,c.webm" if os.name == "nt" else "http:a?b.webm", "-i.webm", "0.avi"):
        write_video(name, drawn[:3])
        assert len(read_video_frames(name)) == 3


def test_a_missing_system_library_is_explained(
    drawn_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.delitem(sys.modules, "cv2")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        MissingDependencyError,
        match=r"a system library .* cannot be loaded \(libGL\.so\.1: .*pip install opencv-python-headless",
    ):
        read_video_frames(drawn_video)
