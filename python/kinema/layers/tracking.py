"""Lists and dicts that tell their layer of the layers and variables that are put into them or taken out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

_MISSING = object()


def tracked(value: Any, owner: Any) -> Any:
    """Tells a layer of what it is given, and wraps lists and dicts so that it hears of what comes later.

    Args:
        value: Anything; lists, tuples, sets and dicts are looked into.
        owner: The layer.

    Returns:
        The value, or its wrapped copy.
    """
    if isinstance(value, (list, dict)):
        if getattr(value, "_owner", None) is owner:
            return value
        wrapper = _wrapper(value)()
        wrapper._owner = owner
        if isinstance(value, list):
            wrapper.extend(value)
        else:
            wrapper.update(value)
        return wrapper
    if isinstance(value, tuple):
        items = [tracked(item, owner) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, set):
        for item in value:
            owner._track(item)
    else:
        owner._track(value)
    return value


class _Watched:
    """What wrapped lists and dicts share. A copy of one, which belongs to no layer yet, tells nobody."""

    _owner: Any = None

    def _entering(self, value: Any) -> Any:
        return value if self._owner is None else tracked(value, self._owner)

    def _leaving(self, values: Iterable[Any]) -> None:
        if self._owner is not None:
            for value in values:
                self._owner._untrack(value)


class TrackedList(_Watched, list[Any]):
    """A list in an attribute of a layer."""

    def append(self, value: Any) -> None:
        """Adds a value at the end."""
        super().append(self._entering(value))

    def extend(self, values: Iterable[Any]) -> None:
        """Adds values at the end."""
        super().extend([self._entering(value) for value in values])

    def insert(self, index: Any, value: Any) -> None:
        """Adds a value before a position."""
        super().insert(index, self._entering(value))

    def remove(self, value: Any) -> None:
        """Takes out the first entry that equals a value."""
        del self[self.index(value)]

    def pop(self, index: Any = -1) -> Any:
        """Takes out the entry at a position and gives it back."""
        value = super().pop(index)
        self._leaving([value])
        return value

    def clear(self) -> None:
        """Takes out all entries."""
        self._leaving(self)
        super().clear()

    def _extended(self, values: Iterable[Any]) -> Any:
        self.extend(values)
        return self

    __iadd__ = _extended

    def __setitem__(self, index: Any, value: Any) -> None:
        self._leaving(self[index] if isinstance(index, slice) else [self[index]])
        entering = [self._entering(item) for item in value] if isinstance(index, slice) else self._entering(value)
        super().__setitem__(index, entering)

    def __delitem__(self, index: Any) -> None:
        self._leaving(self[index] if isinstance(index, slice) else [self[index]])
        super().__delitem__(index)


class _TrackedMapping(_Watched, dict[Any, Any]):
    """The methods of a dict in an attribute of a layer."""

    def update(self, *others: Any, **values: Any) -> None:
        """Puts in the entries of other dicts."""
        for name, value in dict(*others, **values).items():
            self[name] = value

    def setdefault(self, name: Any, default: Any = None) -> Any:
        """The entry of that name, which is put in where it is missing."""
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: Any, default: Any = _MISSING) -> Any:
        """Takes out the entry of that name and gives it back."""
        if name not in self and default is not _MISSING:
            return default
        value = self[name]
        del self[name]
        return value

    def popitem(self, *last: Any) -> Any:
        """Takes out the last entry and gives it back with its name."""
        name, value = super().popitem(*last)
        self._leaving([value])
        return name, value

    def clear(self) -> None:
        """Takes out all entries."""
        self._leaving(self.values())
        super().clear()

    def _updated(self, values: Any) -> Any:
        self.update(values)
        return self

    __ior__ = _updated

    def __setitem__(self, name: Any, value: Any) -> None:
        if name in self:
            self._leaving([self[name]])
        super().__setitem__(name, self._entering(value))

    def __delitem__(self, name: Any) -> None:
        self._leaving([self[name]])
        super().__delitem__(name)


class TrackedDict(_TrackedMapping):
    """A dict in an attribute of a layer."""


class TrackedOrderedDict(_TrackedMapping, OrderedDict[Any, Any]):
    """An `OrderedDict` in an attribute of a layer."""


def _wrapper(value: Any) -> Any:
    if isinstance(value, list):
        return TrackedList
    return TrackedOrderedDict if isinstance(value, OrderedDict) else TrackedDict
