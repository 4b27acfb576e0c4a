"""Features of sound are librosa's, and refuse what makes no sense."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema import audio
from kinema.errors import ArgumentError, ShapeError

#: Settings that `librosa_reference.npz` was made with (librosa 0.11 in float64, transposed).
SETTINGS: dict[str, tuple[int, dict[str, Any]]] = {
    "defaults": (22050, {}),
    "speech": (16000, {"n_fft": 512, "hop_length": 160, "win_length": 400, "n_mels": 40, "fmin": 60.0, "fmax": 7600.0}),
    "reflected": (8000, {"n_fft": 500, "hop_length": 125, "n_mels": 32, "pad_mode": "reflect"}),
}


def signal(rate: int) -> np.ndarray:
    """Half a second: a rising tone, noise that fades, and a silent stretch."""
    seconds = np.arange(rate // 2) / rate
    tone = 0.5 * np.sin(2 * np.pi * (200 + 1500 * seconds) * seconds)
    noise = 0.1 * np.exp(-4 * seconds) * np.random.default_rng(7).uniform(-1, 1, len(seconds))
    return np.where((seconds > 0.3) & (seconds < 0.4), 0.0, tone + noise).astype(np.float32)


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).with_name("librosa_reference.npz")) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", SETTINGS)
def test_features_are_librosas(name: str, reference: dict[str, np.ndarray]) -> None:
    rate, options = SETTINGS[name]
    samples = signal(rate)
    for feature, function in (("mel", audio.mel_spectrogram), ("log_mel", audio.log_mel), ("mfcc", audio.mfcc)):
        want = reference[f"{name}_{feature}"]
        got = function(samples, rate, **options)
        assert got.dtype == np.float32
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-4 if feature != "mel" else 1e-7, err_msg=feature)


def test_rows_at_times_are_the_rows_of_the_grid() -> None:
    samples = signal(16000)
    grid = audio.mel_spectrogram(samples, 16000, hop_length=640)
    times = np.array([3, 0, 7]) * 0.04
    np.testing.assert_array_equal(audio.mel_spectrogram(samples, 16000, times=times), grid[[3, 0, 7]])


def test_moments_without_sound_are_silent() -> None:
    quiet = audio.mel_spectrogram(signal(8000), 8000, n_fft=256, n_mels=20, times=[-1.0, 9.0, 0.05])
    assert not quiet[:2].any()
    assert quiet[2].all()


def test_odd_lengths_have_as_many_rows_as_librosa_gives() -> None:
    assert len(audio.mel_spectrogram(np.zeros(1000), 8000, n_fft=255, hop_length=100, n_mels=8)) == 10
    assert len(audio.mel_spectrogram(np.zeros(1000), 8000, n_fft=256, hop_length=100, n_mels=8)) == 11


def test_top_db_limits_the_range() -> None:
    samples = signal(16000)
    levels = audio.log_mel(samples, 16000, top_db=30)
    assert levels.min() == pytest.approx(levels.max() - 30, abs=1e-4)
    assert audio.log_mel(samples, 16000, n_fft=256, top_db=None).min() == pytest.approx(-100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_fft": 0}, "n_fft must be a whole number of at least 1; got 0"),
        ({"hop_length": -1}, "hop_length must be a whole number of at least 1"),
        ({"win_length": 4096}, "window_length must be from 1 to fft_length"),
        ({"pad_mode": "edge"}, "pad_mode='edge' is unknown: use one of 'constant', 'reflect'"),
        ({"fmax": 9000.0}, "range must be rising, from 0 to half the rate"),
        ({"times": [[0.0]]}, "times must be one row of seconds"),
        ({"times": [np.nan]}, "times must be one row of seconds, all finite"),
        ({"rate": -1.0}, "rate must be a positive number"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        audio.mel_spectrogram(signal(16000), **{"rate": 16000, **options})


def test_samples_and_coefficients_that_make_no_sense() -> None:
    with pytest.raises(ShapeError, match=r"samples must be one row .*\(2, 100\)"):
        audio.log_mel(np.zeros((2, 100)), 8000)
    with pytest.raises(ShapeError, match="samples must be not empty"):
        audio.log_mel(np.zeros(0), 8000)
    with pytest.raises(ArgumentError, match="coefficients must be from 1 to bands"):
        audio.mfcc(signal(8000), 8000, n_mels=20, n_mfcc=21)
    with pytest.raises(ArgumentError, match="top_db must be at least 0"):
        audio.log_mel(signal(8000), 8000, top_db=-1)
