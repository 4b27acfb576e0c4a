"""What the clips of a folder consist of: pictures, sound, or both."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.video._convert import CHANNELS, check_color, check_crop, check_size
from kinema.video._loading import Decoding, Frames
from kinema.video._sound import Sound, SoundReading
from kinema.video.reader import VideoReader


@dataclass(frozen=True)
class Track:
    """One array of a batch.

    Args:
        step: The shape of one time step.
        dtype: The type of its numbers.
    """

    step: tuple[int, ...]
    dtype: npt.DTypeLike


class SoundAlone(Decoding):
    """Counts frames without looking at them: for the sound alone, each is an array without a number in it."""

    def open(self, path: Path) -> VideoReader:
        return VideoReader(path, threads=1)

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """No number at all."""
        return (0,)

    def chunks(self, reader: VideoReader, start: int, stop: int | None, stopping: threading.Event) -> Iterator[Frames]:
        """All the frames at once."""
        yield np.empty((-(-len(reader) // self.frame_stride), 0), np.uint8)


def decoding(
    size: tuple[int, int] | int | None,
    color: str,
    crop: tuple[int, int, int, int] | None,
    frame_stride: int,
    sound: SoundReading | None,
) -> Decoding:
    """How to decode frames of this size, and sound; without a size, sound alone."""
    checked = check_size(size)
    if checked is not None:
        height, width = checked
        frame_bytes = height * width * CHANNELS[check_color(color)]
        return Decoding(checked, color, frame_stride, frame_bytes, sound, check_crop(crop))
    if sound is None:
        raise ArgumentError(
            "size must be (height, width): the clips of a batch need one size; got None, which with audio='log_mel' "
            "gives the sound alone."
        )
    if crop is not None:
        raise ArgumentError("crop takes a part of pictures, and size=None gives none: leave one of the two out.")
    return SoundAlone((0, 0), check_color(color), frame_stride, 0, sound)


def tracks_of(decoded: Decoding) -> list[Track]:
    """The arrays of a batch, pictures before sound."""
    tracks = []
    if decoded.frame_bytes:
        tracks.append(Track((*decoded.size, CHANNELS[decoded.color]), np.uint8))
    if decoded.sound is not None:
        tracks.append(Track((decoded.sound.width,), np.float32))
    return tracks


def described(decoded: Decoding) -> str:
    """The arguments that say what is decoded."""
    size = decoded.size if decoded.frame_bytes else None
    return f"size={size}" + ("" if decoded.sound is None else f", audio={decoded.sound.feature!r}")


def clips_in_tracks(
    clips: Iterable[tuple[Frames, int]], heard: list[Sound], with_pictures: bool
) -> Iterator[tuple[tuple[npt.NDArray[Any], ...], int]]:
    """Clips with their numbers, each as an array a track; `heard` is the sound of every clip, where it is wanted."""
    for frames, number in clips:
        pictures = (frames,) if with_pictures else ()
        yield (*pictures, *([heard[number]] if heard else [])), number
