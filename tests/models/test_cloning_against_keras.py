"""What clones and compiled models say of themselves, against real Keras 3."""

from __future__ import annotations

import os
import warnings
from typing import Any

import pytest

import kinema

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]


def _line(library: Any) -> Any:
    return library.Sequential([library.layers.Input((3,)), library.layers.Dense(2, name="last")], name="line")


def _graph(library: Any) -> Any:
    first, second = library.Input((3,), name="first"), library.Input((3,), name="second")
    shared = library.layers.Dense(2, name="shared")
    nested = library.Sequential([library.layers.Input((2,)), library.layers.Dense(2, name="inner")], name="nested")
    total = library.layers.Add(name="add")([shared(first), nested(shared(second))])
    return library.Model([first, second], total, name="graph")


@pytest.mark.parametrize("make", [_line, _graph])
@pytest.mark.parametrize("recursive", [False, True])
def test_clones_have_the_same_layers_and_functions_see_the_same(make: Any, recursive: bool) -> None:
    seen: dict[Any, list[str]] = {kinema: [], keras: []}
    clones = {}
    for library, names in seen.items():

        def note(layer: Any, names: list[str] = names) -> Any:
            names.append(layer.name)
            return type(layer).from_config(layer.get_config())

        model = make(library)
        model.compile("sgd", "mse")
        clones[library] = library.models.clone_model(model, clone_function=note, recursive=recursive)
    ours, theirs = clones[kinema], clones[keras]
    assert ours.name == theirs.name
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert ours.output_shape == theirs.output_shape
    assert sorted(set(seen[kinema])) == sorted({name for name in seen[keras] if name not in ("first", "second")})
    assert ours.compiled
    assert theirs.compiled


@pytest.mark.parametrize(
    "settings", [{}, {"metrics": ["mae"], "loss_weights": 0.5, "run_eagerly": True, "steps_per_execution": 3}]
)
def test_compile_configs(settings: dict[str, Any]) -> None:
    configs = []
    for library in (kinema, keras):
        model = _line(library)
        model.compile("adam", "mse", jit_compile=False, **settings)
        config = model.get_compile_config()
        config["optimizer"] = config["optimizer"]["class_name"]
        configs.append(config)
    assert configs[0] == configs[1]
    theirs = _line(keras)
    ours = _line(kinema)
    ours.compile("adam", "mse", **settings)
    theirs.compile_from_config(ours.get_compile_config())
    assert theirs.compiled
