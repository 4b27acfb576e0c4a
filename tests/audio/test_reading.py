"""Sound comes out of files where its pictures are."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema import audio
from kinema.errors import ArgumentError, MissingDependencyError, VideoError, VideoNotFoundError
from kinema.video import VideoReader, write_video

RATE = 16000
FPS = 25
FRAMES = 25
CLICKS = (5, 14, 21)


def _write(path: Path, sound_delay: float = 0.0, *, pictures: bool = True) -> Path:
    """White frames and clicks at `CLICKS`; the sound starts `sound_delay` seconds after the pictures."""
    av: Any = pytest.importorskip("av")
    seconds = (np.arange(int(FRAMES / FPS * RATE)) / RATE) + sound_delay
    clicks = np.zeros(len(seconds), np.float32)
    for click in CLICKS:
        clicks += 0.9 * np.sin(2 * np.pi * 1000 * seconds) * (np.abs(seconds - click / FPS) < 0.01)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FPS) if pictures else None
        sound = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        if video is not None:
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            for index in range(FRAMES):
                picture = np.full((48, 64, 3), 250 if index in CLICKS else 5, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        for start in range(0, len(clicks), 1000):
            part = (clicks[start : start + 1000] * 32767).astype(np.int16)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, start + round(sound_delay * RATE)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("delay", [0.0, 0.12])
def test_a_click_is_in_the_row_of_its_frame(tmp_path: Path, delay: float) -> None:
    path = _write(tmp_path / "clicks.mkv", delay)
    with VideoReader(path) as reader:
        brightness = reader.read().mean(axis=(1, 2, 3))
    loudness = audio.frame_features(path, "mel", rate=RATE, n_fft=512, n_mels=16).sum(axis=1)
    assert len(loudness) == len(brightness) == FRAMES
    assert tuple(np.flatnonzero(brightness > 128)) == CLICKS
    assert tuple(np.flatnonzero(loudness > loudness.max() / 10)) == CLICKS


def test_samples_at_another_rate(tmp_path: Path) -> None:
    path = _write(tmp_path / "clicks.mkv")
    samples, rate = audio.read_audio(path, 8000)
    assert (rate, samples.dtype, samples.ndim) == (8000, np.float32, 1)
    assert len(samples) == pytest.approx(8000 * FRAMES / FPS, abs=20)
    assert np.abs(samples).max() == pytest.approx(0.9, abs=0.05)


def test_a_sound_file_starts_with_its_first_sample(tmp_path: Path) -> None:
    path = _write(tmp_path / "clicks.wav", pictures=False)
    samples, _ = audio.read_audio(path, RATE)
    assert len(samples) == RATE * FRAMES // FPS
    first = CLICKS[0] / FPS - 0.01
    assert np.flatnonzero(np.abs(samples) > 0.1)[0] == pytest.approx(first * RATE, abs=8)


def test_every_feature_has_a_row_for_every_frame(tmp_path: Path) -> None:
    path = _write(tmp_path / "clicks.mkv")
    assert audio.frame_features(path, n_mels=40).shape == (FRAMES, 40)
    assert audio.frame_features(path, "mfcc", n_mfcc=13).shape == (FRAMES, 13)
    with pytest.raises(ArgumentError, match="feature='loudness' is unknown: use one of 'log_mel', 'mel', 'mfcc'"):
        audio.frame_features(path, "loudness")


def test_files_without_sound(tmp_path: Path) -> None:
    pytest.importorskip("av")
    silent = write_video(tmp_path / "silent.webm", np.zeros((4, 32, 32, 3), np.uint8))
    with pytest.raises(VideoError, match=r"silent.webm' has no sound"):
        audio.read_audio(silent)
    with pytest.raises(VideoNotFoundError):
        audio.read_audio(tmp_path / "missing.mp4")
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(VideoError, match="cannot be decoded|no sound comes out"):
        audio.read_audio(noise)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = write_video(tmp_path / "silent.webm", np.zeros((4, 32, 32, 3), np.uint8))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match=r"kinema\[audio\]"):
        audio.read_audio(silent)


def test_real_sound(shared_data: Path) -> None:
    pytest.importorskip("av")
    clips = sorted((shared_data / "grid").rglob("*.mp[g4]")) + sorted((shared_data / "grid").rglob("*.webm"))
    if not clips:
        pytest.skip("no clips with sound here")
    rows = audio.frame_features(clips[0], n_mels=40)
    with VideoReader(clips[0]) as reader:
        assert rows.shape == (len(reader), 40)
    assert np.isfinite(rows).all()
