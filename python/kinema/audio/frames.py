"""One row of sound for every frame of a video."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.audio.features import Features, log_mel, mel_spectrogram, mfcc
from kinema.audio.reading import read_audio
from kinema.errors import ArgumentError, VideoError
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
    compute = feature_named(feature, "feature")
    with VideoReader(path) as reader:
        seconds = reader.timestamps
    return features_at(path, seconds, compute, rate, options)


def feature_named(name: str, argument: str) -> Callable[..., Features]:
    """The function of `kinema.audio` that computes a feature; `argument` is where its name was given."""
    if name not in _FEATURES:
        raise ArgumentError(f"{argument}={name!r} is unknown: use one of {', '.join(map(repr, _FEATURES))}.")
    return _FEATURES[name]


def features_at(
    path: str | os.PathLike[str],
    seconds: npt.NDArray[np.float64],
    compute: Callable[..., Features],
    rate: int,
    options: Mapping[str, Any],
) -> Features:
    """The sound of a video at the time stamps of its frames, of which the first frame's comes first."""
    samples, rate = read_audio(path, rate)
    if not len(samples):
        raise VideoError(f"The sound of {os.fspath(path)!r} is over before its first picture is shown.")
    return compute(samples, rate, times=seconds - seconds[0], **options)
