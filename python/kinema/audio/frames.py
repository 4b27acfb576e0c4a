"""One row of sound for every frame of a video."""

import os
from collections.abc import Callable
from typing import Any

from kinema.audio.features import Features, log_mel, mel_spectrogram, mfcc
from kinema.audio.reading import read_audio
from kinema.errors import ArgumentError
from kinema.video.reader import VideoReader

_FEATURES: dict[str, Callable[..., Features]] = {"log_mel": log_mel, "mel": mel_spectrogram, "mfcc": mfcc}


def frame_features(
    path: str | os.PathLike[str], feature: str = "log_mel", *, rate: int = 16000, **options: Any
) -> Features:
    """The sound of a video at its frames: row i is what is heard around the moment frame i is shown.

    Rows are centred on the frames' time stamps, so that they belong together at any frame rate, constant or not, and
    where sound and pictures do not start together.

    Args:
        path: The video.
        feature: `"log_mel"`, `"mel"` or `"mfcc"`.
        rate: Samples per second that the sound is resampled to first.
        options: Those of the feature's function, such as `n_mels`.

    Output shape:
        `(frames, n_mels)` or `(frames, n_mfcc)`, float32

    Raises:
        VideoError: The file is missing (then also a `FileNotFoundError`), damaged, or has no pictures or no sound.
        ArgumentError: There is no such feature.
        MissingDependencyError: PyAV is not installed.

    Example:

    >>> import kinema
    >>> frames = kinema.video.read_video_frames("talk.mp4", size=(64, 64))  # doctest: +SKIP
    >>> sound = kinema.audio.frame_features("talk.mp4", n_mels=40)  # doctest: +SKIP
    >>> len(frames) == len(sound)  # doctest: +SKIP
    True
    """
    if feature not in _FEATURES:
        raise ArgumentError(f"feature={feature!r} is unknown: use one of {', '.join(map(repr, _FEATURES))}.")
    with VideoReader(path) as reader:
        seconds = reader.timestamps
    samples, rate = read_audio(path, rate)
    return _FEATURES[feature](samples, rate, times=seconds - seconds[0], **options)
