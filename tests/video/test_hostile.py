"""What poses as a video is refused before a decoder sees it; damage costs the frames it hit."""

import os
from pathlib import Path

import numpy as np
import pytest

import kinema.video._decoders as decoders
import kinema.video._limits as limits
from kinema.errors import ArgumentError, VideoError
from kinema.video import VideoReader, write_video

cv2 = pytest.importorskip("cv2")


@pytest.mark.parametrize(
    "address", ["http://localhost:9/clip.mp4", "concat:a.mp4|b.mp4", "rtsp://camera/1", "file:clip.mp4", "data:x,1"]
)
def test_addresses_are_refused(address: str) -> None:
    with pytest.raises(VideoError, match=r"is no file but an address \(\w+:\).*allow_urls=True"):
        VideoReader(address)


def test_addresses_are_opened_where_allowed(drawn_video: Path) -> None:
    pytest.importorskip("av")
    with VideoReader(f"file:{drawn_video}", allow_urls=True) as reader:
        assert len(reader) == 12


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", "an HLS playlist"),
        (b"#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n\0\1\2", "an HLS playlist"),
        (b"ffconcat version 1.0\nfile '{}'\n\0", r"a list of files to join \(concat\)"),
        (b"\0<?xml?><MPD type='static'><BaseURL>{}</BaseURL></MPD>", "a DASH playlist"),
        (b"v=0\nc=IN IP4 10.0.0.1\nm=video 5004 RTP/AVP 96\n\0", "a description of a network stream"),
    ],
)
def test_playlists_posing_as_files(drawn_video: Path, tmp_path: Path, content: bytes, what: str) -> None:
    posing = tmp_path / "posing.mp4"
    posing.write_bytes(content.replace(b"{}", drawn_video.name.encode()))
    with pytest.raises(VideoError, match=f"is {what}.*allow_urls=True"):
        VideoReader(posing)


def test_sound_before_a_list_is_refused(tmp_path: Path) -> None:
    posing = tmp_path / "posing.mp4"
    posing.write_bytes(b"ID3\x04\0\0\0\7\x7f\x7f" + bytes(1 << 17) + b"#EXTM3U\n")
    with pytest.raises(VideoError, match="begins with an ID3 tag"):
        VideoReader(posing)


@pytest.mark.parametrize("name", ["frame%03d.png", "frame%d.gif", "%4d"])
def test_patterns_posing_as_files(tmp_path: Path, drawn: np.ndarray, name: str) -> None:
    (tmp_path / name).write_bytes(b"GIF89a" + bytes(100))
    with pytest.raises(VideoError, match="reads as a pattern of numbered pictures.*give the folder"):
        VideoReader(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(VideoError, match="is a device or a pipe, not a video file"):
        VideoReader(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("backend", ["opencv", "pyav"])
def test_absurd_dimensions(tmp_path: Path, drawn: np.ndarray, backend: str) -> None:
    if backend == "pyav":
        pytest.importorskip("av")
    file = write_video(tmp_path / "wide.avi", drawn)
    with pytest.raises(VideoError, match="wide.avi'.*more than max_pixels=1,000 allows"):
        VideoReader(file, backend=backend, max_pixels=1000)


def test_frames_too_large_are_refused_before_a_decoder_takes_memory_for_them(
    tmp_path: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av")
    file = write_video(tmp_path / "wide.mp4", drawn)

    def open_capture(*arguments: object) -> None:
        raise AssertionError("OpenCV decodes pictures to open a file")

    monkeypatch.setattr(decoders, "_OpenCVDecoder", open_capture)
    with pytest.raises(VideoError, match="wide.mp4'.*more than max_pixels=1,000 allows"):
        VideoReader(file, max_pixels=1000)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_pictures_that_grow_beyond_max_pixels_are_not_decoded(tmp_path: Path, on_error: str) -> None:
    av = pytest.importorskip("av")
    small, large = ((height, 64) for height in (48, 480))
    file = tmp_path / "grows.ts"
    parts = []
    for height, width in (small, large):
        with av.open(str(tmp_path / "part.ts"), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for _ in range(5):
                picture = np.zeros((height, width, 3), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        parts.append((tmp_path / "part.ts").read_bytes())
    file.write_bytes(b"".join(parts))
    with VideoReader(file, backend="pyav") as reader:
        assert len(reader) == 10
    with VideoReader(file, backend="pyav", max_pixels=64 * 48, on_error=on_error) as reader:
        if on_error == "raise":
            with pytest.raises(VideoError, match=r"the data after frame \d+ cannot be decoded"):
                reader.read()
        else:
            assert 0 < len(reader.read()) <= 5, "those that were under way are lost, too"
            assert reader.lost


def test_frames_that_exceed_the_memory(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinema.video.reader._FIRST_ALLOCATION", 1)
    monkeypatch.setattr(limits, "physical_memory", lambda: 20 * 48 * 64 * 3)
    clip = write_video(drawn_video.with_name("long.webm"), np.zeros((40, 48, 64, 3), np.uint8))
    with VideoReader(clip) as reader, pytest.raises(VideoError, match=r"32 frames of .*more than this machine has"):
        reader.read()


def test_on_error_is_checked(drawn_video: Path) -> None:
    with pytest.raises(ArgumentError, match="on_error='ignore' is unknown: use one of 'raise', 'skip', 'keep'"):
        VideoReader(drawn_video, on_error="ignore")


def test_lost_frames_of_a_damaged_file(shared_data: Path) -> None:
    pytest.importorskip("av")
    file = shared_data / "videos/decord/corrupted.mp4"
    with VideoReader(file, size=36, on_error="skip") as reader:
        sound = reader.read()
        assert len(sound) == len(reader) == 49
        assert reader.lost == 1
        np.testing.assert_array_equal(reader[-1], sound[-1])
    with VideoReader(file, size=36, on_error="keep") as reader:
        assert len(reader) == 49
        assert reader.lost == 1
    with VideoReader(file, size=36, allow_damaged=True) as reader:
        assert len(reader) == 49


@pytest.mark.parametrize("on_error", ["skip", "keep"])
def test_lost_frames_of_a_file_cut_short(tmp_path: Path, drawn: np.ndarray, on_error: str) -> None:
    file = write_video(tmp_path / "cut.avi", np.concatenate([drawn] * 4))
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 6 // 10])
    with VideoReader(file, on_error=on_error) as reader:
        count = len(reader)
        assert 12 < count < 48
        assert count + reader.lost == 48


def _pictures(folder: Path, count: int = 12) -> list[np.ndarray]:
    folder.mkdir()
    pictures = [np.full((20, 30, 3), (10 * number, 5, 200), np.uint8) for number in range(count)]
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"frame{number}.png"), picture[..., ::-1])
    return pictures


def test_a_folder_of_pictures_is_a_video(tmp_path: Path) -> None:
    pictures = np.stack(_pictures(tmp_path / "50%d"))
    (tmp_path / "50%d" / "notes.txt").write_text("not a picture")
    with VideoReader(tmp_path / "50%d") as reader:
        assert (len(reader), reader.fps, reader.codec) == (12, 25.0, "pictures")
        np.testing.assert_array_equal(reader.read(), pictures)
        np.testing.assert_array_equal(reader[10], pictures[10])
        np.testing.assert_array_equal(reader[9:2:-3], pictures[9:2:-3])
        np.testing.assert_array_equal(reader.at(0.13), pictures[3])


def test_a_damaged_picture(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path / "frames")
    (tmp_path / "frames" / "frame3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with VideoReader(tmp_path / "frames") as reader:
        np.testing.assert_array_equal(reader[4], pictures[4])
        with pytest.raises(VideoError, match=r"frame3\.png' cannot be read as a picture"):
            reader.read()
    with VideoReader(tmp_path / "frames", on_error="skip") as reader:
        assert len(reader) == 11
        assert reader.lost == 1
        np.testing.assert_array_equal(reader[3], pictures[4])
