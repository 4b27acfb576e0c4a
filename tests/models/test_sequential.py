"""Sequential as a container of layers."""

import copy
import pickle

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, DTypeError, NotBuiltError, ShapeError


def test_layers_come_and_go() -> None:
    model = kinema.Sequential(name="line")
    model.add(layers.Input((4,)))
    model.add(layers.Dense(3, name="first"))
    model.add(layers.Dense(2, name="second"))
    assert model.output_shape == (None, 2)
    assert model.count_params() == 4 * 3 + 3 + 3 * 2 + 2
    assert model.get_layer("second") is model.get_layer(index=1)
    assert model.pop().name == "second"
    assert model.output_shape == (None, 3)
    model.add(layers.Dense(5, name="third"))
    assert model.predict(np.zeros((2, 4), "float32"), verbose=0).shape == (2, 5)


def test_the_first_call_builds_a_model_without_an_input_shape() -> None:
    model = kinema.Sequential([layers.Dense(3), layers.Dense(2)])
    assert not model.built
    with pytest.raises(NotBuiltError, match="is not built"):
        model.output_shape  # noqa: B018
    assert model(np.zeros((2, 7), "float32")).shape == (2, 2)
    assert model.input_shape == (None, 7)


def test_frozen_layers_do_not_train() -> None:
    model = kinema.Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(2)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 2)), verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])
    assert len(model.trainable_weights) == 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_whole_and_apart(duplicate: object) -> None:
    model = kinema.Sequential(
        [layers.Conv2D(2, 3, input_shape=(3, 8, 8, 1)), layers.Flatten(), layers.LSTM(3), layers.Dense(2)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((4, 3, 8, 8, 1), "float32"), np.ones((4, 2))
    model.fit(x, y, verbose=0)
    twin = duplicate(model)  # type: ignore[operator]
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))
    twin.fit(x, y, verbose=0)
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))
    twin.fit(x, y, verbose=0)
    assert not np.array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_model_comes_back_from_its_json() -> None:
    model = kinema.Sequential(
        [layers.Conv2D(2, 3, input_shape=(3, 8, 8, 1)), layers.Flatten(), layers.GRU(3), layers.Dense(2)]
    )
    twin = kinema.models.model_from_json(model.to_json())
    twin.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 3, 8, 8, 1)).astype("float32")
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))


def test_the_summary_shows_shapes_parameters_and_memory() -> None:
    model = kinema.Sequential(
        [layers.Conv2D(2, 3, input_shape=(3, 8, 8, 1), name="c"), layers.Flatten(), layers.LSTM(3)], name="m"
    )
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    text = lines[0]
    assert 'Model: "m"' in text
    assert "(None, 3, 6, 6, 2)" in text
    assert f"Total params: {model.count_params():,}" in text
    assert "Memory of a training batch: about" in text


def test_the_memory_that_the_summary_tells_leaves_out_what_fusion_never_writes() -> None:
    def text(*between: layers.Layer) -> str:
        lines: list[str] = []
        model = kinema.Sequential(
            [layers.Input((2, 10, 10, 1)), layers.Conv2D(4, 3), *between, layers.MaxPooling2D(), layers.Flatten()]
        )
        model.summary(print_fn=lines.append)
        return lines[0]

    # per frame: 100 numbers in; 64 pooled and again 64 flattened, each with its gradient
    assert f"({2 * 4 * (100 + 2 * 128) / 1024:.1f} KB each" in text()
    # and twice the un-pooled activation, before and after a layer in between, each with its gradient
    assert f"({2 * 4 * (100 + 2 * (128 + 2 * 256)) / 1024:.1f} KB each" in text(layers.Dropout(0.5))


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda m: m.add(layers.Dense), DTypeError, "this is a class"),
        (lambda m: m.add(3), DTypeError, "not 3"),
        (lambda m: m.add(layers.Dense(2, name="d")), ArgumentError, "has a layer named 'd' already"),
        (lambda m: m.add(layers.Input((3,))), ArgumentError, "Input stands at the beginning"),
        (lambda m: m.get_layer("x"), ArgumentError, "no layer named 'x'; its layers are: d"),
        (lambda m: m.get_layer(index=4), ArgumentError, "has 1 layers"),
        (lambda m: m.set_weights([np.zeros((2, 2))]), ShapeError, "has 2 weights, set_weights got 1"),
    ],
)
def test_mistakes_are_named(action: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        action(kinema.Sequential([layers.Input((2,)), layers.Dense(2, name="d")]))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("layer_range", "shown"),
    [
        (("second", "third"), ["second", "third"]),
        (("conv", "f"), ["conv", "first"]),
        (("third", "first"), ["first", "second", "third"]),
        (("second", ".*"), ["second", "third"]),
    ],
)
def test_a_summary_may_show_some_layers(layer_range, shown):
    dense = [kinema.layers.Dense(2, name=name) for name in ("first", "second", "third")]
    conv = kinema.layers.Conv2D(2, 3, name="conv")
    model = kinema.Sequential([kinema.layers.Input((2, 8, 8, 1)), conv, *dense])
    lines = []
    model.summary(print_fn=lines.append, layer_range=layer_range)
    table = lines[0].split("-\n")[2]
    assert [line.split()[0] for line in table.splitlines()[: len(shown)]] == shown
    assert table.count("\n") == len(shown)


@pytest.mark.parametrize(
    ("layer_range", "message"),
    [(("a", "z"), "no layer is named 'z'; the layers are: a"), (("a",), "two names of layers")],
)
def test_layers_to_show_must_be_there(layer_range, message):
    model = kinema.Sequential([kinema.layers.Dense(2, name="a", input_shape=(3,))])
    with pytest.raises(ArgumentError, match=message):
        model.summary(layer_range=layer_range)
