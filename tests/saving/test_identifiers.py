"""Names, classes, configs and objects are understood alike."""

import inspect

import pytest

from kinema import activations, constraints, initializers, losses, metrics, optimizers, regularizers, saving
from kinema.errors import ArgumentError
from kinema.saving.identifiers import resolve
from kinema.saving.registry import builtin_objects


@pytest.mark.parametrize(
    "identifier",
    ["SGD", "sgd", optimizers.SGD, optimizers.SGD(), {"class_name": "SGD", "config": {"learning_rate": 0.01}}],
)
def test_every_way_to_say_it(identifier):
    assert type(resolve(identifier, "keras.optimizers", "optimizer")) is optimizers.SGD


def test_nothing_is_nothing():
    assert resolve(None, "keras.optimizers", "optimizer") is None


def test_objects_of_the_user_in_scope():
    class Mine(optimizers.SGD):
        pass

    with saving.custom_object_scope({"Mine": Mine}):
        assert type(resolve("Mine", "keras.optimizers", "optimizer")) is Mine


def test_unknown_names_list_what_there_is():
    with pytest.raises(
        ArgumentError, match=r"unknown optimizer 'zzz': known: Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl"
    ):
        resolve("zzz", "keras.optimizers", "optimizer")


def test_other_things_are_refused():
    with pytest.raises(
        ArgumentError, match=r"optimizer: give it by name, by class, by object or by config, not as float: 0.5"
    ):
        resolve(0.5, "keras.optimizers", "optimizer")


@pytest.mark.parametrize("name", sorted(set(builtin_objects("keras.losses")) & set(builtin_objects("keras.metrics"))))
def test_names_of_several_kinds_mean_what_is_wanted(name):
    """Old files say no module: the place where the name stands does."""
    for module in ("keras.losses", "keras.metrics"):
        known = builtin_objects(module)[name]
        found = saving.deserialize_keras_object([{"class_name": name, "config": {}}], expected=module)[0]
        assert found is known if inspect.isfunction(known) else type(found) is known


@pytest.mark.parametrize("package", [losses, metrics], ids=["loss", "metric"])
def test_descriptions_without_a_module(package):
    described = {"class_name": "MeanSquaredError", "config": {"name": "q"}}
    for understand in (package.get, package.deserialize):
        found = understand(described)
        assert type(found) is package.MeanSquaredError
        assert found.name == "q"


@pytest.mark.parametrize(
    "package", [losses, metrics, activations, initializers, regularizers, constraints], ids=lambda item: item.__name__
)
def test_names_of_the_user_go_before_built_in_ones(package):
    def own(*_):
        return 0.0

    assert package.deserialize("zero", {"zero": own}) is own
    name = "mae" if package in (losses, metrics) else "relu" if package is activations else "zeros"
    assert package.deserialize(name, {name: own}) is own
    assert package.deserialize({"class_name": "function", "config": "zero"}, {"zero": own}) is own
