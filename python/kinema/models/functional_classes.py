"""Classes of the user's own whose models are graphs: `class Mine(kinema.Model)` that is given inputs and outputs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def rest_on(functional: type, model: type, cls: type) -> None:
    """Puts `Functional` among the bases of a class, in the place of `Model` where that is one, from now on.

    Args:
        functional: The class of models that are graphs.
        model: The class of all models.
        cls: The class whose constructor was given inputs and outputs.
    """
    if model in cls.__bases__:
        cls.__bases__ = tuple(functional if base is model else base for base in cls.__bases__)
    else:  # not the bases in between: others may rest on them and have a call of their own
        cls.__bases__ = (*cls.__bases__, functional)


def takes_graph(cls: Any) -> bool:
    """Whether a class is made with inputs and outputs, and so can be made again from a graph's description."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    kinds = {parameter.kind for parameter in parameters}
    passes_on = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds
    return passes_on or [parameter.name for parameter in parameters[:2]] == ["inputs", "outputs"]


def is_graph(config: Mapping[str, Any]) -> bool:
    """Whether a config describes a graph of layers."""
    return "input_layers" in config
