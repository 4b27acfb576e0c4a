"""Reading HDF5 files that may come from anybody: only plain data of the file itself, only of the expected shape."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from kinema._warnings import warn
from kinema.autograd import Array, Variable
from kinema.errors import FileFormatError

#: Variables and the values that a file has for them.
Pairs: TypeAlias = "list[tuple[Variable, Array]]"

#: HDF5 keeps an attribute in an object header of at most 64 KiB; Keras splits longer ones at this size.
_HEADER_LIMIT = 64512


def text(value: Any) -> str:
    """An attribute as text: HDF5 libraries give bytes or str."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def write_names(group: Any, attribute: str, names: Sequence[str]) -> None:
    """Writes a list of names as an attribute, in numbered parts where it is too long for one."""
    data = np.array([name.encode("utf-8") for name in names])
    parts = max(1, -(-data.nbytes // _HEADER_LIMIT))
    if parts == 1:
        group.attrs[attribute] = data if names else np.array([], dtype="S1")
        return
    for index, part in enumerate(np.array_split(data, parts)):
        group.attrs[f"{attribute}{index}"] = part


def read_names(group: Any, attribute: str) -> list[str]:
    """Reads a list of names that `write_names` or Keras wrote."""
    if attribute in group.attrs:
        return [text(name) for name in group.attrs[attribute]]
    names: list[str] = []
    for index in itertools.count():
        if f"{attribute}{index}" not in group.attrs:
            return names
        names += [text(name) for name in group.attrs[f"{attribute}{index}"]]
    raise AssertionError("counting ends only by returning")


def child(group: Any, path: str, filename: str) -> Any:
    """The group or dataset at a path inside a group, None where there is none.

    Raises:
        FileFormatError: It is a link into another file or place: such files are not followed.
    """
    import h5py

    node = group
    for name in path.split("/"):
        if not isinstance(node, h5py.Group) or name not in node:
            return None
        if not isinstance(node.get(name, getlink=True), h5py.HardLink):
            raise FileFormatError(f"'{filename}' links '{path}' to somewhere else: only data inside the file is read")
        node = node[name]
    return node


def read_array(node: Any, shape: tuple[int, ...] | None, what: str, filename: str) -> Array:
    """The numbers of a dataset.

    Args:
        node: What `child` gave.
        shape: The shape it must have; any when None.
        what: What it stands for, for the error.
        filename: The file's name, for the error.

    Raises:
        FileFormatError: It is missing, of another shape, not numeric, or kept outside the file.
    """
    import h5py

    if not isinstance(node, h5py.Dataset):
        raise FileFormatError(
            f"'{filename}' has no data for {what}: it was written for another architecture, or is damaged"
        )
    if node.external or node.is_virtual:
        raise FileFormatError(f"'{filename}' keeps {what} in another file: only data inside the file is read")
    if shape is not None and node.shape != shape:
        raise FileFormatError(f"'{filename}' has shape {node.shape} for {what}, the model has {shape}")
    if node.dtype.kind not in "fiub":
        raise FileFormatError(f"'{filename}' has {node.dtype} for {what}: numbers are expected")
    return np.asarray(node[()])


def read_or_skip(read: Callable[[], Pairs], skip: bool) -> Pairs:
    """What `read` gives; nothing, with a warning, where the file does not fit and `skip` allows that."""
    try:
        return read()
    except FileFormatError as error:
        if not skip:
            raise
        warn(f"skipped: {error}")
        return []


def assign_all(pairs: Pairs) -> None:
    """Gives all variables their values, after all have been read: a damaged file changes nothing."""
    for variable, value in pairs:
        variable.assign(value)
