"""Settings of layers that change after a model was made: what was derived from them has to be derived again."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

#: What no plan depends on, and what programs that train parts of a model in turn give values all the time.
_WITHOUT_EFFECT = {"name", "trainable"}


class _Changes:
    """How often a setting of any layer was given a value, so that asking all layers of a model is rarely needed."""

    count = 0


class Adjustable:
    """The part of a layer that notices when one of its settings, its constructor's arguments, is given a value."""

    _revision = 0

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _setting_names(type(self)):
            object.__setattr__(self, "_revision", self._revision + 1)
            _Changes.count += 1


class Snapshot:
    """The settings of layers, and of those inside them, as they are now.

    Args:
        layers: The layers.
    """

    def __init__(self, layers: Iterable[Any]) -> None:
        inside = {id(one): one for layer in layers for one in layer.flatten_layers()}
        self._layers = tuple(inside.values())
        self._count = _Changes.count
        self._revisions = self._current()

    @property
    def is_stale(self) -> bool:
        """Whether a setting has been given a value since."""
        count = _Changes.count
        if count == self._count:
            return False
        if self._current() != self._revisions:
            return True
        self._count = count
        return False

    def _current(self) -> list[int]:
        return [layer._revision for layer in self._layers]


def _setting_names(cls: type) -> frozenset[str]:
    names: frozenset[str] | None = cls.__dict__.get("_own_setting_names")
    if names is None:
        initializers = [vars(base)["__init__"] for base in cls.__mro__[:-1] if "__init__" in vars(base)]
        names = frozenset(name for one in initializers for name in inspect.signature(one).parameters) - _WITHOUT_EFFECT
        cls._own_setting_names = names  # type: ignore[attr-defined]
    return names
