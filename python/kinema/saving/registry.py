"""The closed registry: which class names a file may use, and what they mean.

A file names classes, never code. A name means a built-in class, a class that running code registered with
`register_keras_serializable`, or one handed over as `custom_objects`; anything else is an error.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from kinema.errors import FileFormatError

T = TypeVar("T")

#: module such as "keras.layers" -> class name -> class.
_builtins: dict[str, dict[str, Any]] = {}
#: "package>name" -> the user's class or function.
_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scope = threading.local()


def builtin(module: str, *aliases: str) -> Callable[[T], T]:
    """Lists a class of Kinema under its Keras module, so that files may name it."""

    def add(cls: T) -> T:
        table = _builtins.setdefault(module, {})
        for name in (cls.__name__, *aliases):  # type: ignore[attr-defined]
            table[name] = cls
        cls._keras_module = module  # type: ignore[attr-defined]
        return cls

    return add


def builtin_objects(module: str) -> Mapping[str, Any]:
    """The built-in classes of one Keras module by name."""
    return _builtins.get(module, {})


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Lets files name a class or function of yours.

    Args:
        package: A name for your project, so that names of different projects do not collide.
        name: The name in the file; the class's own when None.

    Example:
        >>> import kinema
        >>> @kinema.saving.register_keras_serializable(package="mine")
        ... class Twice(kinema.layers.Layer):
        ...     def call(self, inputs):
        ...         return inputs * 2
        >>> kinema.saving.get_registered_name(Twice)
        'mine>Twice'
    """

    def register(item: T) -> T:
        full = f"{package}>{name or item.__name__}"  # type: ignore[attr-defined]
        if inspect.isclass(item) and not hasattr(item, "get_config"):
            raise FileFormatError(f"class {item.__name__} needs a get_config method before it can be saved in a file")
        _registered[full] = item
        _names[item] = full
        return item

    return register


def get_registered_name(item: Any) -> str:
    """The name under which a class or function is registered, its plain name if it is not."""
    return _names.get(item, getattr(item, "__name__", str(item)))


def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The class or function of that registered name, None if there is none."""
    for table in (custom_objects or {}, get_custom_objects(), _registered):
        if name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The objects of the `custom_object_scope` around the caller."""
    return dict(getattr(_scope, "objects", {}))


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any]) -> Iterator[None]:
    """Inside, files may name these classes and functions."""
    outer = getattr(_scope, "objects", {})
    _scope.objects = {**outer, **custom_objects}
    try:
        yield
    finally:
        _scope.objects = outer


def find(
    class_name: str,
    module: str | None,
    registered_name: str | None,
    custom_objects: Mapping[str, Any],
    expected: str | None = None,
) -> Any:
    """The class or function a file means.

    Args:
        class_name: Its name.
        module: The Keras module that the file says it is of; None where it says nothing, as old ones.
        registered_name: The name under which it was registered.
        custom_objects: Your own classes and functions by name.
        expected: The Keras module to look in first where the file says none.

    Raises:
        FileFormatError: Nothing of that name is known.
    """
    for name in (registered_name, class_name):
        if name is not None and (found := get_registered_object(name, custom_objects)) is not None:
            return found
    suffix = [full for full in _registered if full.split(">", 1)[-1] == class_name]
    if len(suffix) == 1:
        return _registered[suffix[0]]
    if module in _builtins:
        if class_name in _builtins[module]:
            return _builtins[module][class_name]
    else:
        for table in (builtin_objects(expected or ""), *_builtins.values()):
            if class_name in table:
                return table[class_name]
    raise FileFormatError(
        f"'{class_name}' is not a class that Kinema knows. If it is yours, register it with "
        f"@kinema.saving.register_keras_serializable() or pass custom_objects={{'{class_name}': ...}}; "
        "if it is Keras's, this version cannot load it yet"
    )


def serialize_keras_object(item: Any) -> Any:
    """What a file says about an object: plain JSON values, in Keras 3's form."""
    if item is None or isinstance(item, (bool, int, float, str)):
        return item
    if isinstance(item, (np.bool_, np.integer, np.floating)):
        return item.item()
    if isinstance(item, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": item.tolist(), "dtype": item.dtype.name}}
    if isinstance(item, np.dtype):
        return item.name
    if isinstance(item, slice):
        return {"class_name": "__slice__", "config": {"start": item.start, "stop": item.stop, "step": item.step}}
    if item is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(item, tuple):
        return {"class_name": "__tuple__", "items": [serialize_keras_object(value) for value in item]}
    if isinstance(item, list):
        return [serialize_keras_object(value) for value in item]
    if isinstance(item, dict):
        return {name: serialize_keras_object(value) for name, value in item.items()}
    if inspect.isfunction(item):
        return {
            "module": "builtins",
            "class_name": "function",
            "config": item.__name__,
            "registered_name": get_registered_name(item),
        }
    if inspect.isclass(item) and hasattr(item, "get_config"):  # compile makes one of it without arguments
        return serialize_keras_object(item())
    cls = type(item)
    if not hasattr(item, "get_config"):
        raise FileFormatError(f"a {cls.__name__} cannot be saved: give it a get_config method")
    keras_module = cls.__dict__.get("_keras_module")
    answer = {
        "module": keras_module if keras_module is not None else cls.__module__,
        "class_name": cls.__name__,
        "config": item.get_config(),
        "registered_name": None if keras_module is not None else get_registered_name(cls),
    }
    if hasattr(item, "get_build_config") and (build := item.get_build_config()):
        answer["build_config"] = build
    return answer


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, *, expected: str | None = None
) -> Any:
    """The object that a file describes. Runs `from_config` of known classes and nothing else.

    Args:
        config: What `serialize_keras_object` gave, or Keras 3 wrote.
        custom_objects: Your own classes and functions by name.
        expected: The Keras module, such as `"keras.metrics"`, of what is wanted: a name may be one of a loss and one of
            a metric, and old files do not say which.

    Raises:
        FileFormatError: It names a class that is not known, or its config does not fit the class.
    """
    custom = custom_objects or {}
    if isinstance(config, list):
        return [deserialize_keras_object(value, custom, expected=expected) for value in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config:
        return {name: deserialize_keras_object(value, custom, expected=expected) for name, value in config.items()}
    class_name = config["class_name"]
    if class_name == "__tuple__":
        return tuple(deserialize_keras_object(value, custom, expected=expected) for value in config["items"])
    if class_name == "__slice__":
        return slice(*(config["config"][end] for end in ("start", "stop", "step")))
    if class_name == "__ellipsis__":
        return Ellipsis
    if class_name in ("__numpy__", "__tensor__"):
        return np.array(config["config"]["value"], dtype=config["config"]["dtype"])
    if class_name == "DTypePolicy":
        return config["config"]["name"]
    if class_name == "function":
        return find(config["config"], None, config.get("registered_name"), custom, expected)
    cls = find(class_name, config.get("module"), config.get("registered_name"), custom, expected)
    if not hasattr(cls, "from_config"):
        return cls
    try:
        with custom_object_scope(custom):
            item = cls.from_config(config.get("config") or {})
    except TypeError as error:
        raise FileFormatError(f"the config of '{class_name}' in this file does not fit the class: {error}") from error
    if (build := config.get("build_config")) and hasattr(item, "build_from_config"):
        item.build_from_config(deserialize_keras_object(build, custom))
    return item
