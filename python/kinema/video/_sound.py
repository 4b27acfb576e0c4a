"""The sound of a folder's videos: a row for every frame that is kept."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.video._convert import check_count

Sound = npt.NDArray[np.float32]

_RATE = 16000


@dataclass(frozen=True)
class SoundReading:
    """How the sound of a folder is read.

    Args:
        feature: What a row consists of, by the name that `kinema.audio.frame_features` knows.
        rate: Samples per second that the sound is resampled to.
        options: Those of the feature's function.
        width: The numbers in a row.
    """

    feature: str
    rate: int
    options: Mapping[str, Any]
    width: int

    def read(self, path: str | os.PathLike[str], seconds: npt.NDArray[np.float64], frame_stride: int) -> Sound:
        """The rows at the time stamps of a video's frames, every so many-th of which is kept."""
        from kinema.audio.frames import feature_named, features_at  # which reads videos itself

        # The range of decibels goes by the loudest of all rows, so that a stride leaves each row as it is.
        rows = features_at(path, seconds, feature_named(self.feature, "audio"), self.rate, self.options)
        return np.array(rows[::frame_stride])


def sound_reading(audio: str | None, audio_options: Mapping[str, Any] | None) -> SoundReading | None:
    """The checked settings; None without sound."""
    if audio is None:
        if audio_options:
            raise ArgumentError("audio_options need audio, the feature they are for, such as audio='log_mel'.")
        return None
    from kinema.audio.frames import feature_named

    compute = feature_named(audio, "audio")
    options = dict(audio_options or {})
    rate = check_count(options.pop("rate", _RATE), "audio_options['rate']")
    for name in ("times", "hop_length"):
        if name in options:
            raise ArgumentError(f"audio_options has {name!r}, but every frame has one row of sound: leave it out.")
    try:
        silence = compute(np.zeros(rate, np.float32), rate, times=[0.0], **options)
    except TypeError as error:
        raise ArgumentError(
            f"audio_options={dict(audio_options or {})!r} does not fit audio={audio!r} ({error}): give 'rate' and the "
            f"options of kinema.audio.{compute.__name__}."
        ) from error
    return SoundReading(audio, rate, options, silence.shape[1])
