"""Datasets and pictures against real Keras 3."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
LIBRARIES = (kinema, keras)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for index in range(11):
        place = tmp_path / ("b" if index % 3 else "a")
        place.mkdir(exist_ok=True)
        picture = rng.integers(0, 256, (7 + index, 12, 3))
        kinema.utils.save_img(place / f"{index}.png", picture, scale=False)
    return tmp_path


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label_mode": "categorical", "color_mode": "grayscale"},
        {"label_mode": "binary", "color_mode": "rgba"},
        {"label_mode": None},
        {"labels": list(range(11))},
        {"class_names": ["b", "a"]},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True},
        {"batch_size": None},
        *[
            {"interpolation": name}
            for name in ("nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
        ],
    ],
)
def test_folders_of_pictures(folder: Path, settings: dict[str, Any]) -> None:
    arguments = {"image_size": (9, 10), "shuffle": False, "batch_size": 4, "verbose": False, **settings}
    ours, theirs = (library.utils.image_dataset_from_directory(str(folder), **arguments) for library in LIBRARIES)
    assert ours.class_names == theirs.class_names
    assert ours.file_paths == list(theirs.file_paths)
    for mine, other in zip(ours, theirs, strict=True):
        mine, other = (batch if isinstance(batch, tuple) else (batch,) for batch in (mine, other))
        # Keras's bicubic reads its kernel from a table, its grey is rounded otherwise.
        np.testing.assert_allclose(mine[0], other[0], atol=1.01 if "color_mode" in settings else 0.3)
        for label, expected in zip(mine[1:], other[1:], strict=True):
            assert label.dtype == expected.numpy().dtype
            np.testing.assert_array_equal(label, expected)


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_parts_of_folders(folder: Path, subset: str) -> None:
    arguments = {"seed": 5, "validation_split": 0.3, "subset": subset, "verbose": False}
    ours, theirs = (library.utils.image_dataset_from_directory(str(folder), **arguments) for library in LIBRARIES)
    assert ours.file_paths == list(theirs.file_paths)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"sequence_stride": 3, "sampling_rate": 2},
        {"start_index": 4, "end_index": 20, "batch_size": 3},
        {"batch_size": None},
    ],
)
@pytest.mark.parametrize("with_targets", [True, False])
def test_series(settings: dict[str, Any], with_targets: bool) -> None:
    series = np.arange(50.0).reshape(25, 2)
    targets = np.arange(25) if with_targets else None
    ours, theirs = (
        library.utils.timeseries_dataset_from_array(series, targets, 4, **settings) for library in LIBRARIES
    )
    for mine, other in zip(ours, theirs, strict=True):
        for part, expected in zip(*(b if with_targets else (b,) for b in (mine, other)), strict=True):
            np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("sizes", [(0.3, None), (None, 4), (2, 3), (0.25, 0.25)])
def test_splits(sizes: tuple[Any, Any]) -> None:
    arrays = (np.arange(10), np.arange(20.0).reshape(10, 2))
    for mine, other in zip(*(library.utils.split_dataset(arrays, *sizes) for library in LIBRARIES), strict=True):
        for sample, expected in zip(mine, other, strict=True):
            for part, their_part in zip(sample, expected, strict=True):
                np.testing.assert_array_equal(part, their_part)


def test_pictures_as_arrays() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    for data_format in ("channels_first", "channels_last"):
        ours, theirs = (library.utils.img_to_array(picture, data_format) for library in LIBRARIES)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "lanczos3"])
def test_smart_resize(interpolation: str) -> None:
    pictures = np.random.default_rng(0).uniform(0, 1, (2, 5, 9, 3)).astype("float32")
    ours, theirs = (library.preprocessing.image.smart_resize(pictures, (4, 3), interpolation) for library in LIBRARIES)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
