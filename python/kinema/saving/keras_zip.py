"""The `.keras` format, Kinema's own and Keras 3's: a zip of JSON and a weights file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from kinema.errors import FileFormatError
from kinema.saving.registry import deserialize_keras_object, serialize_keras_object
from kinema.saving.training_state import compile_config, compile_from_config, progress_state, restore_progress
from kinema.saving.weights_h5 import read_weights, write_weights

#: The version of Keras whose format is written.
KERAS_VERSION = "3.15.1"
_WEIGHTS = "model.weights.h5"
_OWN = "kinema.json"
_JSON_LIMIT = 256 * 2**20


def write_keras(model: Any, path: Path) -> None:
    """Writes a built model to a `.keras` file."""
    import h5py

    config = serialize_keras_object(model)
    if (compiled := compile_config(model)) is not None:
        config["compile_config"] = compiled
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": datetime.now(timezone.utc).strftime("%Y-%m-%d@%H:%M:%S"),
    }
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr(_OWN, json.dumps(progress_state(model)))
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            write_weights(file, model)
        with archive.open(_WEIGHTS, "w", force_zip64=True) as entry, buffer.getbuffer() as written:
            entry.write(written)


def read_keras(path: Path, custom_objects: Mapping[str, Any], compile: bool) -> Any:
    """The model in a `.keras` file."""
    with _open(path) as archive:
        config = _read_json(archive, "config.json", path)
        own = _read_json(archive, _OWN, path) if _OWN in archive.namelist() else {}
        if _WEIGHTS not in archive.namelist():
            raise FileFormatError(f"'{path}' holds no '{_WEIGHTS}': it is not a Keras 3 model with weights in HDF5")
        if not isinstance(config, dict) or "class_name" not in config:
            raise FileFormatError(f"'{path}' does not describe a model: its config.json names no class")
        model = deserialize_keras_object(config, custom_objects)
        if not hasattr(model, "load_weights"):
            raise FileFormatError(f"'{path}' holds a {type(model).__name__}, not a model")
        restore_progress(model, own if isinstance(own, dict) else {})
        if compile and config.get("compile_config"):
            compile_from_config(model, config["compile_config"], custom_objects)
        _read_state(archive, path, model, with_optimizer=compile)
    return model


def restore_training(path: Path, model: Any) -> None:
    """Gives a compiled model of the same architecture all that training changes, seed, epoch and step included."""
    with _open(path) as archive:
        own = _read_json(archive, _OWN, path)
        _read_state(archive, path, model, with_optimizer=True)
    restore_progress(model, own if isinstance(own, dict) else {})


def _read_state(archive: zipfile.ZipFile, path: Path, model: Any, with_optimizer: bool) -> None:
    import h5py

    try:
        with io.BytesIO(archive.read(_WEIGHTS)) as buffer, h5py.File(buffer, "r") as file:
            if with_optimizer and model.optimizer is not None and "optimizer" in file:
                model.optimizer.build(model.trainable_weights)
            read_weights(file, model, str(path))
    except (KeyError, zipfile.BadZipFile, OSError, RuntimeError) as error:
        raise _damaged(path, error) from error


def read_weights_of(path: Path, model: Any, skip_mismatch: bool) -> None:
    """Gives a model the weights of a `.keras` file."""
    import h5py

    with _open(path) as archive:
        try:
            with io.BytesIO(archive.read(_WEIGHTS)) as buffer, h5py.File(buffer, "r") as file:
                read_weights(file, model, str(path), skip_mismatch)
        except (KeyError, zipfile.BadZipFile, OSError, RuntimeError) as error:
            raise _damaged(path, error) from error


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path, error) from error


def _read_json(archive: zipfile.ZipFile, name: str, path: Path) -> Any:
    try:
        if archive.getinfo(name).file_size > _JSON_LIMIT:
            raise FileFormatError(
                f"'{path}': '{name}' is larger than {_JSON_LIMIT} bytes: this is no model's description"
            )
        return json.loads(archive.read(name))
    except (KeyError, ValueError, zipfile.BadZipFile, RecursionError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> Exception:
    if isinstance(error, FileFormatError):
        return error
    return FileFormatError(f"'{path}' is not a whole .keras file ({error}): it is damaged, truncated or something else")
