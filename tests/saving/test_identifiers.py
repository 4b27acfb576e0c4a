"""Names, classes, configs and objects are understood alike."""

import pytest

from kinema import optimizers, saving
from kinema.errors import ArgumentError
from kinema.saving.identifiers import resolve


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
