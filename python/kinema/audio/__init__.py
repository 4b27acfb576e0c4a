"""The sound of videos: samples, mel spectrograms, cepstral coefficients, and rows of them that belong to frames."""

from kinema.audio.features import log_mel, mel_spectrogram, mfcc
from kinema.audio.frames import frame_features
from kinema.audio.reading import Sound, read_audio

__all__ = ["Sound", "frame_features", "log_mel", "mel_spectrogram", "mfcc", "read_audio"]
