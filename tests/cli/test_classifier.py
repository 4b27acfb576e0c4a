"""The classifier that the commands train."""

import numpy as np

from kinema.cli.classifier import build_classifier, pixel_normalization

RANDOM = np.random.default_rng(5)


def test_normalization_removes_the_mean_picture_and_one_deviation() -> None:
    clips = RANDOM.integers(0, 256, (12, 4, 3, 5, 3), dtype=np.uint8)
    clips[..., 0, 0, :] = 7  # never changes
    normalized = pixel_normalization([clips[:5], clips[5:]])(clips).numpy()
    np.testing.assert_allclose(normalized.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(np.square(normalized).mean(), 1, rtol=1e-4)
    assert not normalized[..., 0, 0, :].any()


def test_normalization_of_a_black_video_stays_finite() -> None:
    black = np.zeros((2, 4, 3, 5, 3), np.uint8)
    assert not pixel_normalization([black])(black).numpy().any()


def test_classifier_gives_a_probability_a_class() -> None:
    clips = RANDOM.integers(0, 256, (2, 4, 16, 24, 3), dtype=np.uint8)
    model = build_classifier(clips.shape[1:], 5, pixel_normalization([clips]), filters=(2, 3))
    outputs = model.predict_on_batch(clips)
    assert outputs.shape == (2, 5)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
