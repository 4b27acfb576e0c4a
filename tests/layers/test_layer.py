"""The base of all layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import GradientTape, Tensor, Variable, layers, ops
from kinema.errors import ArgumentError, DTypeError, KinemaError, NotBuiltError, ShapeError
from kinema.layers.layer import training_scope
from kinema.layers.naming import auto_name, reset_names
from kinema.saving import deserialize_keras_object, register_keras_serializable, serialize_keras_object


@register_keras_serializable("layer_tests")
class Scale(layers.Layer):
    """A user's layer without a get_config."""

    def __init__(self, factor: float, shift: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.shift = shift

    def build(self, input_shape: Any) -> None:
        self.gain = self.add_weight((input_shape[-1],), initializer="ones", name="gain")
        self.seen = self.add_weight((), initializer="zeros", trainable=False, name="seen")

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self.seen.assign_add(1.0)
        return inputs * self.gain * self.factor + self.shift


class Block(layers.Layer):
    """A user's layer made of layers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = layers.Dense(3, kernel_regularizer="l2")
        self.rest = [layers.Dense(2), layers.Dropout(0.5)]

    def call(self, inputs: Any) -> Any:
        outputs = self.rest[1](self.rest[0](self.first(inputs)))
        self.add_loss(ops.sum(outputs) * 0.0 + 2.0)
        return outputs


def test_names_are_keras_s() -> None:
    reset_names()
    assert [auto_name(name) for name in ("MaxPooling2D", "MaxPooling2D", "LSTM", "ReLU", "SimpleRNN", "Conv2D")] == [
        "max_pooling2d",
        "max_pooling2d_1",
        "lstm",
        "re_lu",
        "simple_rnn",
        "conv2d",
    ]


def test_a_layer_builds_when_it_is_called_and_names_its_weights() -> None:
    layer = Scale(2.0, name="twice")
    assert not layer.built
    np.testing.assert_array_equal(layer(np.ones((2, 3), "float32")).numpy(), 2 * np.ones((2, 3)))
    assert layer.built
    assert [weight.path for weight in layer.weights] == ["twice/gain", "twice/seen"]
    assert [weight.path for weight in layer.trainable_weights] == ["twice/gain"]
    assert [weight.path for weight in layer.non_trainable_weights] == ["twice/seen"]
    assert layer.count_params() == 4


def test_count_params_before_building() -> None:
    with pytest.raises(NotBuiltError, match=r"layer 'late' \(Dense\) has no weights before it is built"):
        layers.Dense(2, name="late").count_params()


def test_the_training_flag_comes_from_the_call_or_from_around_it() -> None:
    layer = Scale(1.0)
    x = np.ones((1, 2), "float32")
    layer(x)
    assert layer.seen.numpy() == 0
    layer(x, training=True)
    with training_scope(True):
        layer(x)
        layer(x, training=False)
    assert layer.seen.numpy() == 2


def test_sublayers_are_found_in_attributes_and_lists() -> None:
    block = Block()
    block(np.ones((2, 4), "float32"))
    assert [layer.name for layer in block.flatten_layers()] == [
        block.name,
        block.first.name,
        *(layer.name for layer in block.rest),
    ]
    assert [weight.shape for weight in block.weights] == [(4, 3), (3,), (3, 2), (2,)]


def test_freezing_reaches_sublayers_and_thaws_what_was_declared() -> None:
    block = Block()
    block.own = layers.BatchNormalization()
    block(np.ones((2, 4), "float32"))
    block.own(np.ones((2, 4), "float32"))
    block.trainable = False
    assert block.trainable_weights == []
    assert len(block.non_trainable_weights) == 8
    block.trainable = True
    assert len(block.trainable_weights) == 6
    assert [weight.name for weight in block.non_trainable_weights] == ["moving_mean", "moving_variance"]


def test_losses_are_added_ones_and_penalties() -> None:
    block = Block()
    block(np.ones((2, 4), "float32"))
    penalty = 0.01 * np.sum(np.square(block.first.kernel.numpy()))
    np.testing.assert_allclose([float(loss) for loss in block.losses], [2.0, penalty], rtol=1e-6)
    block.clear_losses()
    assert len(block.losses) == 1


def test_activity_regularizer_adds_a_loss_that_has_a_gradient() -> None:
    layer = layers.Dense(2, activity_regularizer="l2")
    with GradientTape() as tape:
        outputs = layer(np.ones((2, 3), "float32"))
        loss = layer.losses[0]
    gradient = tape.gradient(loss, [layer.kernel])[0]
    assert float(loss) > 0
    assert np.abs(gradient.numpy()).max() > 0
    assert outputs.shape == (2, 2)


def test_the_penalty_of_an_output_does_not_grow_with_the_batch() -> None:
    layer = layers.Activation("linear", activity_regularizer=kinema.regularizers.L1(0.5))
    for samples in (1, 4, 0):
        layer.clear_losses()
        layer(np.full((samples, 3), -2.0, "float32"))
        assert float(layer.losses[0]) == (3.0 if samples else 0.0)


def test_set_weights_changes_nothing_when_one_does_not_fit() -> None:
    layer = layers.Dense(2, name="out")
    layer.ensure_built((None, 3))
    before = layer.get_weights()
    with pytest.raises(ShapeError, match=r"layer 'out' \(Dense\) has 2 weights, set_weights got 1 arrays"):
        layer.set_weights(before[:1])
    with pytest.raises(ShapeError, match=r"weight 'out/bias' has shape \(2,\), set_weights got \(3,\)"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    for mine, old in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, old)
    with pytest.raises(ShapeError, match="the layer is not built yet"):
        layers.Dense(2).set_weights(before)


def test_get_weights_gives_copies() -> None:
    layer = layers.Dense(2)
    layer.ensure_built((None, 3))
    layer.get_weights()[0][:] = 7
    assert not np.any(layer.kernel.numpy() == 7)


def test_a_user_s_layer_is_saved_through_its_arguments() -> None:
    layer = Scale(2.0, shift=1.0, name="mine")
    described = serialize_keras_object(layer)
    assert described["registered_name"] == "layer_tests>Scale"
    assert described["config"]["factor"] == 2.0
    again = deserialize_keras_object(described)
    assert (again.name, again.factor, again.shift) == ("mine", 2.0, 1.0)


def test_arguments_that_no_file_can_hold() -> None:
    with pytest.raises(NotImplementedError, match="layer class Scale takes arguments that a file cannot hold"):
        Scale(object()).get_config()  # type: ignore[arg-type]


def test_a_layer_without_call() -> None:
    class Empty(layers.Layer):
        pass

    with pytest.raises(NotBuiltError, match="layer class Empty has no call method: define call"):
        Empty()(np.ones((1, 2), "float32"))


def test_a_layer_that_forgets_its_base() -> None:
    class Forgetful(layers.Layer):
        def __init__(self) -> None:
            self.factor = 2

    with pytest.raises(NotBuiltError, match=r"layer class Forgetful must call super\(\).__init__\(\) in its __init__"):
        Forgetful()(np.ones((1, 2), "float32"))


def test_inputs_become_the_layer_s_type() -> None:
    layer = Scale(1.0)
    for inputs in ([[1.0, 2.0]], np.float64([[1.0, 2.0]]), np.int32([[1, 2]]), np.bool_([[True, False]])):
        assert layer(inputs).dtype == np.float32
    wide = Scale(1.0, dtype="float64")
    assert wide([[1.0, 2.0]]).dtype == np.float64
    assert wide.gain.dtype == np.float64


def test_a_variable_as_input_has_a_gradient() -> None:
    x = Variable(np.ones((1, 2), "float32"))
    layer = Scale(3.0)
    with GradientTape() as tape:
        y = layer(x)
    np.testing.assert_array_equal(tape.gradient(y, [x])[0].numpy(), [[3.0, 3.0]])


def test_inputs_that_are_no_numbers() -> None:
    layer = Scale(1.0, name="mine")
    with pytest.raises(ShapeError, match=r"layer 'mine' \(Scale\) got an array of objects: its rows differ in length"):
        layer(np.array([[1.0], [1.0, 2.0]], dtype=object))
    with pytest.raises(ShapeError, match=r"layer 'mine' \(Scale\) got a list whose rows differ in length"):
        layer([[1.0], [1.0, 2.0]])
    with pytest.raises(DTypeError, match=r"layer 'mine' \(Scale\) computes with numbers, but got an array of type <U1"):
        layer(np.array(["a"]))


def test_errors_from_inside_name_the_layer_once() -> None:
    class Inner(layers.Layer):
        def call(self, inputs: Any) -> Any:
            raise ShapeError("too long")

    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="outer")
            self.inner = Inner(name="inner")

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    with pytest.raises(ShapeError) as caught:
        Outer()(np.ones((1, 2), "float32"))
    assert str(caught.value) == "layer 'inner' (Inner): too long"


def test_a_lost_mask_is_said() -> None:
    x = Tensor(np.ones((2, 3, 4), "float32"))
    x.mask = np.array([[True, True, False]] * 2)
    with pytest.warns(UserWarning, match=r"layer 'flat' \(Flatten\) got a mask that it cannot use") as caught:
        outputs = layers.Flatten(name="flat")(x)
    assert caught[0].filename == __file__
    assert outputs.mask is None


def test_a_layer_that_gives_its_input_leaves_its_mask_alone() -> None:
    class Same(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    x = Tensor(np.ones((2, 3, 4), "float32"))
    x.mask = np.array([[True, True, False]] * 2)
    assert Same()(x).mask is x.mask


def test_masks_travel_with_tensors() -> None:
    x = Tensor(np.ones((2, 3, 4), "float32"))
    x.mask = np.array([[True, True, False]] * 2)
    for layer in (layers.Dense(2), layers.Dropout(0.5), layers.LSTM(2, return_sequences=True)):
        assert layer(x).mask is not None
    assert layers.LSTM(2)(x).mask is None
    outputs, state, _ = layers.LSTM(2, return_sequences=True, return_state=True)(x)
    np.testing.assert_array_equal(outputs.mask, x.mask)
    assert state.mask is None


def test_unknown_arguments() -> None:
    with pytest.raises(ArgumentError, match=r"layer 'd' \(Dense\) does not know the argument\(s\) unit"):
        layers.Dense(2, name="d", unit=3)
    with pytest.raises(ArgumentError, match="layers compute in float32 or float64, not 'float16'"):
        layers.Dense(2, dtype="float16")


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"input_shape": (3, 4)}, (None, 3, 4)),
        ({"input_shape": 5}, (None, 5)),
        ({"input_dim": 5}, (None, 5)),
        ({"batch_input_shape": (2, 3, 4)}, (2, 3, 4)),
        ({"input_shape": (4,), "batch_size": 8}, (8, 4)),
        ({}, None),
    ],
)
def test_the_first_layer_may_know_the_input_shape(arguments: dict[str, Any], shape: Any) -> None:
    model = kinema.Sequential([layers.Dense(2, **arguments)])
    assert model.built is (shape is not None)
    assert shape is None or model.input_shape == shape


@pytest.mark.parametrize("shape", [(-1, 3), (2.5, 3), "clip", ((3, 4), 5)])
def test_lengths_are_whole_numbers(shape: Any) -> None:
    for make in (lambda: layers.Dense(2, input_shape=shape), lambda: layers.Input(shape)):
        with pytest.raises(ShapeError, match="a shape is a tuple of whole numbers of at least 0, with None where"):
            make()


def test_output_shape_is_found_by_a_call_where_a_layer_does_not_say_it() -> None:
    assert Scale(1.0).compute_output_shape((None, 4)) == (None, 4)
    assert Block().compute_output_shape((None, 4)) == (None, 2)


def test_input_layers() -> None:
    layer = layers.InputLayer((4, 8, 8, 3), batch_size=2, dtype="uint8", name="clips")
    entry = layers.Input((4, 8, 8, 3), batch_size=2, dtype="uint8", name="clips")
    assert (entry.shape, entry.dtype, entry.name) == (layer.batch_shape, "uint8", "clips")
    assert layer.batch_shape == (2, 4, 8, 8, 3)
    frames = np.zeros((2, 4, 8, 8, 3), "uint8")
    assert layer(frames).dtype == np.uint8
    described = serialize_keras_object(layer)
    assert described["config"] == {
        "batch_shape": (2, 4, 8, 8, 3),
        "dtype": "uint8",
        "sparse": False,
        "ragged": False,
        "name": "clips",
        "optional": False,
    }
    assert deserialize_keras_object(described).batch_shape == layer.batch_shape
    with pytest.raises(ArgumentError, match="give either shape, without the batch axis, or batch_shape, with it"):
        layers.Input()
    with pytest.raises(ArgumentError, match="sparse is not supported: give the shape of plain arrays"):
        layers.Input((3,), sparse=True)


def test_every_error_is_a_kinema_error_and_a_builtin() -> None:
    with pytest.raises(ValueError, match="units is a positive integer") as caught:
        layers.Dense(0)
    assert isinstance(caught.value, KinemaError)
    assert isinstance(caught.value, kinema.errors.ArgumentError)


def test_open_axes_stay_open_through_layers_that_say_no_shape() -> None:
    class Halved(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs[:, ::2] * 0.5

    class Joined(layers.Layer):
        def call(self, inputs: Any, other: Any) -> Any:
            return inputs + other

    steps = kinema.Input((None, 3))
    assert Halved()(steps).shape == (None, None, 3)
    assert Joined()(steps, steps).shape == (None, None, 3)
    assert Halved()(kinema.Input((8, 3))).shape == (None, 4, 3)


def test_layers_and_models_of_ones_own_may_have_a_title() -> None:
    class Titled(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.title = "scenes"

        def call(self, x: Any) -> Any:
            return x + 1

    model = kinema.Sequential([layers.Input((3,)), Titled()])
    model.title = "a model"
    assert model.predict(np.zeros((1, 3)), verbose=0).tolist() == [[1, 1, 1]]
    assert (model.title, model.layers[0].title) == ("a model", "scenes")


def test_a_mask_set_on_what_a_cast_gives_is_not_the_inputs() -> None:
    class Cast(layers.Layer):
        def call(self, x: Any) -> Any:
            return ops.cast(x, "float32")

        def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
            return np.array([[True, False, False]] * 2)

    entry = layers.Input((3, 4))
    masked = layers.GlobalAveragePooling1D()(Cast()(entry))
    whole = layers.GlobalAveragePooling1D()(entry)
    x = np.arange(24, dtype="float32").reshape(2, 3, 4)
    first, second = kinema.Model(entry, [masked, whole]).predict(x, verbose=0)
    np.testing.assert_array_equal(first, x[:, 0])
    np.testing.assert_array_equal(second, x.mean(axis=1))
