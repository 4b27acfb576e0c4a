"""Augmentations whose draw leaves no choice, and configs, against real Keras 3."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.saving import serialize_keras_object

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

FIXED = [
    *(
        ("RandomRotation", {"factor": (0.07, 0.07), "fill_mode": fill_mode, "interpolation": interpolation})
        for fill_mode in ("reflect", "constant", "nearest")  # TensorFlow's "wrap" repeats a pixel short of the picture
        for interpolation in ("bilinear", "nearest")
    ),
    ("RandomRotation", {"factor": (-0.3, -0.3), "fill_mode": "constant", "fill_value": 7.0}),
    ("RandomZoom", {"height_factor": (0.25, 0.25)}),
    ("RandomZoom", {"height_factor": (-0.3, -0.3), "width_factor": (0.1, 0.1), "fill_mode": "constant"}),
    ("RandomTranslation", {"height_factor": (0.2, 0.2), "width_factor": (-0.1, -0.1)}),
    ("RandomTranslation", {"height_factor": (-0.33, -0.33), "width_factor": (0.2, 0.2), "fill_mode": "nearest"}),
    ("RandomBrightness", {"factor": (0.3, 0.3)}),
    ("RandomBrightness", {"factor": (-0.2, -0.2), "value_range": (10, 200)}),
    ("RandomSaturation", {"factor": (0.2, 0.2)}),
    ("RandomSaturation", {"factor": (0.55, 0.55)}),
    ("RandomSaturation", {"factor": (0.0, 0.0)}),
    ("RandomHue", {"factor": (0.0, 0.0)}),
    ("RandomHue", {"factor": (1.0, 1.0)}),
    ("RandomErasing", {"factor": (0.0, 0.0)}),
    ("RandomErasing", {"factor": (1.0, 1.0), "scale": (1.0, 1.0), "fill_value": 9.0}),
]


def _pictures() -> np.ndarray:
    """Smooth, of pale colours: OpenCV's places between pixels are rounded, and Keras lets strong colours overflow."""
    y, x = np.mgrid[:24, :30].astype("float32")
    planes = [130 + 50 * np.sin((a * x + b * y) / 9 + a) for a, b in ((1, 0.3), (0.4, 1), (-0.7, 0.8))]
    return np.stack([np.stack(planes, -1), np.stack(planes[::-1], -1)]).astype("float32")


@pytest.mark.parametrize(("name", "settings"), FIXED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fixed_draws(name: str, settings: dict[str, Any], dtype: str) -> None:
    x = _pictures()
    theirs = np.asarray(getattr(keras.layers, name)(**settings)(x, training=True))
    ours = getattr(layers, name)(**settings, dtype=dtype)(x, training=True).numpy()
    apart = np.abs(ours - theirs)
    # Where a source place is a border or half a pixel to within rounding, one of two neighbours is taken.
    assert np.quantile(apart, 0.98) < (0.5 if dtype == "float32" else 0.02)


def test_a_model_of_clips_is_read_by_keras(tmp_path: Path) -> None:
    model = kinema.Sequential(
        [
            layers.Input((4, 12, 14, 3)),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.1, 0.2),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomBrightness(0.2),
            layers.RandomContrast(0.2),
            layers.RandomSaturation(0.7),
            layers.RandomHue(0.1),
            layers.RandomGaussianBlur(),
            layers.RandomErasing(),
            layers.MixUp(),
            layers.Rescaling(1 / 255),
            layers.Conv2D(3, 3),
            layers.Flatten(),
            layers.LSTM(4),
        ]
    )
    clips = np.random.default_rng(0).uniform(0, 255, (2, 4, 12, 14, 3)).astype("float32")
    model.save(tmp_path / "clips.keras")
    theirs = keras.saving.load_model(tmp_path / "clips.keras")
    np.testing.assert_allclose(np.asarray(theirs(clips, training=False)), model.predict(clips, verbose=0), atol=1e-5)
    theirs.save(tmp_path / "back.keras")
    again = kinema.models.load_model(tmp_path / "back.keras")
    np.testing.assert_allclose(again.predict(clips, verbose=0), model.predict(clips, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("RandomCrop", {"height": 4, "width": 5}),
        ("RandomSaturation", {"factor": 0.3}),
        ("RandomContrast", {"factor": 0.3}),
        ("RandomBrightness", {"factor": 0.3}),
        ("RandomZoom", {"height_factor": 0.3}),
        ("RandomErasing", {"fill_value": (1, 2, 3)}),
        ("MixUp", {"alpha": 0.4}),
    ],
)
def test_configs_both_ways(name: str, settings: dict[str, Any]) -> None:
    theirs = getattr(keras.layers, name)(**settings)
    from_theirs = kinema.saving.deserialize_keras_object(json.loads(json.dumps(serialize(theirs))))
    ours = getattr(layers, name)(**settings)
    back = keras.saving.deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(ours))))
    assert type(from_theirs) is type(ours)
    assert type(back) is type(theirs)
    assert ours.get_config().keys() >= theirs.get_config().keys()


def serialize(layer: Any) -> Any:
    return keras.saving.serialize_keras_object(layer)
