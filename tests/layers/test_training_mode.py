"""Who draws when: nobody in prediction, augmentations in bare calls, equal seeds alike, one draw a clip everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (6, 8, 8, 3)).astype("float32")
STILL = np.repeat(IMAGES[:, None], 5, axis=1)


class Around(layers.Layer):
    """A user's layer with an augmentation inside, which says nothing of training."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inside = layers.RandomBrightness((0.2, 0.2))

    def call(self, x: Any) -> Any:
        return self.inside(x)


def _graph(augmentation: Any, **told: Any) -> kinema.Model:
    entry = layers.Input((8, 8, 3))
    return kinema.Model(entry, layers.Rescaling(1.0)(augmentation(entry, **told)))


@pytest.mark.parametrize("told", [{}, {"training": None}, {"training": True}])
def test_augmentations_in_a_graph_rest_when_it_predicts(tmp_path: Path, told: dict[str, Any]) -> None:
    model = _graph(layers.RandomBrightness((0.2, 0.2)), **told)
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.keras")
    for one in (model, kinema.models.load_model(tmp_path / "model.keras")):
        np.testing.assert_array_equal(one.predict(IMAGES, verbose=0), IMAGES)
        np.testing.assert_array_equal(one(IMAGES, training=False).numpy(), IMAGES)
        assert one.evaluate(IMAGES, IMAGES, verbose=0) == 0
        assert (one(IMAGES, training=True).numpy() > IMAGES).any()
    history = model.fit(IMAGES, IMAGES, validation_data=(IMAGES, IMAGES), verbose=0).history
    assert history["val_loss"] == [0]
    assert history["loss"][0] > 0


def test_a_crop_in_a_graph_takes_the_middle_when_it_predicts() -> None:
    np.testing.assert_array_equal(_graph(layers.RandomCrop(4, 4)).predict(IMAGES, verbose=0), IMAGES[:, 2:6, 2:6])


def test_an_augmentation_that_is_told_not_to_train_never_does() -> None:
    model = _graph(layers.RandomBrightness((0.2, 0.2)), training=False)
    np.testing.assert_array_equal(model(IMAGES, training=True).numpy(), IMAGES)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.RandomBrightness((0.2, 0.2)),
        lambda: kinema.Sequential([layers.RandomBrightness((0.2, 0.2)), layers.Dropout(0.5)]),
        lambda: kinema.Sequential([kinema.Sequential([layers.RandomBrightness((0.2, 0.2))])]),
        lambda: _graph(layers.RandomBrightness((0.2, 0.2))),
        Around,
        lambda: kinema.Sequential([Around()]),
    ],
)
def test_bare_calls_augment_and_drop_nothing(make: Callable[[], Any]) -> None:
    brighter = layers.RandomBrightness((0.2, 0.2))(IMAGES).numpy()
    np.testing.assert_array_equal(make()(IMAGES).numpy(), brighter)
    np.testing.assert_array_equal(make()(IMAGES, training=False).numpy(), IMAGES)


def test_a_layer_of_ones_own_keeps_its_default_where_nobody_says_whether_it_trains() -> None:
    class Told(layers.Layer):
        def call(self, x: Any, training: Any = "nobody said") -> Any:
            self.training_was = training
            return x

    one = Told()
    for said, expected in (({}, "nobody said"), ({"training": True}, True), ({"training": False}, False)):
        one(IMAGES, **said)
        assert one.training_was == expected
    kinema.Sequential([layers.Input((8, 8, 3)), one]).predict(IMAGES, verbose=0)
    assert one.training_was is False


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: layers.RandomFlip(seed=seed),
        lambda seed: layers.Dropout(0.5, seed=seed),
        lambda seed: layers.GaussianNoise(1.0, seed=seed),
    ],
)
def test_layers_of_one_seed_draw_alike(make: Callable[[int], Any]) -> None:
    """As the two streams of one video need."""
    one, other, third = make(7), make(7), make(8)
    drawn = [one(IMAGES, training=True).numpy() for _ in range(2)]
    assert not np.array_equal(*drawn)
    for expected in drawn:
        np.testing.assert_array_equal(other(IMAGES, training=True).numpy(), expected)
    assert not np.array_equal(third(IMAGES, training=True).numpy(), drawn[0])
    left, right = layers.Input((8, 8, 3)), layers.Input((8, 8, 3))
    both = kinema.Model([left, right], [make(7)(left), make(7)(right)])
    first, second = both([IMAGES, IMAGES], training=True)
    np.testing.assert_array_equal(first.numpy(), second.numpy())


def test_both_dropouts_of_a_recurrent_layer_with_a_seed_are_drawn_apart() -> None:
    one = layers.SimpleRNN(8, dropout=0.5, recurrent_dropout=0.5, seed=3)
    with kinema.random.random_scope(seed=1, step=2):
        of_inputs = one._dropped(kinema.ops.ones((64, 1, 8)), training=True)
        assert not np.array_equal(of_inputs.numpy()[:, 0], one._recurrent_mask(64, training=True))


def test_places_in_pictures_are_not_left_behind() -> None:
    pictures = {"images": IMAGES, "segmentation_masks": IMAGES[..., :1], "labels": 3}
    with pytest.raises(ArgumentError, match="segmentation_masks would no longer fit"):
        layers.RandomFlip()(pictures)
    assert set(layers.RandomBrightness(0.2)(pictures)) == set(pictures)


def _inside_a_model() -> Any:
    return kinema.Sequential([layers.RandomFlip(), layers.RandomRotation(0.2), layers.Conv2D(2, 3)])


def _inside_a_graph() -> Any:
    entry = layers.Input((8, 8, 3))
    return kinema.Model(entry, layers.Conv2D(2, 3)(layers.RandomRotation(0.2)(layers.RandomFlip()(entry))))


def _inside_a_layer() -> Any:
    class Own(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.flip = layers.RandomFlip()

        def call(self, x: Any) -> Any:
            return self.flip(x)

    return Own()


def _beside_batch_statistics() -> Any:
    return kinema.Sequential([layers.RandomRotation(0.2), layers.BatchNormalization()])


@pytest.mark.parametrize("make", [_inside_a_model, _inside_a_graph, _inside_a_layer, _beside_batch_statistics])
@pytest.mark.parametrize("within", ["a call", "a model"])
def test_a_still_clip_stays_still_in_time_distributed_pipelines(make: Callable[[], Any], within: str) -> None:
    spread: Any = layers.TimeDistributed(make())
    if within == "a model":
        spread = kinema.Sequential([layers.Input(STILL.shape[1:]), spread])
    outputs = spread(STILL, training=True).numpy()
    np.testing.assert_allclose(outputs, np.repeat(outputs[:, :1], 5, axis=1), atol=1e-4)
    rested = spread(STILL, training=False).numpy()
    assert not np.allclose(outputs, rested)


def test_each_clip_of_a_time_distributed_pipeline_has_its_own_draw_wherever_its_batch_begins() -> None:
    spread = layers.TimeDistributed(_inside_a_layer())
    with kinema.random.random_scope(seed=1, step=2):
        whole = spread(STILL, training=True).numpy()
    with kinema.random.random_scope(seed=1, step=2, first_sample=3):
        part = spread(STILL[3:], training=True).numpy()
    np.testing.assert_array_equal(part, whole[3:])
    assert 0 < (whole == STILL).all(axis=(1, 2, 3, 4)).sum() < len(STILL)


def test_changes_of_time_refuse_frames_alone() -> None:
    spread = layers.TimeDistributed(layers.RandomTimeReversal())
    with pytest.raises(ShapeError, match="put it in front of it"):
        spread(STILL, training=True)
    np.testing.assert_array_equal(spread(STILL, training=False).numpy(), STILL)


def test_changes_of_time_take_each_of_several_clips_a_sample() -> None:
    clips = RNG.normal(size=(8, 2, 5, 4, 4, 1)).astype("float32")
    outputs = layers.TimeDistributed(layers.RandomTimeReversal())(clips, training=True).numpy()
    reversed_ = (outputs == clips[:, :, ::-1]).all(axis=(2, 3, 4, 5))
    kept = (outputs == clips).all(axis=(2, 3, 4, 5))
    assert (reversed_ != kept).all()
    assert (reversed_[:, 0] != reversed_[:, 1]).any()


def test_layers_that_must_be_told_are_told_that_nobody_trains() -> None:
    class Told(layers.Layer):
        def call(self, x: Any, training: Any) -> Any:
            return x * 2 if training else x

    np.testing.assert_array_equal(Told()(IMAGES).numpy(), IMAGES)


def test_a_layer_of_ones_own_may_be_called_a_stream() -> None:
    class Two(layers.Layer):
        def __init__(self, stream: str) -> None:
            super().__init__()
            self.stream = stream

        def call(self, x: Any) -> Any:
            return x * 100 if self.stream == "flow" else x

    entry = layers.Input((3,))
    model = kinema.Model(entry, layers.Concatenate()([Two("rgb")(entry), Two("flow")(entry)]))
    assert model.predict(np.ones((1, 3)), verbose=0).tolist() == [[1, 1, 1, 100, 100, 100]]


@pytest.mark.parametrize("built", [False, True])
def test_training_a_model_of_ones_own_repeats_within_a_process(built: bool) -> None:
    class Net(kinema.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense, self.dropout, self.out = layers.Dense(8), layers.Dropout(0.5), layers.Dense(1)

        def call(self, x: Any, training: Any = None) -> Any:
            return self.out(self.dropout(self.dense(x), training=training))

    def trained() -> list[Any]:
        kinema.utils.set_random_seed(3)
        model = Net()
        if built:
            model.build((None, 3))
        model.compile("sgd", "mse")
        model.fit(IMAGES[:, 0, 0], IMAGES[:, 0, 0, :1], epochs=2, verbose=0)
        return model.get_weights()

    for one, other in zip(trained(), trained(), strict=True):
        np.testing.assert_array_equal(one, other)
