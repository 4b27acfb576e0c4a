"""Datasets that functions make: series, folders of pictures, parts of datasets."""

import numpy as np
import pytest

import kinema
from kinema.errors import ArgumentError, DataError, DTypeError
from kinema.utils import image_dataset_from_directory, save_img, split_dataset, timeseries_dataset_from_array


@pytest.fixture
def folder(tmp_path):
    """Three birds, five cats in a folder within, and files that do not count; picture i is flat with level 10 * i."""
    for index in range(8):
        place = tmp_path / ("birds" if index < 3 else "cats/inside")
        place.mkdir(parents=True, exist_ok=True)
        save_img(place / f"{index}.png", np.full((4, 6, 3), 10 * index), scale=False)
    (tmp_path / "cats" / "notes.txt").write_text("")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def levels(dataset):
    return [int(image[0, 0, 0]) for images, _ in dataset for image in images]


def test_windows_come_with_the_target_of_their_first_step():
    series = np.arange(20)
    batches = list(timeseries_dataset_from_array(series, series * 10, 3, 2, 2, batch_size=4))
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    np.testing.assert_array_equal(x, [[start, start + 2, start + 4] for start in range(0, 16, 2)])
    np.testing.assert_array_equal(y, x[:, 0] * 10)
    assert [len(batch) for batch, _ in batches] == [4, 4]


def test_a_series_is_cut_before_windows_are_made():
    series = np.arange(20)
    (batch,) = timeseries_dataset_from_array(series, None, 2, start_index=5, end_index=9)
    np.testing.assert_array_equal(batch, [[5, 6], [6, 7], [7, 8]])


def test_epochs_have_orders_of_their_own():
    series = np.arange(30)
    dataset = timeseries_dataset_from_array(series, None, 1, batch_size=7, shuffle=True, seed=3)
    first, second = (np.concatenate(list(dataset))[:, 0] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(30))
    assert list(first) != list(second)
    dataset.set_epoch(0)
    np.testing.assert_array_equal(np.concatenate(list(dataset))[:, 0], first)


def test_without_a_batch_size_samples_come_one_by_one():
    dataset = timeseries_dataset_from_array(np.arange(5), np.arange(5), 2, batch_size=None)
    assert [(list(x), int(y)) for x, y in dataset] == [([0, 1], 0), ([1, 2], 1), ([2, 3], 2), ([3, 4], 3)]
    assert [len(x) for x, _ in dataset.batch(3)] == [3, 1]
    assert len(dataset) == 4


def test_pictures_are_labelled_by_their_folders(folder, capsys):
    dataset = image_dataset_from_directory(folder, image_size=(4, 6), batch_size=3, shuffle=False)
    assert capsys.readouterr().out == "Found 8 files belonging to 2 classes.\n"
    assert dataset.class_names == ["birds", "cats"]
    assert len(dataset) == 3
    assert levels(dataset) == list(range(0, 80, 10))
    assert [int(label) for _, labels in dataset for label in labels] == [0] * 3 + [1] * 5
    assert dataset.file_paths[3] == str(folder / "cats" / "inside" / "3.png")
    images, labels = next(iter(dataset))
    assert (images.dtype, images.shape, labels.dtype) == (np.float32, (3, 4, 6, 3), np.int32)


@pytest.mark.parametrize(
    ("mode", "expected"), [("categorical", [[1, 0]] * 3 + [[0, 1]] * 5), ("binary", [[0]] * 3 + [[1]] * 5)]
)
def test_label_modes(folder, mode, expected):
    dataset = image_dataset_from_directory(folder, label_mode=mode, image_size=2, shuffle=False, verbose=False)
    ((_, labels),) = dataset
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, expected)


def test_labels_may_be_given_or_left_out(folder):
    given = image_dataset_from_directory(folder, labels=list(range(8)), shuffle=False, image_size=2, verbose=False)
    assert given.class_names == [str(number) for number in range(8)]
    alone = image_dataset_from_directory(folder, labels=None, shuffle=False, image_size=2, verbose=False)
    assert alone.class_names is None
    ((images),) = alone
    assert images.shape == (8, 2, 2, 3)
    chosen = image_dataset_from_directory(folder, class_names=["cats"], image_size=2, verbose=False)
    assert (chosen.num_samples, chosen.class_names) == (5, ["cats"])


@pytest.mark.parametrize(("mode", "channels"), [("grayscale", 1), ("rgb", 3), ("rgba", 4)])
def test_color_modes(folder, mode, channels):
    dataset = image_dataset_from_directory(folder, color_mode=mode, image_size=2, verbose=False)
    images, _ = next(iter(dataset))
    assert images.shape[-1] == channels


def test_proportions_are_kept_by_cutting_or_padding(folder):
    save_img(folder / "birds" / "0.png", np.arange(6).repeat(12).reshape(6, 4, 3).transpose(1, 0, 2), scale=False)
    settings = {"image_size": (4, 4), "shuffle": False, "verbose": False}
    cut = next(iter(image_dataset_from_directory(folder, crop_to_aspect_ratio=True, **settings)))[0][0]
    np.testing.assert_array_equal(cut[0, :, 0], [1, 2, 3, 4])
    padded = next(iter(image_dataset_from_directory(folder, pad_to_aspect_ratio=True, **settings)))[0][1]
    np.testing.assert_array_equal(padded[:, 0, 0], [10, 10, 0, 0])


def test_parts_hold_every_picture_once(folder, capsys):
    arguments = {"validation_split": 0.25, "seed": 7, "image_size": 2}
    training, validation = image_dataset_from_directory(folder, subset="both", **arguments)
    assert "Using 6 files for training.\nUsing 2 files for validation.\n" in capsys.readouterr().out
    assert sorted(training.file_paths + validation.file_paths) == sorted(
        image_dataset_from_directory(folder, shuffle=False).file_paths
    )
    alone = image_dataset_from_directory(folder, subset="validation", **arguments)
    assert alone.file_paths == validation.file_paths
    assert levels(validation) == levels(validation)


def test_fit_takes_pictures_and_keeps_their_classes(folder):
    model = kinema.Sequential([kinema.layers.Input((2, 2, 3)), kinema.layers.Flatten(), kinema.layers.Dense(2)])
    model.compile("sgd", "mse")
    dataset = image_dataset_from_directory(folder, label_mode="categorical", image_size=2, verbose=False)
    model.fit(dataset, epochs=2, validation_data=dataset, verbose=0)
    assert model.class_names == ["birds", "cats"]
    assert model.predict(dataset, verbose=0).shape == (8, 2)


def test_arrays_are_split_into_samples():
    x, y = np.arange(10), np.arange(10) * 2
    left, right = split_dataset((x, y), left_size=0.3)
    assert [int(a) for a, _ in left] == [0, 1, 2]
    assert [int(b) for _, b in right] == list(range(6, 20, 2))
    left, right = split_dataset(x, right_size=4, shuffle=True, seed=1)
    assert sorted([*left, *right]) == list(range(10))
    assert list(left) != list(range(6))
    left, right = split_dataset(x, 2, 3)
    assert [*left, *right] == [0, 1, 7, 8, 9]


def test_datasets_are_split_and_stay_batches(folder):
    dataset = image_dataset_from_directory(folder, image_size=2, shuffle=False, batch_size=4, verbose=False)
    left, right = split_dataset(dataset, left_size=6)
    assert (levels(left), levels(right)) == ([0, 10, 20, 30, 40, 50], [60, 70])
    assert right.class_names == ["birds", "cats"]
    assert [path[-5:] for path in right.file_paths] == ["6.png", "7.png"]


SERIES = np.arange(10)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda _: timeseries_dataset_from_array(SERIES, None, 11), DataError, "a window of 11 steps.*there are 10"),
        (lambda _: timeseries_dataset_from_array(SERIES, None, 2, 0), ArgumentError, "sequence_stride is at least 1"),
        (
            lambda _: timeseries_dataset_from_array(SERIES, None, 2, start_index=10),
            ArgumentError,
            "start_index is a step",
        ),
        (
            lambda _: timeseries_dataset_from_array(SERIES, None, 2, start_index=5, end_index=3),
            ArgumentError,
            "end_index 3 must be behind start_index 5",
        ),
        (lambda _: timeseries_dataset_from_array(SERIES, None, 2, batch_size=0), ArgumentError, "batch_size must be"),
        (lambda _: timeseries_dataset_from_array(SERIES, None, 2, format="x"), ArgumentError, "format is 'tf' or"),
        (lambda _: split_dataset(SERIES), ArgumentError, "needs left_size or right_size"),
        (lambda _: split_dataset(SERIES, 10), ArgumentError, "left_size is a number of samples from 1 to 9"),
        (lambda _: split_dataset(SERIES, 6, 0.5), ArgumentError, "10 samples cannot be split into 6 and 5"),
        (lambda _: split_dataset(SERIES, 0.01), ArgumentError, "10 samples cannot be split into 0 and 10"),
        (lambda _: split_dataset([SERIES, SERIES[:3]], 2), DataError, "have 10, 3 rows"),
        (lambda _: split_dataset(iter([]), 2), DTypeError, "split_dataset takes an array.*not list_iterator"),
        (lambda f: image_dataset_from_directory(f, label_mode="x"), ArgumentError, "label_mode='x' is unknown"),
        (
            lambda f: image_dataset_from_directory(f, subset="both"),
            ArgumentError,
            "validation_split and subset go together",
        ),
        (
            lambda f: image_dataset_from_directory(f, subset="both", validation_split=0.5),
            ArgumentError,
            "with validation_split and shuffle give a seed",
        ),
        (lambda f: image_dataset_from_directory(f, labels=[1]), DataError, "there are 1 labels for the 8 pictures"),
        (lambda f: image_dataset_from_directory(f, class_names=["dogs"]), DataError, r"class_names holds \['dogs'\]"),
        (lambda f: image_dataset_from_directory(f / ".hidden"), DataError, "holds no pictures"),
        (
            lambda f: image_dataset_from_directory(f, labels=None, class_names=["cats"]),
            ArgumentError,
            "class_names are for labels='inferred'",
        ),
        (
            lambda f: image_dataset_from_directory(f, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            ArgumentError,
            "exclude each other",
        ),
        (
            lambda f: image_dataset_from_directory(f, class_names=["cats"], label_mode="binary"),
            DataError,
            "label_mode='binary' is for two classes, and there are 1",
        ),
    ],
)
def test_what_cannot_be_done_is_said(call, error, message, folder):
    with pytest.raises(error, match=message):
        call(folder)
