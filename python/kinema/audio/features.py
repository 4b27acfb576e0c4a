"""Mel spectrogram, its logarithm and cepstral coefficients, by librosa's definitions; time is the first axis."""

from typing import Any

import numpy as np
import numpy.typing as npt

from kinema import _rust
from kinema.errors import ArgumentError, ShapeError
from kinema.video._convert import check_count

Features = npt.NDArray[np.float32]

_PADDINGS = ("constant", "reflect")


def mel_spectrogram(
    samples: npt.ArrayLike,
    rate: float = 22050,
    *,
    times: npt.ArrayLike | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    pad_mode: str = "constant",
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
) -> Features:
    """The power of sound in mel bands, row by row.

    Equals `librosa.feature.melspectrogram(...).T`: periodic Hann window, centred rows, Slaney's mel filters.

    Args:
        samples: Mono sound.
        rate: Samples per second.
        times: The seconds at which rows are centred, such as the time stamps of frames; `None` gives a row every
            `hop_length` samples.
        n_fft: Samples that a row is made of.
        hop_length: Samples from one row to the next.
        win_length: Length of the window in the middle of a row; `None` for `n_fft`.
        pad_mode: What is heard before the first sample and after the last: `"constant"` (silence) or `"reflect"`.
        n_mels: Mel bands.
        fmin: Where the lowest begins, in Hertz.
        fmax: Where the highest ends; `None` for half the rate.

    Input shape:
        `(samples,)`

    Output shape:
        `(rows, n_mels)`, float32

    Raises:
        ShapeError: The samples are not one row, or there are none.
        ArgumentError: A number is out of its range.

    Example:

    >>> import numpy as np
    >>> import kinema
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    >>> kinema.audio.mel_spectrogram(tone, 16000, n_mels=40).shape
    (32, 40)
    >>> kinema.audio.mel_spectrogram(tone, 16000, n_mels=40, times=[0.0, 0.04, 0.08]).shape
    (3, 40)
    """
    settings = _Settings(samples, rate, times, n_fft, hop_length, win_length, pad_mode, n_mels, fmin, fmax)
    return settings.features("power")


def log_mel(samples: npt.ArrayLike, rate: float = 22050, *, top_db: float | None = 80.0, **options: Any) -> Features:
    """`mel_spectrogram` in decibels, none more than `top_db` below the largest.

    Equals `librosa.power_to_db(librosa.feature.melspectrogram(...)).T`.

    Args:
        samples: Mono sound.
        rate: Samples per second.
        top_db: The range below the largest value; `None` for no limit but 1e-10.
        options: Those of `mel_spectrogram`.

    Input shape:
        `(samples,)`

    Output shape:
        `(rows, n_mels)`, float32

    Raises:
        ShapeError: The samples are not one row, or there are none.
        ArgumentError: A number is out of its range.

    Example:

    >>> import numpy as np
    >>> import kinema
    >>> noise = np.random.default_rng(0).normal(size=8000)
    >>> kinema.audio.log_mel(noise, 16000, n_fft=512, hop_length=160, n_mels=40).shape
    (51, 40)
    """
    return _Settings(samples, rate, **options).features("decibels", top_db=_check_top_db(top_db))


def mfcc(
    samples: npt.ArrayLike, rate: float = 22050, *, n_mfcc: int = 20, top_db: float | None = 80.0, **options: Any
) -> Features:
    """The first coefficients of the orthonormal cosine transform (DCT-II) of every row of `log_mel`.

    Equals `librosa.feature.mfcc(...).T`.

    Args:
        samples: Mono sound.
        rate: Samples per second.
        n_mfcc: Coefficients, at most `n_mels`.
        top_db: As for `log_mel`.
        options: Those of `mel_spectrogram`.

    Input shape:
        `(samples,)`

    Output shape:
        `(rows, n_mfcc)`, float32

    Raises:
        ShapeError: The samples are not one row, or there are none.
        ArgumentError: A number is out of its range.

    Example:

    >>> import numpy as np
    >>> import kinema
    >>> noise = np.random.default_rng(0).normal(size=8000)
    >>> kinema.audio.mfcc(noise, 16000, n_mfcc=13).shape
    (16, 13)
    """
    coefficients = check_count(n_mfcc, "n_mfcc")
    return _Settings(samples, rate, **options).features("cepstrum", _check_top_db(top_db), coefficients)


class _Settings:
    """Checked samples and options."""

    def __init__(
        self,
        samples: npt.ArrayLike,
        rate: float,
        times: npt.ArrayLike | None = None,
        n_fft: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        pad_mode: str = "constant",
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
    ) -> None:
        if pad_mode not in _PADDINGS:
            raise ArgumentError(f"pad_mode={pad_mode!r} is unknown: use one of {', '.join(map(repr, _PADDINGS))}.")
        self._samples = np.ascontiguousarray(samples, np.float32)
        if self._samples.ndim != 1:
            raise ShapeError(
                f"samples must be one row (samples,), but have the shape {self._samples.shape}: "
                "mix or choose channels first."
            )
        self._rate = float(rate)
        self._n_fft = check_count(n_fft, "n_fft")
        self._win_length = self._n_fft if win_length is None else check_count(win_length, "win_length")
        self._reflect = pad_mode == "reflect"
        self._n_mels = check_count(n_mels, "n_mels")
        self._range = (float(fmin), self._rate / 2 if fmax is None else float(fmax))
        self._centres = self._centred_at(times, check_count(hop_length, "hop_length"))

    def _centred_at(self, times: npt.ArrayLike | None, hop_length: int) -> npt.NDArray[np.int64]:
        if times is None:
            room = len(self._samples) - self._n_fft % 2
            return np.arange(0, room + 1, hop_length, dtype=np.int64)
        seconds = np.asarray(times, np.float64)
        if seconds.ndim != 1 or not np.isfinite(seconds).all():
            raise ArgumentError(f"times must be one row of seconds, all finite; got the shape {seconds.shape}.")
        return np.rint(seconds * self._rate).astype(np.int64)

    def features(self, feature: str, top_db: float = np.inf, coefficients: int = 1) -> Features:
        return _rust.mel_features(
            self._samples,
            self._centres,
            self._rate,
            self._n_fft,
            self._win_length,
            self._reflect,
            self._n_mels,
            self._range,
            feature,
            top_db,
            coefficients,
        )


def _check_top_db(top_db: float | None) -> float:
    if top_db is None:
        return float("inf")
    if not top_db >= 0:
        raise ArgumentError(f"top_db must be at least 0, or None; got {top_db!r}.")
    return float(top_db)
