"""Variations of images and clips: Keras's meaning, one draw a clip, the same numbers every time."""

from itertools import chain

import numpy as np
import pytest

from kinema.errors import ArgumentError, DataError, ShapeError
from kinema.models.data import make_data
from kinema.preprocessing.image import ImageDataGenerator


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (7, 8, 10, 3), np.uint8)


@pytest.fixture
def clips() -> np.ndarray:
    """Each clip repeats one picture, so that a frame that was treated differently shows."""
    pictures = np.random.default_rng(2).integers(0, 256, (6, 1, 9, 12, 3), np.uint8)
    return np.repeat(pictures, 5, axis=1)


def test_without_options_samples_pass_unchanged(images: np.ndarray) -> None:
    x, y = ImageDataGenerator().flow(images, np.arange(7), batch_size=7, shuffle=False)[0]
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, images)
    np.testing.assert_array_equal(y, np.arange(7))


def test_rescale(images: np.ndarray) -> None:
    x = ImageDataGenerator(rescale=1 / 255, dtype="float64").flow(images, batch_size=7, shuffle=False)[0]
    np.testing.assert_allclose(x, images / 255, rtol=1e-15)


def test_flips_happen_to_about_half(clips: np.ndarray) -> None:
    many = np.repeat(clips[:1], 400, axis=0)
    x = ImageDataGenerator(horizontal_flip=True).flow(many, batch_size=400, shuffle=False, seed=1)[0]
    flipped = np.array([np.array_equal(clip, many[0][:, :, ::-1]) for clip in x])
    kept = np.array([np.array_equal(clip, many[0]) for clip in x])
    assert (flipped ^ kept).all()
    assert 160 < flipped.sum() < 240
    vertical = ImageDataGenerator(vertical_flip=True).flow(many, batch_size=400, seed=1)[0]
    assert {bytes(clip) for clip in vertical} == {bytes(many[0].astype("f4")), bytes(many[0][:, ::-1].astype("f4"))}


@pytest.mark.parametrize(
    "options",
    [
        {"rotation_range": 40},
        {"width_shift_range": 0.3, "height_shift_range": 0.3},
        {"shear_range": 20.0, "fill_mode": "reflect"},
        {"zoom_range": 0.4, "fill_mode": "wrap"},
        {"brightness_range": (0.3, 0.9)},
        {"channel_shift_range": 60.0},
        {"horizontal_flip": True, "vertical_flip": True},
    ],
)
def test_one_draw_holds_for_a_whole_clip(clips: np.ndarray, options: dict) -> None:
    x = ImageDataGenerator(**options).flow(clips, batch_size=6, shuffle=False, seed=3)[0]
    for varied in x:
        np.testing.assert_array_equal(varied, np.broadcast_to(varied[:1], varied.shape))
    changed = [not np.array_equal(varied, clip) for varied, clip in zip(x, clips, strict=True)]
    assert sum(changed) >= 3
    assert len({bytes(varied - clip) for varied, clip in zip(x, clips, strict=True)}) > 1, (
        "clips are treated differently"
    )


def test_shifts_follow_keras(images: np.ndarray) -> None:
    generator = ImageDataGenerator(fill_mode="constant", cval=7.0)
    moved = generator.apply_transform(images[0], {"tx": 2, "ty": -3})
    expected = np.full(images[0].shape, 7.0)
    expected[:-2, 3:] = images[0][2:, :-3]
    np.testing.assert_allclose(moved, expected)


@pytest.mark.parametrize(
    ("mode", "expected"), [("nearest", [0, 0, 0, 1]), ("reflect", [1, 0, 0, 1]), ("wrap", [2, 3, 0, 1])]
)
def test_fill_modes(mode: str, expected: list[int]) -> None:
    row = np.arange(4, dtype=np.float32).reshape(1, 4, 1)
    moved = ImageDataGenerator(fill_mode=mode).apply_transform(row, {"ty": -2})
    np.testing.assert_allclose(moved[0, :, 0], expected)


def test_a_quarter_turn_and_a_zoom() -> None:
    picture = np.arange(25, dtype=np.float32).reshape(5, 5, 1)
    turned = ImageDataGenerator(interpolation_order=0).apply_transform(picture, {"theta": 90})
    np.testing.assert_array_equal(turned[..., 0], np.rot90(picture[..., 0], -1))
    closer = ImageDataGenerator().apply_transform(picture, {"zx": 0.5, "zy": 0.5})
    np.testing.assert_allclose(closer[0, 0, 0], 6.0)
    np.testing.assert_allclose(closer[2, 2, 0], 12.0)


def test_more_channels_than_opencv_takes() -> None:
    picture = np.random.default_rng(0).random((6, 6, 9), np.float32)
    moved = ImageDataGenerator().apply_transform(picture, {"tx": 1})
    np.testing.assert_allclose(moved[:-1], picture[1:])


def test_shift_ranges() -> None:
    def draws(**options: object) -> np.ndarray:
        generator = ImageDataGenerator(**options)
        return np.array([generator.get_random_transform((20, 40, 3), seed)["ty"] for seed in range(200)])

    assert np.abs(draws(width_shift_range=0.25)).max() <= 10
    assert np.abs(draws(width_shift_range=0.25)).max() > 8
    assert set(draws(width_shift_range=3)) == {-2, -1, 0, 1, 2}
    assert set(draws(width_shift_range=[0.1, 0.5])) == {-20, -4, 4, 20}
    assert set(draws(width_shift_range=[2, 5])) == {-5, -2, 2, 5}
    assert np.abs(draws(width_shift_range=6.0)).max() <= 6


def test_the_same_numbers_every_time(clips: np.ndarray) -> None:
    def flow(seed: int = 5) -> object:
        return ImageDataGenerator(rotation_range=30, horizontal_flip=True).flow(
            clips, np.arange(6), batch_size=4, seed=seed
        )

    first, again, other = flow(), flow(), flow(6)
    second_epoch = []
    for _ in range(2):
        x, y = next(first)
        x_again, y_again = next(again)
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)
    second_epoch = [next(first) for _ in range(2)]
    resumed = flow()
    resumed.set_epoch(1)
    for index, (x, y) in enumerate(second_epoch):
        np.testing.assert_array_equal(resumed[index][0], x)
        np.testing.assert_array_equal(resumed[index][1], y)
    assert not np.array_equal(other[0][0], flow()[0][0])


def test_variations_of_a_sample_do_not_depend_on_its_batch(clips: np.ndarray) -> None:
    generator = ImageDataGenerator(rotation_range=30)
    whole = generator.flow(clips, batch_size=6, shuffle=False, seed=2)[0]
    parts = generator.flow(clips, batch_size=2, shuffle=False, seed=2)
    np.testing.assert_array_equal(np.concatenate([parts[index] for index in range(3)]), whole)


def test_the_iterator(images: np.ndarray) -> None:
    weights = np.linspace(0, 1, 7)
    flow = ImageDataGenerator().flow(images, np.arange(7), batch_size=3, sample_weight=weights, seed=0)
    assert (len(flow), flow.n) == (3, 7)
    batches = [next(flow) for _ in range(3)]
    assert [len(x) for x, _, _ in batches] == [3, 3, 1]
    order = np.concatenate([y for _, y, _ in batches])
    assert sorted(order) == list(range(7))
    np.testing.assert_array_equal(np.concatenate([w for _, _, w in batches]), weights[order])
    np.testing.assert_array_equal(flow[-1][1], batches[2][1])
    next(flow)
    assert flow.epoch == 1
    flow.reset()
    np.testing.assert_array_equal(next(flow)[0], flow[0][0])
    with pytest.raises(IndexError, match="Batch 3 does not exist: an epoch has 3"):
        flow[3]


def test_subsets(images: np.ndarray) -> None:
    generator = ImageDataGenerator(validation_split=0.3)
    held_out = generator.flow(images, np.arange(7), subset="validation", shuffle=False)[0][1]
    training = generator.flow(images, np.arange(7), subset="training", shuffle=False)[0][1]
    assert held_out.tolist() == [0, 1]
    assert training.tolist() == [2, 3, 4, 5, 6]


def test_nothing_is_copied_but_batches(clips: np.ndarray) -> None:
    clips.setflags(write=False)
    flow = ImageDataGenerator(rescale=0.5).flow(clips, batch_size=2)
    assert flow.x.base is clips
    assert flow.x.dtype == np.uint8
    assert np.shares_memory(flow.x, clips)
    flow[0]


def test_featurewise_normalisation(clips: np.ndarray) -> None:
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    generator.fit(clips)
    x = generator.flow(clips, batch_size=6)[0]
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2, 3)), 1, atol=1e-4)
    generator.fit(clips, augment=True, rounds=2, seed=0)
    np.testing.assert_allclose(generator.mean, clips.mean(axis=(0, 1, 2, 3)), rtol=1e-5)


def test_samplewise_normalisation(images: np.ndarray) -> None:
    x = ImageDataGenerator(samplewise_std_normalization=True).flow(images, batch_size=7)[0]
    np.testing.assert_allclose(x.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(1, 2, 3)), 1, atol=1e-5)


def test_preprocessing_function_and_standardize_leave_the_input_alone(images: np.ndarray) -> None:
    kept = images.astype(np.float32)
    given = kept.copy()
    done = ImageDataGenerator(preprocessing_function=lambda x: x + 1, rescale=0.5).standardize(given[0])
    np.testing.assert_allclose(done, (kept[0] + 1) / 2)
    np.testing.assert_array_equal(given, kept)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zca_whitening": True}, "zca_whitening .* is not supported"),
        ({"data_format": "channels_first"}, "data_format must be 'channels_last'; got 'channels_first'"),
        ({"fill_mode": "mirror"}, "fill_mode='mirror' is unknown: use one of 'nearest', 'constant', 'reflect', 'wrap'"),
        ({"interpolation_order": 2}, r"interpolation_order must be 0 \(nearest\), 1 \(linear\) or 3 \(cubic\); got 2"),
        ({"validation_split": 1.5}, "validation_split must be from 0 to below 1; got 1.5"),
        ({"brightness_range": 0.5}, r"brightness_range must be two numbers \(low, high\); got 0.5"),
        ({"zoom_range": (1, 2, 3)}, r"zoom_range must be two numbers"),
    ],
)
def test_options_are_checked(options: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ImageDataGenerator(**options)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"y": np.arange(6)}, DataError, r"y must have one entry for each of the 7 samples of x; its shape is \(6,\)"),
        ({"sample_weight": 3}, DataError, r"sample_weight must have one entry .* its shape is \(\)"),
        ({"batch_size": 0}, ArgumentError, "batch_size must be a whole number of at least 1; got 0"),
        ({"subset": "validation"}, ArgumentError, r"subset='validation' needs ImageDataGenerator\(validation_split="),
        ({"subset": "test"}, ArgumentError, "subset='test' is unknown"),
    ],
)
def test_flow_arguments_are_checked(images: np.ndarray, arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow(images, **arguments)


def test_other_misuse(images: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"takes images .* or clips .*; x has shape \(8, 10, 3\)"):
        ImageDataGenerator().flow(images[0])
    with pytest.raises(DataError, match="x, or the subset of it, is empty"):
        ImageDataGenerator().flow(images[:0])
    with pytest.raises(DataError, match="needs at least one sample; x is empty"):
        ImageDataGenerator().fit(images[:0])
    with pytest.raises(DataError, match=r"need \.fit\(x_train\) before \.flow"):
        ImageDataGenerator(featurewise_center=True).flow(images)[0]
    for method in ("flow_from_directory", "flow_from_dataframe"):
        with pytest.raises(ArgumentError, match=f"{method} reads image files.*kinema.video.VideoFolder"):
            getattr(ImageDataGenerator(), method)("pictures", target_size=(64, 64))


def test_fit_takes_one_epoch_of_an_endless_iterator(images: np.ndarray) -> None:
    flow = ImageDataGenerator().flow(images, np.arange(7), batch_size=3, seed=0)
    data = make_data(flow)
    first, second = ([np.asarray(batch.y).tolist() for batch in data.epoch(0, epoch)] for epoch in (0, 1))
    assert [len(batch) for batch in first] == [3, 3, 1]
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(7))
    assert first != second
