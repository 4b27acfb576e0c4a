"""Models again, of new layers."""

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, DTypeError

CLIPS = np.random.default_rng(0).normal(size=(2, 3, 8, 8, 1)).astype("float32")


def line():
    return kinema.Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=CLIPS.shape[1:]),
            layers.Flatten(),
            layers.LSTM(4),
            layers.Dense(2, name="last"),
        ],
        name="line",
    )


def graph():
    frames, bias = kinema.Input(CLIPS.shape[1:], name="frames"), kinema.Input((2,), name="bias")
    shared = layers.Dense(2, name="shared")
    inner = kinema.Sequential([layers.Input((2,)), layers.Dense(2, name="inner")], name="nested")
    seen = layers.LSTM(2)(layers.Flatten()(layers.Conv2D(2, 3)(frames)))
    return kinema.Model(
        [frames, bias], {"sum": layers.Add()([shared(seen), shared(bias)]), "plain": inner(seen)}, name="graph"
    )


def predictions(model):
    inputs = CLIPS if len(model.inputs) == 1 else [CLIPS, np.ones((2, 2), "float32")]
    outputs = model.predict(inputs, verbose=0)
    return outputs if isinstance(outputs, dict) else {"": outputs}


@pytest.mark.parametrize("make", [line, graph])
def test_a_clone_computes_the_same_with_weights_of_its_own(make):
    model = make()
    clone = kinema.models.clone_model(model)
    assert type(clone) is type(model)
    assert clone.name == model.name
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    assert not {id(weight) for weight in clone.weights} & {id(weight) for weight in model.weights}
    assert not all(np.array_equal(*pair) for pair in zip(clone.get_weights(), model.get_weights(), strict=True))
    clone.set_weights(model.get_weights())
    for name, values in predictions(model).items():
        np.testing.assert_array_equal(predictions(clone)[name], values)
    assert not clone.compiled


def test_a_layer_that_is_called_twice_is_made_once():
    clone = kinema.models.clone_model(graph())
    assert len(clone.get_layer("shared")._nodes) == 2


def test_a_clone_is_compiled_as_the_model_is():
    def mine(y_true, y_pred):
        return kinema.ops.mean(kinema.ops.abs(y_true - y_pred), axis=-1)

    model = line()
    model.compile(kinema.optimizers.Adam(0.25), mine, metrics=["mae"], run_eagerly=True, steps_per_execution=4)
    clone = kinema.models.clone_model(model)
    assert clone.optimizer is not model.optimizer
    assert float(clone.optimizer.learning_rate) == 0.25
    assert (clone.run_eagerly, clone.steps_per_execution, clone.jit_compile) == (True, 4, False)
    assert list(clone.evaluate(CLIPS, np.zeros((2, 2)), verbose=0, return_dict=True)) == ["loss", "mae"]


def test_a_function_may_change_layers_or_keep_them():
    def changed(layer):
        if layer.name != "last":
            return layer
        return layers.Dense.from_config({**layer.get_config(), "units": 7})

    model = line()
    clone = kinema.models.clone_model(model, clone_function=changed)
    assert clone.output_shape == (None, 7)
    assert clone.layers[0] is model.layers[0]


def test_calls_may_be_changed():
    called = []

    def call(layer, *args, **kwargs):
        called.append(layer.name)
        return layer(*args, **kwargs)

    kinema.models.clone_model(graph(), call_function=call)
    assert called.count("shared") == 2


@pytest.mark.parametrize("recursive", [False, True])
def test_models_within_are_gone_into_where_asked(recursive):
    names = []

    def note(layer):
        names.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone = kinema.models.clone_model(graph(), clone_function=note, recursive=recursive)
    assert ("inner" in names, "nested" in names) == (recursive, not recursive)
    assert isinstance(clone.get_layer("nested"), kinema.Sequential)


@pytest.mark.parametrize("make", [line, graph])
def test_inputs_may_be_given(make):
    model = make()
    given = [kinema.Input(tensor.shape[1:], name=f"new{index}") for index, tensor in enumerate(model.inputs)]
    clone = kinema.models.clone_model(model, input_tensors=given)
    assert [tensor.shape for tensor in clone.inputs] == [tensor.shape for tensor in model.inputs]
    if make is graph:
        assert clone.input_names == ["new0", "new1"]


def test_an_unbuilt_line_stays_unbuilt():
    assert not kinema.models.clone_model(kinema.Sequential([layers.Dense(2)])).built


class Own(kinema.Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.out = layers.Dense(units)

    def call(self, inputs):
        return self.out(inputs)


def test_a_model_of_ones_own_is_made_of_its_config():
    assert kinema.models.clone_model(Own(3)).out.units == 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kinema.models.clone_model(3), DTypeError, "clone_model takes a model, not int"),
        (
            lambda: kinema.models.clone_model(Own(3), clone_function=lambda layer: layer),
            ArgumentError,
            "Own computes with a call method of its own: leave them out",
        ),
        (
            lambda: kinema.models.clone_model(line(), call_function=lambda layer, x: layer(x)),
            ArgumentError,
            "call_function is for graphs",
        ),
        (
            lambda: kinema.models.clone_model(graph(), input_tensors=kinema.Input((2,))),
            ArgumentError,
            "one for each of the model's 2 input",
        ),
    ],
)
def test_what_cannot_be_cloned_is_said(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_compile_config_compiles_another_model():
    model, other = line(), line()
    assert model.get_compile_config() is None
    model.compile("sgd", "mse", loss_weights=0.5, jit_compile=True)
    other.compile_from_config(model.get_compile_config())
    assert other.get_compile_config() == model.get_compile_config()
    assert other.jit_compile
    assert other.get_metrics_result() == {"loss": 0.0}
    assert line().get_metrics_result() == {}
    result = other.evaluate(CLIPS, np.zeros((2, 2)), verbose=0)
    assert other.get_metrics_result() == {"loss": result}


def test_layers_say_their_types():
    layer = layers.Dense(2, dtype="float64")
    assert (layer.compute_dtype, layer.variable_dtype) == ("float64", "float64")
