"""Models and weights to files and back; the format follows from the file's name."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kinema.errors import ArgumentError, FileFormatError, MissingFileError, NotBuiltError
from kinema.saving.atomic import atomic_path
from kinema.saving.registry import deserialize_keras_object

_HDF5 = (".h5", ".hdf5")


def save_model(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
    """Writes a model: architecture, weights, optimizer, seed, epoch, step and class names.

    The file is whole or not there: it is written beside its place and then moved. Keras 3 opens it, unless an LSTM has
    peephole connections, which Keras does not know.

    Args:
        model: A built model.
        filepath: Ends in `.keras` (Kinema's and Keras 3's own format) or `.h5`.
        overwrite: Replace a file that exists.

    Raises:
        FileFormatError: The ending is another, or the file cannot be written.
        NotBuiltError: The model has no weights yet.
    """
    from kinema.saving.keras_h5 import write_h5
    from kinema.saving.keras_zip import write_keras

    _forget(kwargs, ("zipped", "include_optimizer", "save_format"))
    path = Path(filepath)
    if path.suffix not in (".keras", *_HDF5):
        raise FileFormatError(f"a model is saved as '.keras' or '.h5', not as '{path.name}': use '{path.stem}.keras'")
    _require_built(model)
    _warn_of_peepholes(model)
    with atomic_path(path, overwrite) as part:
        (write_keras if path.suffix == ".keras" else write_h5)(model, part)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """The model in a `.keras` or `.h5` file, of Kinema or Keras. Runs no code from the file.

    Args:
        filepath: The file.
        custom_objects: Your own classes and functions by name.
        compile: Restore optimizer, loss and metrics too.
        safe_mode: Accepted for Keras's sake: loading is always safe.

    Raises:
        MissingFileError: There is no such file.
        FileFormatError: It is not a model, is damaged, or names a class that is not known.
    """
    from kinema.saving.keras_h5 import read_h5
    from kinema.saving.keras_zip import read_keras

    path = _existing(filepath)
    read = read_keras if zipfile.is_zipfile(path) else read_h5 if _is_hdf5(path) else None
    if read is None:
        raise FileFormatError(f"'{path}' is not a model: a .keras (zip) or .h5 (HDF5) file is expected")
    return read(path, custom_objects or {}, compile)


def save_weights(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
    """Writes the weights alone, in Keras 3's layout, and the state of the optimizer of a compiled model.

    Args:
        model: A built model.
        filepath: Ends in `.weights.h5`.
        overwrite: Replace a file that exists.
    """
    import h5py

    from kinema.saving.weights_h5 import write_weights

    _forget(kwargs, ("max_shard_size",))
    path = Path(filepath)
    if not path.name.endswith(".weights.h5"):
        raise FileFormatError(f"weights are saved as '.weights.h5', not as '{path.name}': use '{path.stem}.weights.h5'")
    _require_built(model)
    with atomic_path(path, overwrite) as part, h5py.File(part, "w") as file:
        write_weights(file, model)


def load_weights(
    model: Any,
    filepath: str | os.PathLike[str],
    skip_mismatch: bool = False,
    by_name: bool | None = None,
    **kwargs: Any,
) -> None:
    """Gives a built model the weights of a `.weights.h5`, `.h5` or `.keras` file.

    From a `.weights.h5` or `.keras` file the optimizer of a model that has been trained takes its state, too.

    Args:
        model: A built model of the same architecture.
        filepath: The file.
        skip_mismatch: Leave layers alone whose weights do not fit, with a warning; in `.h5` files, single weights.
        by_name: For `.h5` files alone: match layers by name instead of by order.

    Raises:
        MissingFileError: There is no such file.
        FileFormatError: It holds no weights, or others than the model's; nothing has changed.
        ArgumentError: The file goes by no names.
    """
    import h5py

    from kinema.saving.keras_h5 import is_legacy_weights, read_weights_h5
    from kinema.saving.keras_zip import read_weights_of
    from kinema.saving.weights_h5 import read_weights

    _forget(kwargs, ())
    path = _existing(filepath)
    _require_built(model)
    legacy = _is_hdf5(path) and is_legacy_weights(path)
    if by_name is not None and not legacy:
        raise ArgumentError(
            f"by_name={by_name} is for '.h5' files of whole models, which list their layers by name: '{path.name}' has "
            "them by order, leave by_name out"
        )
    if zipfile.is_zipfile(path):
        read_weights_of(path, model, skip_mismatch)
    elif not _is_hdf5(path):
        raise FileFormatError(f"'{path}' holds no weights: a .weights.h5, .h5 or .keras file is expected")
    elif legacy:
        read_weights_h5(path, model, skip_mismatch, bool(by_name))
    else:
        with h5py.File(path, "r") as file:
            read_weights(file, model, str(path), skip_mismatch)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model whose architecture `Model.to_json` wrote, with fresh weights."""
    try:
        config = json.loads(json_string)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"this text is not JSON: {error}") from error
    model = deserialize_keras_object(config, custom_objects)
    if not hasattr(model, "to_json"):
        raise FileFormatError("this JSON text describes no model: Model.to_json writes one that does")
    return model


def _existing(filepath: str | os.PathLike[str]) -> Path:
    path = Path(filepath)
    if path.is_dir():
        raise FileFormatError(f"'{path}' is a folder: give the .keras or .h5 file")
    if not path.exists():
        raise MissingFileError(f"there is no file '{path}'")
    return path


def _is_hdf5(path: Path) -> bool:
    import h5py

    return bool(h5py.is_hdf5(path))


def _require_built(model: Any) -> None:
    if not model.built:
        raise NotBuiltError(
            f"model '{model.name}' has no weights yet: build it with an input shape or train it before you use files"
        )


def _warn_of_peepholes(model: Any) -> None:
    names = [layer.name for layer in model.flatten_layers() if getattr(layer, "use_peepholes", False)]
    if names:
        warnings.warn(
            f"layer '{names[0]}' has peephole connections, which Keras does not know: "
            "Kinema reads this file, Keras does not",
            UserWarning,
            stacklevel=4,
        )


def _forget(kwargs: dict[str, Any], known: tuple[str, ...]) -> None:
    """Arguments that Keras knows and that change nothing here."""
    unknown = sorted(set(kwargs) - set(known))
    if unknown:
        raise ArgumentError(f"unknown argument(s) {', '.join(unknown)}")
