"""Where a decoder swallows a picture without an error, jumps still give the frames of decoding from the start."""

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import VideoError
from kinema.video import VideoReader
from kinema.video._fields import read_object_layer

av = pytest.importorskip("av")
_pyav = pytest.importorskip("kinema.video._pyav")

FRAMES = 64
KEYS = 16
_CODECS = {
    "h264.mkv": ("libx264", {"bf": "3"}),
    "hevc.mkv": ("libx265", {"x265-params": "log-level=none"}),
    "mpeg2.mkv": ("mpeg2video", {"bf": "2"}),
    "mpeg4.avi": ("mpeg4", {"bf": "2"}),
    "mpeg4.mp4": ("mpeg4", {}),
    "vp9.webm": ("libvpx-vp9", {}),
    "mjpeg.avi": ("mjpeg", {}),
}


def _write(path: Path, times: list[int] | None = None) -> Path:
    codec, options = _CODECS[path.name]
    draw = random.Random(path.name)
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV has no {codec}")
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.options = 64, 48, pixels, options
        stream.codec_context.gop_size = KEYS
        for number in range(FRAMES):
            picture = np.full((48, 64, 3), 3 * number, np.uint8)
            left, top = draw.randrange(48), draw.randrange(32)
            picture[top : top + 16, left : left + 16] = (250, 60, number)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = number if times is None else times[number], Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _with_packets(source: Path, change: Callable[[int, bytearray, bytes], bytearray | None]) -> Path:
    """A copy whose packets are what `change` makes of their number, content and the header of the stream."""
    path = source.with_stem("changed")
    with av.open(str(source)) as reading, av.open(str(path), "w") as writing:
        stream = reading.streams.video[0]
        target = writing.add_stream_from_template(stream)
        packets = [packet for packet in reading.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            content = change(number, bytearray(bytes(packet)), stream.codec_context.extradata or b"")
            if content is None:
                continue
            copy = av.Packet(bytes(content))
            copy.pts, copy.dts, copy.duration, copy.time_base = (
                packet.pts,
                packet.dts,
                packet.duration,
                packet.time_base,
            )
            copy.is_keyframe, copy.stream = packet.is_keyframe, target
            writing.mux(copy)
    return path


def _read(path: Path, backend: str) -> tuple[list[np.ndarray], bool]:
    """The frames up to the first damage, and whether there was one."""
    frames = []
    try:
        with VideoReader(path, backend=backend) as reader:
            for frame in reader:
                frames.append(frame)
    except VideoError:
        return frames, True
    return frames, False


@pytest.mark.parametrize("backend", ["auto", "pyav"])
@pytest.mark.parametrize("name", _CODECS)
def test_jumps_behind_damage_at_random(tmp_path: Path, name: str, backend: str) -> None:
    source = _write(tmp_path / name)
    for seed in range(6):
        draw = random.Random(f"{name} {seed}")
        hit = draw.randrange(18, 44)

        def damage(
            number: int, content: bytearray, header: bytes, hit: int = hit, draw: random.Random = draw
        ) -> bytearray:
            if number == hit:
                content[draw.randrange(min(12, len(content)))] ^= 1 << draw.randrange(8)
                if draw.random() < 0.3:
                    del content[draw.randrange(1, len(content)) :]
            return content

        path = _with_packets(source, damage)
        frames, damaged = _read(path, backend)
        for index in (50, FRAMES - 2):
            with VideoReader(path, backend=backend) as reader:
                if index < len(frames):
                    np.testing.assert_array_equal(reader[index], frames[index], err_msg=f"{seed}: frame {index}")
                elif not damaged:
                    with pytest.raises(IndexError):
                        reader[index]


@pytest.mark.parametrize("backend", ["auto", "pyav"])
@pytest.mark.parametrize("name", ["mpeg4.mp4", "mpeg4.avi"])
def test_pictures_that_are_marked_as_not_coded_have_no_number(tmp_path: Path, name: str, backend: str) -> None:
    def mark(number: int, content: bytearray, header: bytes) -> bytearray:
        if number == 21:
            time_bits, _ = read_object_layer(header)  # type: ignore[misc]
            bit = 8 * (content.index(b"\x00\x00\x01\xb6") + 4) + 2 + 1 + 1 + time_bits + 1
            assert content[bit // 8] >> (7 - bit % 8) & 1
            content[bit // 8] ^= 1 << (7 - bit % 8)
        return content

    path = _with_packets(_write(tmp_path / name), mark)
    frames, damaged = _read(path, backend)
    assert len(frames) == FRAMES - 1
    assert not damaged
    with VideoReader(path, backend=backend) as reader:
        np.testing.assert_array_equal(reader[60], frames[60])
    with pytest.raises(_pyav.IndexLiesError):
        _pyav.read_index(path, reader._cursor._options)


def _without_a_picture(number: int, content: bytearray, header: bytes) -> bytearray:
    if number == 40:
        content[content.index(b"\x00\x00\x01\x00") + 3] = 0xB2  # user data
    return content


@pytest.mark.parametrize("backend", ["auto", "pyav"])
@pytest.mark.parametrize("isolated", [False, True])
def test_a_packet_without_its_picture_is_damage(tmp_path: Path, backend: str, isolated: bool) -> None:
    path = _with_packets(_write(tmp_path / "mpeg2.mkv"), _without_a_picture)
    with VideoReader(path, backend=backend, isolated=isolated) as reader:
        with pytest.raises(VideoError, match=r"is damaged: the data after frame \d\d cannot be decoded"):
            reader.read()
        assert reader.lost == 1
    with VideoReader(path, backend=backend, isolated=isolated, on_error="skip") as reader:
        assert len(reader) == FRAMES - 1
        assert reader.lost == 1


def test_an_uneven_rate_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [number + 3 * (number > 37) + 2 * (number > 50) for number in range(FRAMES)]
    for name in ("h264.mkv", "mpeg4.avi", "mpeg2.mkv"):
        path = _write(tmp_path / name, times)
        whole, damaged = _read(path, "pyav")
        assert (len(whole), damaged) == (FRAMES, False)
        with VideoReader(path) as reader:
            np.testing.assert_array_equal(reader.read(), whole)
            assert reader.lost == 0
            np.testing.assert_allclose(reader.timestamps - reader.timestamps[0], np.array(times) / 25, atol=0.001)


def test_the_packets_of_an_address_are_not_read_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "h264.mkv", [number + 3 * (number > 20) for number in range(FRAMES)])

    def read_on(*arguments: object) -> None:
        raise AssertionError("a camera's stream does not end")

    monkeypatch.setattr(_pyav, "read_index", read_on)
    with VideoReader(f"file:{path}", allow_urls=True) as reader:
        assert sum(1 for _ in reader) == FRAMES


def test_an_index_found_to_lie_on_the_way_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [number + 3 * (number > 20) for number in range(FRAMES)]
    path = _write(tmp_path / "h264.mkv", times)
    whole, _ = _read(path, "pyav")
    read_index = _pyav.read_index

    def lying(*arguments: object) -> object:
        index = read_index(*arguments)
        index.shown[41] += 1
        return index

    monkeypatch.setattr(_pyav, "read_index", lying)
    with VideoReader(path) as reader:
        np.testing.assert_array_equal(reader.read(), whole)


def test_what_is_left_out_is_the_same_each_time(tmp_path: Path) -> None:
    draw = random.Random(0)

    def damage(number: int, content: bytearray, header: bytes) -> bytearray:
        if number < 20:
            for _ in range(3):
                content[draw.randrange(8, len(content))] ^= 1 << draw.randrange(8)
        return content

    path = _with_packets(_write(tmp_path / "h264.mkv"), damage)
    outcomes = set()
    for _ in range(8):
        with VideoReader(path, on_error="skip") as reader:
            outcomes.add((len(reader), reader.lost))
            assert reader[len(reader) - 1].shape == (48, 64, 3)
    assert len(outcomes) == 1
