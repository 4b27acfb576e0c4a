"""What holds for all augmentations: one draw per clip, still clips stay still, bytes as floats, nothing at rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import GradientTape, Tensor, layers
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.layers.augmentation.base import Augmentation
from kinema.random import RandomKey, random_scope


@dataclass(frozen=True)
class Case:
    """An augmentation whose draws differ from clip to clip.

    Args:
        name: What tells it from the others.
        make: Makes the layer.
        of_frames: What happens to a frame does not depend on the other frames.
        resizes: Frames come out in another size.
        of_batch: What happens to a clip depends on the other clips.
        exact: How far bytes and floats may be apart, in grey levels.
    """

    name: str
    make: Callable[[], Any]
    of_frames: bool = True
    resizes: bool = False
    of_batch: bool = False
    exact: float = 0.51


CASES = [
    Case("flip", lambda: layers.RandomFlip(name="a")),
    Case("crop", lambda: layers.RandomCrop(20, 24, name="a"), resizes=True),
    Case("resized-crop", lambda: layers.RandomResizedCrop(16, 20, name="a"), resizes=True, exact=1.0),
    Case("rotation", lambda: layers.RandomRotation(0.2, name="a"), exact=1.0),
    Case("rotation-constant", lambda: layers.RandomRotation(0.2, "constant", fill_value=9, name="a"), exact=1.0),
    Case("zoom", lambda: layers.RandomZoom(0.4, 0.3, name="a"), exact=1.0),
    Case("translation", lambda: layers.RandomTranslation(0.3, 0.4, "wrap", name="a"), exact=1.0),
    Case("brightness", lambda: layers.RandomBrightness(0.5, name="a")),
    Case("contrast", lambda: layers.RandomContrast(0.8, name="a")),
    Case("saturation", lambda: layers.RandomSaturation((0.1, 0.9), name="a")),
    Case("hue", lambda: layers.RandomHue(0.9, name="a")),
    Case("blur", lambda: layers.RandomGaussianBlur((1, 1), 5, (0.3, 1.0), name="a"), exact=1.0),
    Case("erasing", lambda: layers.RandomErasing((1, 1), (0.1, 0.5), name="a")),
    Case("erasing-grey", lambda: layers.RandomErasing((1, 1), (0.1, 0.5), fill_value=[1, 2, 3], name="a")),
    Case("mix-up", lambda: layers.MixUp(1.0, name="a"), of_batch=True),
    Case("reversal", lambda: layers.RandomTimeReversal(name="a"), of_frames=False),
    Case("jitter", lambda: layers.RandomTemporalJitter(2, name="a"), of_frames=False),
    Case("speed", lambda: layers.RandomSpeed(0.7, name="a"), of_frames=False),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
BATCH, TIME, HEIGHT, WIDTH = 6, 5, 32, 30
KEY = RandomKey(seed=3, stream=2, step=4)


def _clips(batch: int = BATCH, still: bool = False) -> np.ndarray:
    """Bytes: smooth pictures with a bright square that moves, other ones in every clip."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    clips = np.empty((batch, TIME, HEIGHT, WIDTH, 3), np.uint8)
    for index in range(batch):
        slopes = rng.uniform(1, 3, (2, 3))
        for step in range(TIME):
            clips[index, step] = 30 + y[..., None] * slopes[0] + x[..., None] * slopes[1]
            left = 2 if still else 2 + 4 * step
            clips[index, step, 4:12, left : left + 8] = rng.integers(0, 255, 3) if not step or not still else 200
        if still:
            clips[index] = clips[index, :1]
    return clips


def _trained(layer: Any, x: Any, **key: int) -> np.ndarray:
    with random_scope(seed=3, step=4, **key):
        return np.asarray(layer(x, training=True).numpy())


@every_case
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_still_clip_stays_still(case: Case, dtype: str) -> None:
    layer = case.make()
    clips = _clips(still=True).astype(dtype)
    for changed in (_trained(layer, clips), layer.augment(clips, None, KEY)[0]):
        assert (changed == changed[:, :1]).all()


@every_case
def test_clips_are_changed_and_each_in_its_own_way(case: Case) -> None:
    layer = case.make()
    twins = np.repeat(_clips(1), 8, axis=0)
    if case.of_batch:
        twins[::2] //= 2
    changed = _trained(layer, twins)
    assert len(np.unique(changed.reshape(8, -1), axis=0)) > 1
    again = _trained(layer, twins)
    np.testing.assert_array_equal(changed, again)
    with random_scope(seed=3, step=5):
        assert not np.array_equal(changed, layer(twins, training=True).numpy())


@pytest.mark.parametrize("case", [case for case in CASES if case.of_frames], ids=lambda case: case.name)
def test_a_frame_is_changed_as_the_image_that_it_is(case: Case) -> None:
    layer = case.make()
    clips = _clips()
    whole = _trained(layer, clips)
    for step in (0, TIME - 1):
        np.testing.assert_array_equal(_trained(layer, clips[:, step]), whole[:, step])


@pytest.mark.parametrize("case", [case for case in CASES if not case.of_batch], ids=lambda case: case.name)
def test_what_is_drawn_depends_on_the_sample_not_on_the_batch(case: Case) -> None:
    layer = case.make()
    clips = _clips()
    np.testing.assert_array_equal(_trained(layer, clips[4:], first_sample=4), _trained(layer, clips)[4:])


@every_case
def test_bytes_stay_bytes_in_a_dataset_and_are_near_the_floats(case: Case) -> None:
    layer = case.make()
    clips = _clips()
    original = clips.copy()
    of_bytes, labels = layer.augment(clips, None, KEY)
    of_floats, _ = layer.augment(clips.astype("float32"), None, KEY)
    assert labels is None
    assert of_bytes.dtype == np.uint8
    assert of_floats.dtype == np.float32
    assert of_bytes.shape == of_floats.shape
    assert np.abs(of_bytes.astype("float32") - of_floats).max() <= case.exact
    np.testing.assert_array_equal(clips, original)


@every_case
def test_single_precision_agrees_with_the_sums_written_out(case: Case) -> None:
    layer = case.make()
    clips = _clips().astype("float64")
    written_out = layer.augment(clips, None, KEY)[0]
    fast = layer.augment(clips.astype("float32"), None, KEY)[0]
    # OpenCV before version 5 places pixels to 1/32, which shows at edges of 200 grey levels.
    assert np.abs(written_out - fast).max() < 15
    assert np.abs(written_out - fast).mean() < 0.5


@every_case
def test_nothing_happens_at_rest(case: Case) -> None:
    layer = case.make()
    clips = Tensor(_clips(2).astype("float32"))
    with GradientTape() as tape:
        tape.watch(clips)
        rested = layer(clips, training=False)
    gradient = tape.gradient(rested, clips, output_gradients=np.full(rested.shape, 3, "float32")).numpy()
    if not case.resizes:
        np.testing.assert_array_equal(rested.numpy(), clips.numpy())
        np.testing.assert_array_equal(gradient, 3)
    else:
        assert rested.shape[-3:-1] == (layer.height, layer.width)
        assert layer.compute_output_shape((None, *clips.shape[1:])) == (None, *rested.shape[1:])
        np.testing.assert_allclose(gradient.sum(), 3 * rested.numpy().size, rtol=1e-4)


@every_case
def test_a_bare_call_changes_as_in_keras(case: Case) -> None:
    layer = case.make()
    with random_scope(seed=3, step=4):
        np.testing.assert_array_equal(layer(_clips()).numpy(), _trained(layer, _clips()))


@every_case
def test_a_model_draws_once_per_clip_and_rests_when_it_predicts(case: Case, tmp_path: Any) -> None:
    model = kinema.Sequential([layers.Input((TIME, HEIGHT, WIDTH, 3)), case.make(), layers.Rescaling(1 / 255)])
    clips = _clips(4, still=True)
    outputs = model(clips, training=True).numpy()
    assert (outputs == outputs[:, :1]).all()
    predicted = model.predict(clips, verbose=0)
    if not case.resizes:
        np.testing.assert_allclose(predicted, clips / 255, rtol=1e-6)
    model.save(tmp_path / "model.keras")
    again = kinema.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(clips, verbose=0), predicted)
    with random_scope(1, 2):
        first = model(_clips(4), training=True).numpy()
    with random_scope(1, 2):
        np.testing.assert_array_equal(again(_clips(4), training=True).numpy(), first)


def test_every_augmentation_is_in_the_table() -> None:
    public = {cls for cls in vars(layers).values() if isinstance(cls, type) and issubclass(cls, Augmentation)}
    assert {type(case.make()) for case in CASES} == public


def test_flips_of_both_directions_are_drawn_for_themselves() -> None:
    clip = np.arange(4.0).reshape(1, 1, 2, 2, 1)
    flipped = _trained(layers.RandomFlip(name="a"), np.repeat(clip, 64, axis=0))
    assert len(np.unique(flipped.reshape(64, -1), axis=0)) == 4


def test_the_crop_at_rest_is_the_middle() -> None:
    frames = np.arange(36.0, dtype="float32").reshape(1, 6, 6, 1)
    np.testing.assert_array_equal(layers.RandomCrop(2, 4)(frames, training=False).numpy(), frames[:, 2:4, 1:5])
    wide = layers.RandomCrop(3, 12)(frames, training=False).numpy()
    assert wide.shape == (1, 3, 12, 1)
    assert wide[0, :, 0, 0].min() >= frames[0, 2, 0, 0]  # of the rows, only those in the middle are shown


def test_crops_reach_every_corner() -> None:
    frames = np.zeros((200, 3, 3, 1), "float32")
    frames[:] = np.arange(9.0).reshape(3, 3, 1)
    corners = _trained(layers.RandomCrop(2, 2, name="a"), frames)[:, 0, 0, 0]
    assert set(corners) == {0.0, 1.0, 3.0, 4.0}


def test_masked_steps_stay_where_they_are() -> None:
    x = np.arange(12.0, dtype="float32").reshape(2, 6, 1)
    mask = np.array([[True, True, True, False, False, False], [True] * 6])
    reverse = layers.RandomTimeReversal(1.0)
    outputs = reverse(x, training=True, mask=mask)
    assert outputs.numpy()[..., 0].tolist() == [[2, 1, 0, 3, 4, 5], [11, 10, 9, 8, 7, 6]]
    np.testing.assert_array_equal(outputs.mask, mask)


@pytest.mark.parametrize("layer", [layers.RandomSpeed(0.9, name="a"), layers.RandomTemporalJitter(3, name="a")])
def test_time_runs_forwards(layer: Any) -> None:
    steps = np.arange(9.0, dtype="float32").reshape(1, 9, 1).repeat(50, axis=0)
    assert (np.diff(_trained(layer, steps), axis=1) >= 0).all()


def test_a_slow_clip_shows_a_part_and_a_fast_one_everything() -> None:
    steps = np.arange(9.0, dtype="float32").reshape(1, 9, 1).repeat(50, axis=0)
    slow = _trained(layers.RandomSpeed((-0.5, -0.5), name="a"), steps)
    assert set((slow[:, -1] - slow[:, 0]).ravel()) <= {4.0, 5.0}
    fast = _trained(layers.RandomSpeed((1, 1), name="a"), steps)
    assert (fast[:, 0] <= 0).all()
    assert (fast[:, -1] == 8).all()


def test_erasing_covers_what_its_chance_says() -> None:
    ones = np.ones((400, 8, 8, 1), "float32")
    covered = _trained(layers.RandomErasing((0.25, 0.25), (0.25, 0.25), fill_value=0, name="a"), ones)
    assert 0.18 < (covered.min(axis=(1, 2, 3)) == 0).mean() < 0.32


def test_mix_up_mixes_labels_as_it_mixes_clips() -> None:
    clips = np.eye(6, dtype="float32").repeat(4).reshape(6, 6, 2, 2)[..., None].transpose(0, 1, 2, 3, 4)
    layer = layers.MixUp(1.0)
    mixed = layer({"images": clips, "labels": np.eye(6)})
    np.testing.assert_allclose(mixed["labels"].numpy(), mixed["images"].numpy()[:, :, 0, 0, 0], atol=1e-6)
    assert not np.array_equal(mixed["labels"].numpy(), np.eye(6))
    x, y = layer.augment(clips, np.eye(6, dtype="float32"), KEY)
    np.testing.assert_allclose(y, x[:, :, 0, 0, 0], atol=1e-6)
    np.testing.assert_array_equal(layer({"images": clips, "labels": np.eye(6)}, training=False)["labels"], np.eye(6))


def test_a_dictionary_goes_through_with_its_labels() -> None:
    changed = layers.RandomFlip()({"images": _clips(), "labels": 7})
    assert changed["labels"] == 7
    assert changed["images"].shape == _clips().shape


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandomFlip("sideways"), "mode is one of 'horizontal', 'vertical', 'horizontal_and_vertical'"),
        (lambda: layers.RandomFlip(data_format="channels_first"), "data_format='channels_first' is not supported"),
        (lambda: layers.RandomFlip(bounding_box_format="xyxy"), "bounding_box_format='xyxy' of earlier Keras versions"),
        (lambda: layers.RandomRotation(1.5), r"factor is a number from -1 to 1, or a pair \(lower, upper\).*not 1.5"),
        (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), r"factor is a number from -1 to 1, or a pair"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), "fill_mode is one of"),
        (lambda: layers.RandomRotation(0.1, interpolation="cubic"), "interpolation is one of 'nearest', 'bilinear'"),
        (lambda: layers.RandomRotation(0.1, fill_value="grey"), "fill_value is a number, not 'grey'"),
        (lambda: layers.RandomCrop(0, 4), "height is a positive integer, not 0"),
        (lambda: layers.RandomResizedCrop(4, 4, scale=(0.5, 2)), r"scale is a pair of positive .*up to 1, not"),
        (
            lambda: layers.RandomResizedCrop(4, 4, ratio=(2, 1)),
            r"ratio is a pair of positive numbers \(least, largest\)",
        ),
        (lambda: layers.RandomBrightness(0.1, value_range=255), r"value_range is a pair such as \(0, 255\), not 255"),
        (lambda: layers.RandomContrast(-0.5), "factor is a number from 0 to 1"),
        (lambda: layers.RandomContrast("strong"), "factor is a number from 0 to 1"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "kernel_size is odd, so that it has a middle, not 4"),
        (lambda: layers.RandomErasing(fill_value="black"), "fill_value is a number, one a channel, or None for noise"),
        (lambda: layers.MixUp(0), "alpha is a positive number, not 0"),
        (lambda: layers.RandomTimeReversal(2), "factor is a number from 0 to 1, not 2"),
        (lambda: layers.RandomTemporalJitter(0), "max_offset is a positive integer, not 0"),
        (lambda: layers.RandomSpeed(1.0), "factor=1.0 would stop time: keep changes of speed above -1"),
    ],
)
def test_argument_errors(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_input_errors() -> None:
    with pytest.raises(ShapeError, match=r"expected images .* or clips .*, got an input of shape \(8, 8, 3\): add the"):
        layers.RandomFlip()(np.zeros((8, 8, 3)))
    with pytest.raises(ShapeError, match="expected the 3 channels red, green and blue.*leave this layer out"):
        layers.RandomHue(0.2)(np.zeros((1, 8, 8, 1)))
    with pytest.raises(ShapeError, match=r"expected \(batch, time, ...\), at least three axes"):
        layers.RandomSpeed()(np.zeros((8, 8)))
    with pytest.raises(DTypeError, match=r"mixes labels, which whole numbers \(int64\) cannot be: use one-hot labels"):
        layers.MixUp().augment(_clips(), np.arange(6), KEY)


@every_case
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_how_clips_lie_in_memory_does_not_matter(case: Case, dtype: str) -> None:
    layer = case.make()
    clips = _clips().astype(dtype)
    planes = np.ascontiguousarray(np.moveaxis(clips, -1, 0))
    planes.flags.writeable = False
    scattered = np.moveaxis(planes, 0, -1)
    np.testing.assert_array_equal(layer.augment(scattered, None, KEY)[0], layer.augment(clips, None, KEY)[0])


@every_case
def test_gradients_may_lie_in_memory_in_any_way(case: Case) -> None:
    changed, back = case.make().change_batch(_clips().astype("float32"), KEY)
    dy = np.random.default_rng(0).normal(size=changed.shape).astype("float32")
    planes = np.ascontiguousarray(np.moveaxis(dy, -1, 0))
    planes.flags.writeable = False
    np.testing.assert_allclose(back(np.moveaxis(planes, 0, -1)), back(dy), rtol=1e-4, atol=1e-4)


def test_prediction_shares_frames_behind_augmentation_that_rests() -> None:
    augmentation = [layers.RandomFlip(), layers.RandomSpeed(), layers.RandomCrop(16, 16)]
    model = kinema.Sequential([layers.Input((4, 20, 20, 3)), *augmentation, layers.Conv2D(2, 3), layers.Flatten(),
                               layers.LSTM(3)])  # fmt: skip
    assert model.plan.shares_frames(training=False)
    assert not model.plan.shares_frames(training=True)
    frames = np.random.default_rng(0).uniform(0, 1, (9, 20, 20, 3)).astype("float32")
    clips = kinema.video.windows(frames, 4)
    shared = model.predict(clips, verbose=0)
    np.testing.assert_allclose(shared, model.predict(np.array(clips), verbose=0), rtol=1e-5, atol=1e-6)


def test_a_model_of_nothing_but_augmentation_predicts_its_input() -> None:
    clips = _clips(2)
    model = kinema.Sequential([layers.Input(clips.shape[1:]), layers.RandomFlip()])
    np.testing.assert_array_equal(model.predict(clips, verbose=0), clips)


@every_case
@pytest.mark.parametrize("channels", [1, 2, 7])
def test_frames_may_have_any_channels(case: Case, channels: int) -> None:
    layer = case.make()
    clips = np.resize(_clips()[..., :1], (BATCH, TIME, HEIGHT, WIDTH, channels))
    if case.name in ("hue", "saturation", "erasing-grey"):
        pytest.skip("these are of three channels")
    changed = layer.augment(clips.astype("float32"), None, KEY)[0]
    assert changed.shape[-1] == channels
    for channel in range(channels if case.name != "erasing" else 0):
        alone = layer.augment(clips[..., channel : channel + 1].astype("float32"), None, KEY)[0]
        # OpenCV's kernels of two channels round more than those of one.
        assert np.abs(alone[..., 0] - changed[..., channel]).mean() < 0.5


@every_case
@pytest.mark.parametrize("shape", [(0, 2, 8, 8, 3), (2, 1, 9, 8, 3), (2, 3, 1, 1, 3)])
def test_batches_may_be_empty_clips_short_and_frames_small(case: Case, shape: tuple[int, ...]) -> None:
    for dtype in ("uint8", "float32", "float64"):
        changed = case.make().augment(np.ones(shape, dtype), None, KEY)[0]
        assert changed.dtype == dtype
        assert changed.shape[:2] == shape[:2]
