"""Layers for single frames on clips."""

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ShapeError


def _article_like(shape: tuple[int, ...] = (5, 18, 18, 3)) -> kinema.Sequential:
    return kinema.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=shape),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.LSTM(8, return_sequences=True),
            layers.Dropout(0.5),
            layers.LSTM(8),
            layers.Dense(3, activation="softmax"),
        ]
    )


def test_the_users_layers_stay_and_the_running_ones_are_wrapped() -> None:
    model = _article_like()
    assert [type(layer).__name__ for layer in model.layers][:5] == [
        "Conv2D",
        "MaxPooling2D",
        "Conv2D",
        "MaxPooling2D",
        "Flatten",
    ]
    assert [type(layer).__name__ for layer in model.running_layers] == ["TimeDistributed"] * 5 + [
        "LSTM",
        "Dropout",
        "LSTM",
        "Dense",
    ]
    assert model.output_shape == (None, 3)


def test_a_lifted_model_equals_one_written_with_time_distributed() -> None:
    lifted = _article_like()
    explicit = kinema.Sequential(
        [layers.Input((5, 18, 18, 3))]
        + [
            layers.TimeDistributed(layer)
            for layer in (
                layers.Conv2D(4, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Conv2D(6, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Flatten(),
            )
        ]
        + [
            layers.LSTM(8, return_sequences=True),
            layers.Dropout(0.5),
            layers.LSTM(8),
            layers.Dense(3, activation="softmax"),
        ]
    )
    explicit.set_weights(lifted.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 5, 18, 18, 3)).astype("float32")
    np.testing.assert_array_equal(lifted.predict(x, verbose=0), explicit.predict(x, verbose=0))


def test_layers_of_any_rank_are_not_wrapped_and_do_not_end_the_run() -> None:
    model = kinema.Sequential(
        [
            layers.Input((4, 8, 8, 3)),
            layers.Conv2D(2, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.LSTM(3),
        ]
    )
    kinds = [type(layer).__name__ for layer in model.running_layers]
    assert kinds == ["TimeDistributed", "BatchNormalization", "ReLU", "TimeDistributed", "LSTM"]


def test_flatten_outside_a_run_flattens_everything() -> None:
    model = kinema.Sequential([layers.Input((4, 8, 8, 3)), layers.Flatten(), layers.Dense(2)])
    assert model.layers[0].built
    assert model.running_layers[0] is model.layers[0]
    assert model.output_shape == (None, 2)


def test_a_nested_model_lifts_for_itself() -> None:
    features = kinema.Sequential([layers.Conv2D(2, 3, activation="relu"), layers.GlobalAveragePooling2D()])
    model = kinema.Sequential([layers.Input((4, 8, 8, 3)), features, layers.LSTM(3)])
    assert model.output_shape == (None, 3)
    wrapped = kinema.Sequential(
        [
            layers.Input((4, 8, 8, 3)),
            layers.TimeDistributed(
                kinema.Sequential([layers.Conv2D(2, 3, activation="relu"), layers.GlobalAveragePooling2D()])
            ),
            layers.LSTM(3),
        ]
    )
    wrapped.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 4, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(model.predict(x, verbose=0), wrapped.predict(x, verbose=0))


def test_a_run_that_reaches_the_output_is_said_in_the_summary_and_in_the_error() -> None:
    model = kinema.Sequential(
        [layers.Conv2D(2, 3, input_shape=(4, 8, 8, 3)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "gives one output for every frame" in lines[0]
    assert "every frame: TimeDistributed of Conv2D" in lines[0]
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(ShapeError, match=r"y has shape \(2, 3\).*no layer consumes the time axis.*LSTM"):
        model.train_on_batch(np.zeros((2, 4, 8, 8, 3), "float32"), np.eye(3)[:2])


def test_input_of_another_shape_is_refused_with_the_axes_named() -> None:
    model = _article_like()
    with pytest.raises(
        ShapeError, match=r"takes \(batch, time 5, height 18, width 18, channels 3\), x has .*one sample"
    ):
        model.predict(np.zeros((5, 18, 18, 3), "float32"), verbose=0)
    with pytest.raises(ShapeError, match=r"x has \(batch 1, time 5, height 9, width 18, channels 3\)"):
        model.predict(np.zeros((1, 5, 9, 18, 3), "float32"), verbose=0)


def test_wrappers_go_by_the_names_that_layers_have_now() -> None:
    """As when two models of the same layers become one."""

    def line() -> kinema.Sequential:
        return kinema.Sequential(
            [layers.Input((5, 8, 8, 3)), layers.Conv2D(4, 3, name="c"), layers.GlobalAveragePooling2D(name="g")]
        )

    first, second = line(), line()
    for layer in second.layers:
        layer.name = "z_" + layer.name
    entry = layers.Input((5, 8, 8, 3))
    one, other = entry, entry
    for layer in first.layers:
        one = layer(one)
    for layer in second.layers:
        other = layer(other)
    model = kinema.Model(entry, layers.Concatenate()([one, other]))
    names = [layer.name for layer in model.running_layers]
    assert "time_distributed_c" in names
    assert "time_distributed_z_c" in names


def test_lifting_uses_up_no_automatic_name() -> None:
    before = layers.TimeDistributed(layers.Dense(1)).name
    kinema.Sequential([layers.Input((5, 8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten()])
    number = int(before.rpartition("_")[2]) if before[-1].isdigit() else 0
    assert layers.TimeDistributed(layers.Dense(1)).name == f"time_distributed_{number + 1}"
