"""What a user may write where an object is wanted: the object, its class, its name, or its saved config."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from kinema.errors import ArgumentError
from kinema.saving.registry import builtin_objects, deserialize_keras_object, get_registered_object


def resolve(identifier: Any, module: str, kind: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The object or function that an identifier means.

    Args:
        identifier: None, an instance, a function, a class, a name such as `"adam"` (case does not matter), or a config
            dict.
        module: The Keras module whose names are meant, such as `"keras.losses"`.
        kind: What it is called in an error, such as `"loss"`.
        custom_objects: The user's own classes and functions by name, beside those in scope; they go before built-in
            ones.

    Raises:
        ArgumentError: Nothing of that name is known, or the identifier is none of the above.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize_keras_object(identifier, custom_objects, expected=module)
    found = _named(identifier, module, kind, custom_objects or {}) if isinstance(identifier, str) else identifier
    if inspect.isclass(found):
        return found()
    if callable(found) or hasattr(found, "get_config"):
        return found
    raise ArgumentError(
        f"{kind}: give it by name, by class, by object or by config, not as {type(identifier).__name__}: {identifier!r}"
    )


def _named(name: str, module: str, kind: str, custom_objects: Mapping[str, Any]) -> Any:
    if name in custom_objects:
        return custom_objects[name]
    table = builtin_objects(module)
    for candidates in (table, {known.lower(): item for known, item in table.items()}):
        found = candidates.get(name, candidates.get(name.lower()))
        if found is not None:
            return found
    if (custom := get_registered_object(name)) is not None:
        return custom
    close = difflib.get_close_matches(name, table, n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(repr(match) for match in close)}?"
        if close
        else f"known: {', '.join(sorted(table))}"
    )
    raise ArgumentError(f"unknown {kind} {name!r}: {hint}")
