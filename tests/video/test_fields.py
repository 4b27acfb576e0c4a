"""Streams that may hold interlaced pictures are known by their headers, whatever their first picture is."""

from pathlib import Path

import numpy as np
import pytest

import kinema.video._decoders as decoders
from kinema.video import VideoReader, read_video_frames
from kinema.video._fields import may_interlace

av = pytest.importorskip("av")

_FIELDS = {"flags": "+ilme+ildct"}
_STREAMS = [
    ("plain.mkv", "libx264", "yuv420p", {}, False),
    ("plain.ts", "libx264", "yuv420p", {}, False),
    ("fields.mkv", "libx264", "yuv420p", _FIELDS, True),
    ("fields.ts", "libx264", "yuv420p", _FIELDS, True),
    ("scaling.mp4", "libx264", "yuv444p", {"x264-params": "cqm=jvt"}, False),
    ("scaling_fields.mp4", "libx264", "yuv444p", {"x264-params": "cqm=jvt:tff=1"}, True),
    ("plain.mpg", "mpeg2video", "yuv420p", {}, False),
    ("fields.mpg", "mpeg2video", "yuv420p", _FIELDS, True),
    ("plain.avi", "mpeg4", "yuv420p", {}, False),
    ("fields.avi", "mpeg4", "yuv420p", _FIELDS, True),
    ("aspect.mp4", "mpeg4", "yuv420p", {**_FIELDS, "aspect": "5:4"}, True),
    ("plain.webm", "libvpx-vp9", "yuv420p", {}, False),
]


def _write(path: Path, codec: str, pixels: str, options: dict[str, str], frames: int = 10) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (frames, 48, 64, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        stream.options = options
        for picture in noise:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels)))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(("name", "codec", "pixels", "options", "fields"), _STREAMS, ids=[row[0] for row in _STREAMS])
def test_the_header_tells(
    tmp_path: Path, name: str, codec: str, pixels: str, options: dict[str, str], fields: bool
) -> None:
    path = _write(tmp_path / name, codec, pixels, options)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert may_interlace(stream.codec_context.name, stream.codec_context.extradata) is fields
        assert any(frame.interlaced_frame for frame in container.decode(stream)) is fields


@pytest.mark.parametrize("codec", ["h264", "mpeg2video", "mpeg4"])
@pytest.mark.parametrize(
    "header", [None, b"", b"\x01", b"\x01d\x00\x1f\xff\xe1\x00\x04gd\x00\x1f", b"\x00\x00\x01\x20\xff"]
)
def test_headers_that_are_cut_tell_nothing(codec: str, header: bytes | None) -> None:
    assert may_interlace(codec, header) is None


def test_fields_that_come_after_whole_pictures(tmp_path: Path) -> None:
    whole = _write(tmp_path / "whole.ts", "libx264", "yuv420p", {"x264-params": "fake-interlaced=1"})
    fields = _write(tmp_path / "fields.ts", "libx264", "yuv420p", {"x264-params": "tff=1"})
    both = tmp_path / "both.ts"
    both.write_bytes(whole.read_bytes() + fields.read_bytes())
    with av.open(str(both)) as container:
        frames = list(container.decode(video=0))
    assert not frames[0].interlaced_frame
    assert frames[-1].interlaced_frame
    np.testing.assert_array_equal(read_video_frames(both), [frame.to_ndarray(format="rgb24") for frame in frames])


def test_a_codec_whose_header_is_not_read_is_judged_by_its_first_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoders, "may_interlace", lambda codec, header: None)
    for name, options, chosen in (("plain.mkv", {}, "FMP4"), ("fields.mkv", _FIELDS, "mpeg4")):
        with VideoReader(_write(tmp_path / name, "mpeg4", "yuv420p", options)) as reader:
            assert reader.codec == chosen, "the name that OpenCV or PyAV has for it"
