"""Frames have the sizes, colours and numbers that were asked for, and the levels that OpenCV gives them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from kinema import _rust
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.video import VideoReader, read_video_frames
from kinema.video._convert import FrameFormat

_CODES = {"rgb": cv2.COLOR_BGR2RGB, "bgr": None, "gray": cv2.COLOR_BGR2GRAY}


def _picture(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(noise, (3, 3), 1)


def _opencv(picture: np.ndarray, size: tuple[int, int], color: str, interpolation: int) -> np.ndarray:
    resized = picture if picture.shape[:2] == size else cv2.resize(picture, size[::-1], interpolation=interpolation)
    code = _CODES[color]
    return (resized if code is None else cv2.cvtColor(resized, code)).reshape(*size, -1)


@pytest.mark.parametrize("color", ["rgb", "bgr", "gray"])
@pytest.mark.parametrize("size", [(112, 112), (90, 160), (180, 320), (360, 640), (1, 1), (359, 3), (360, 200)])
@pytest.mark.parametrize(("interpolation", "code"), [("area", cv2.INTER_AREA), ("bilinear", cv2.INTER_LINEAR)])
def test_frames_are_opencvs_within_two_levels(size: tuple[int, int], color: str, interpolation: str, code: int) -> None:
    picture = _picture(360, 640)
    want = _opencv(picture, size, color, code).astype(float)
    levels = FrameFormat(*size, color, interpolation).convert(picture)
    floats = FrameFormat(*size, color, interpolation, "float32", 1 / 255).convert(picture)
    assert (levels.dtype, floats.dtype) == (np.uint8, np.float32)
    np.testing.assert_allclose(levels, want, atol=2)
    np.testing.assert_allclose(floats * 255, want, atol=2)


@pytest.mark.parametrize("size", [(100, 130), (700, 64), (64, 700)])
def test_frames_that_grow_are_bilinear(size: tuple[int, int]) -> None:
    picture = _picture(60, 80)
    levels = FrameFormat(*size, "bgr").convert(picture)
    np.testing.assert_allclose(levels, _opencv(picture, size, "bgr", cv2.INTER_LINEAR).astype(float), atol=2)


@pytest.mark.parametrize("part", [np.s_[5:50, 7:60], np.s_[::-1], np.s_[:, ::-1], np.s_[::2, ::3], np.s_[9:10, 3:4]])
def test_a_part_of_a_picture_is_converted_like_its_copy(part: tuple[slice, ...]) -> None:
    picture = _picture(64, 80)
    for frame_format in (FrameFormat(16, 16, "rgb"), FrameFormat(20, 30, "gray", "bilinear", "float32")):
        np.testing.assert_array_equal(
            frame_format.convert(picture[part]), frame_format.convert(np.ascontiguousarray(picture[part]))
        )


def test_a_frame_is_written_into_its_place_in_a_clip() -> None:
    picture = _picture(64, 80)
    frame_format = FrameFormat(16, 20, "rgb", dtype="float32")
    clip = np.zeros((3, 16, 20, 3), np.float32)
    assert frame_format.convert(picture, out=clip[1]).base is clip
    np.testing.assert_array_equal(clip[1], frame_format.convert(picture))
    assert not clip[0].any()
    assert not clip[2].any()


def test_a_picture_in_rgb_needs_no_swap() -> None:
    picture = _picture(24, 32)
    frame_format = FrameFormat(12, 10, "rgb")
    np.testing.assert_array_equal(
        frame_format.convert(np.ascontiguousarray(picture[..., ::-1]), source="rgb"), frame_format.convert(picture)
    )


def test_a_reader_gives_floats_and_bilinear_frames(drawn_video: Path) -> None:
    with VideoReader(drawn_video, (20, 30), dtype=np.float32) as floats, VideoReader(drawn_video, (20, 30)) as levels:
        clip = floats.read()
        assert clip.dtype == np.float32
        np.testing.assert_allclose(clip, levels.read().astype(float), atol=0.51)
        assert floats[3].dtype == np.float32
    with (
        VideoReader(drawn_video, color="bgr") as whole,
        VideoReader(drawn_video, (20, 30), "bgr", interpolation="bilinear") as small,
    ):
        np.testing.assert_allclose(small[2], _opencv(whole[2], (20, 30), "bgr", cv2.INTER_LINEAR).astype(float), atol=2)


def test_what_a_reader_cannot_give_is_refused(drawn_video: Path) -> None:
    with pytest.raises(ArgumentError, match="interpolation='cubic' is unknown: use one of 'area', 'bilinear'"):
        VideoReader(drawn_video, interpolation="cubic")
    for dtype in ("float64", "nonsense"):
        with pytest.raises(ArgumentError, match=f"dtype='{dtype}' is not for frames: use one of 'uint8', 'float32'"):
            VideoReader(drawn_video, dtype=dtype)


def test_the_kernel_refuses_what_it_cannot_read_or_write() -> None:
    picture, frame = _picture(4, 4), np.zeros((2, 2, 3), np.uint8)

    def convert(
        picture: np.ndarray = picture, frame: np.ndarray = frame, color: str = "rgb", how: str = "area"
    ) -> None:
        _rust.convert_picture(picture, "bgr", frame, color, how, 1.0)

    with pytest.raises(DTypeError, match="picture must be rows of whole pixels of three bytes"):
        convert(picture=picture[:, ::-1])
    with pytest.raises(DTypeError, match="frame must be a writable array of uint8 or float32"):
        convert(frame=frame.astype(np.float64))
    with pytest.raises(DTypeError, match="frame must be C-contiguous and aligned"):
        convert(frame=np.zeros((2, 4, 3), np.uint8)[:, ::2])
    with pytest.raises(ShapeError, match="frame must be of 3 axes"):
        convert(frame=np.zeros((2, 2), np.uint8))
    with pytest.raises(ShapeError, match="frame must be of shape"):
        convert(color="gray")
    with pytest.raises(ArgumentError, match="a color must be rgb, bgr or gray"):
        convert(color="yuv")
    with pytest.raises(ArgumentError, match="interpolation must be area or bilinear"):
        convert(how="cubic")


@pytest.mark.parametrize("color", ["rgb", "gray"])
@pytest.mark.parametrize("interpolation", ["area", "bilinear"])
def test_a_crop_is_cut_from_the_plain_frame_and_then_resized(drawn_video: Path, interpolation: str, color: str) -> None:
    with VideoReader(drawn_video, color="bgr") as reader:
        plain = reader.read()
    part = (5, 9, 30, 40)
    cut = np.ascontiguousarray(plain[:, 5:35, 9:49])
    for size in ((12, 16), (30, 40), (60, 60)):
        wanted = FrameFormat(*size, color, interpolation, "float32")
        with VideoReader(drawn_video, size, color, crop=part, interpolation=interpolation, dtype="float32") as reader:
            np.testing.assert_array_equal(reader.read(), [wanted.convert(frame) for frame in cut])
            np.testing.assert_array_equal(reader[4], wanted.convert(cut[4]))
    with VideoReader(drawn_video, color="bgr", crop=part) as reader:
        assert reader.size == (30, 40)
        np.testing.assert_array_equal(reader.read(), cut)
    np.testing.assert_array_equal(read_video_frames(drawn_video, crop=part), cut[..., ::-1])


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        ((0, 0, 0, 4), r"crop must be \(top, left, height, width\).*got \(0, 0, 0, 4\)"),
        ((-1, 0, 4, 4), r"crop must be"),
        ((1, 2, 3), r"crop must be"),
        ((20, 0, 30, 4), r"crop=\(20, 0, 30, 4\).*reaches beyond a frame of 64 x 48 pixels"),
        ((0, 61, 4, 4), r"reaches beyond a frame of 64 x 48 pixels"),
    ],
)
def test_crops_are_checked(drawn_video: Path, crop: tuple[int, ...], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        VideoReader(drawn_video, crop=crop)  # type: ignore[arg-type]
