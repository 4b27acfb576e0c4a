"""Layers and variables in the lists, tuples, sets and dicts of a layer's attributes."""

import copy
import pickle
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema
from kinema.layers import Dense, Layer

Pair = namedtuple("Pair", "one other")


def _names(layer: Any) -> list[str]:
    return [inner.name for inner in layer._layers]


def _dense(name: str) -> Dense:
    return Dense(2, name=name)


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: [a, b],
        lambda a, b: [[a], [[b]], 3, "text", None],
        lambda a, b: (a, (b,)),
        lambda a, b: ([a], {"b": b}),
        lambda a, b: Pair(a, [b]),
        lambda a, b: {"z": a, "a": b},
        lambda a, b: {"z": [a], "a": {1: (b,)}},
        lambda a, b: OrderedDict(z=a, a=[b]),
    ],
)
def test_containers_are_looked_into(make: Callable[..., Any]) -> None:
    owner = Layer()
    given = make(_dense("first"), _dense("second"))
    owner.held = given
    assert _names(owner) == ["first", "second"]
    assert owner.held == given
    assert isinstance(owner.held, type(given))


def test_sets_are_looked_into() -> None:
    owner = Layer()
    owner.held = {_dense("only")}
    assert _names(owner) == ["only"]


def test_attributes_may_have_any_name() -> None:
    owner = Layer()
    for name in ("track", "untrack", "tracker", "owner", "held"):
        setattr(owner, name, [_dense(name)])
    assert _names(owner) == ["track", "untrack", "tracker", "owner", "held"]


def test_what_holds_no_layer_stays_what_it_is() -> None:
    owner, shape = Layer(), (3, (4, "a"))
    owner.held = shape
    assert owner.held is shape
    assert owner._layers == []


def test_variables_in_containers() -> None:
    owner = Layer()
    owner.held = {"w": [kinema.Variable([1.0]), kinema.Variable([2.0], trainable=False)]}
    assert [float(weight.numpy()[0]) for weight in owner.trainable_weights] == [1.0]
    assert [float(weight.numpy()[0]) for weight in owner.non_trainable_weights] == [2.0]


LIST_CHANGES: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "append": (lambda held: held.append(_dense("c")), ["a", "b", "c"]),
    "append a list": (lambda held: held.append([_dense("c")]), ["a", "b", "c"]),
    "append to a list inside": (lambda held: (held.append([]), held[-1].append(_dense("c"))), ["a", "b", "c"]),
    "extend": (lambda held: held.extend([_dense("c"), _dense("d")]), ["a", "b", "c", "d"]),
    "insert": (lambda held: held.insert(0, _dense("c")), ["a", "b", "c"]),
    "set": (lambda held: held.__setitem__(0, _dense("c")), ["b", "c"]),
    "set a slice": (lambda held: held.__setitem__(slice(0, 1), [_dense("c"), _dense("d")]), ["b", "c", "d"]),
    "delete": (lambda held: held.__delitem__(0), ["b"]),
    "delete a slice": (lambda held: held.__delitem__(slice(0, 2)), []),
    "pop": (lambda held: held.pop(), ["a"]),
    "pop the first": (lambda held: held.pop(0), ["b"]),
    "remove": (lambda held: held.remove(held[0]), ["b"]),
    "clear": (lambda held: held.clear(), []),
}


@pytest.mark.parametrize("change", LIST_CHANGES)
def test_lists_that_change(change: str) -> None:
    act, expected = LIST_CHANGES[change]
    owner, plain = Layer(), [_dense("a"), _dense("b")]
    owner.held = plain
    act(owner.held)
    assert _names(owner) == expected
    assert sorted(layer.name for layer in kinema.layers.structure.leaves(owner.held)) == expected
    assert len(plain) == 2


def test_adding_to_an_attribute() -> None:
    owner = Layer()
    owner.held, owner.named = [], {}
    held, named = owner.held, owner.named
    owner.held += [_dense("a")]
    owner.named |= {"b": _dense("b")}
    assert owner.held is held
    assert owner.named is named
    assert _names(owner) == ["a", "b"]


DICT_CHANGES: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "set": (lambda held: held.__setitem__("c", _dense("c")), ["a", "b", "c"]),
    "set anew": (lambda held: held.__setitem__("a", _dense("c")), ["b", "c"]),
    "set a list": (lambda held: held.__setitem__("c", [_dense("c")]), ["a", "b", "c"]),
    "update": (lambda held: held.update({"c": _dense("c")}, d=_dense("d")), ["a", "b", "c", "d"]),
    "default": (lambda held: (held.setdefault("c", _dense("c")), held.setdefault("a", _dense("d"))), ["a", "b", "c"]),
    "default list": (lambda held: held.setdefault("c", []).append(_dense("c")), ["a", "b", "c"]),
    "delete": (lambda held: held.__delitem__("a"), ["b"]),
    "pop": (lambda held: held.pop("a"), ["b"]),
    "pop what is not there": (lambda held: held.pop("z", None), ["a", "b"]),
    "pop the last": (lambda held: held.popitem(), ["a"]),
    "clear": (lambda held: held.clear(), []),
}


@pytest.mark.parametrize("kind", [dict, OrderedDict])
@pytest.mark.parametrize("change", DICT_CHANGES)
def test_dicts_that_change(change: str, kind: type) -> None:
    act, expected = DICT_CHANGES[change]
    owner = Layer()
    owner.held = kind(a=_dense("a"), b=_dense("b"))
    act(owner.held)
    assert _names(owner) == expected
    assert sorted(layer.name for layer in kinema.layers.structure.leaves(dict(owner.held))) == expected


def test_what_is_not_there_cannot_be_popped() -> None:
    owner = Layer()
    owner.held = {}
    with pytest.raises(KeyError, match="z"):
        owner.held.pop("z")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_track_for_themselves(copied: Callable[[Any], Any]) -> None:
    owner = Layer()
    owner.held, owner.named = [_dense("a")], {"b": [_dense("b")]}
    twin = copied(owner)
    twin.held.append(_dense("c"))
    twin.named["d"] = _dense("d")
    assert _names(twin) == ["a", "b", "c", "d"]
    assert _names(owner) == ["a", "b"]
    assert twin._layers[0] is twin.held[0]


def test_layers_in_containers_train() -> None:
    class Parts(kinema.Model):
        def __init__(self) -> None:
            super().__init__()
            self.parts = {"a": [Dense(2, kernel_initializer="ones")]}

        def call(self, inputs: Any) -> Any:
            return self.parts["a"][0](inputs)

    model = Parts()
    model.compile(kinema.optimizers.SGD(0.1), "mse")
    model.train_on_batch(np.ones((4, 2), "float32"), np.zeros((4, 2), "float32"))
    np.testing.assert_allclose(model.weights[0].numpy(), np.full((2, 2), 0.8), rtol=1e-6)
