"""The audio track of a file as samples that start with its first picture."""

import contextlib
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kinema.errors import MissingDependencyError, VideoError
from kinema.video._container import check_file
from kinema.video._convert import check_count

Samples = npt.NDArray[np.float32]

_GAP = 0.05  # seconds that time stamps may be off before samples are missing; containers round to milliseconds


class Sound(NamedTuple):
    """Mono samples, -1 to 1, and how many of them make a second."""

    samples: Samples
    rate: int


def read_audio(path: str | os.PathLike[str], rate: int = 16000) -> Sound:
    """Reads the audio track of a video or a sound file.

    Sample 0 is heard while the first picture is seen: a track that starts later is preceded by silence, and what is
    heard before the first picture is cut off. Silence also fills gaps and what cannot be decoded. Channels are mixed
    into one. Needs PyAV (`pip install "kinema[audio]"`).

    Args:
        path: The file.
        rate: Samples per second to give; the track is resampled to it.

    Raises:
        VideoError: The file is missing (then also a `FileNotFoundError`), damaged, or has no sound.
        MissingDependencyError: PyAV is not installed.

    Example:

    >>> import kinema
    >>> samples, rate = kinema.audio.read_audio("talk.mp4")  # doctest: +SKIP
    >>> kinema.audio.log_mel(samples, rate).shape  # doctest: +SKIP
    (94, 128)
    """
    rate = check_count(rate, "rate")
    file = Path(path)
    check_file(file, allow_damaged=True)
    av = _load_av()
    try:
        with av.open(str(file.absolute())) as container:
            if not container.streams.audio:
                raise VideoError(f"{str(file)!r} has no sound: there is no audio track in it.")
            segments = _decode(av, container, rate)
            origin = _first_picture(container)
    except (av.error.FFmpegError, ValueError) as error:
        raise VideoError(f"The sound of {str(file)!r} cannot be decoded ({error}).") from error
    if not segments:
        raise VideoError(f"{str(file)!r} has an audio track, but no sound comes out of it: the file is damaged.")
    return Sound(_place(segments, segments[0].seconds if origin is None else origin, rate), rate)


def _load_av() -> Any:
    try:
        import av
    except ImportError:
        raise MissingDependencyError(
            'Sound needs PyAV, which is not installed. `python -m pip install "kinema[audio]"` fixes it.'
        ) from None
    return av


class _Segment(NamedTuple):
    seconds: float
    """When it starts."""
    chunks: list[Samples]


def _decode(av: Any, container: Any, rate: int) -> list[_Segment]:
    """The track in segments without gaps."""
    segments: list[_Segment] = []
    resampler: Any = None
    expected = 0.0
    for frame in _frames(av, container):
        seconds = expected if frame.time is None else float(frame.time)
        if resampler is None or abs(seconds - expected) > _GAP:
            if resampler is not None:
                segments[-1].chunks.extend(_resample(resampler, None))
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
            segments.append(_Segment(seconds, []))
            expected = seconds
        segments[-1].chunks.extend(_resample(resampler, frame))
        expected += frame.samples / frame.sample_rate
    if resampler is not None:
        segments[-1].chunks.extend(_resample(resampler, None))
    return segments


def _frames(av: Any, container: Any) -> Any:
    """What can be decoded of the first audio track."""
    packets = container.demux(container.streams.audio[0])
    with contextlib.suppress(av.error.FFmpegError):  # a file that is cut short ends here
        for packet in packets:
            with contextlib.suppress(av.error.FFmpegError):  # a damaged packet leaves a gap
                yield from packet.decode()


def _resample(resampler: Any, frame: Any) -> list[Samples]:
    return [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]


def _first_picture(container: Any) -> float | None:
    """When the first picture is shown; None without pictures."""
    if not container.streams.video:
        return None
    stream = container.streams.video[0]
    return float((stream.start_time or 0) * stream.time_base)


def _place(segments: list[_Segment], origin: float, rate: int) -> Samples:
    """Every segment at its time, with silence where there is none."""
    placed = [(round((segment.seconds - origin) * rate), np.concatenate(segment.chunks)) for segment in segments]
    samples = np.zeros(max(0, *(start + len(part) for start, part in placed)), np.float32)
    for start, part in placed:
        heard = part[max(0, -start) :]
        samples[max(0, start) : max(0, start) + len(heard)] = heard
    return samples
