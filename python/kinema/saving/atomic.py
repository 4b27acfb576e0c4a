"""Files that are whole or not there: written beside their place, then moved into it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinema.errors import FileFormatError


@contextmanager
def atomic_path(filepath: str | os.PathLike[str], overwrite: bool = True) -> Iterator[Path]:
    """A path to write to; the file stands at `filepath` once the block ends well, and nothing is left if it does not.

    Args:
        filepath: Where the file shall stand.
        overwrite: Replace a file that stands there.

    Raises:
        FileFormatError: The folder cannot be written to, or the file exists and may not be replaced.
    """
    target = Path(filepath)
    if target.exists() and not overwrite:
        raise FileFormatError(f"'{target}' exists already: give another name, or overwrite=True")
    if target.is_dir():
        raise FileFormatError(
            f"'{target}' is a folder: give the name of a file in it, such as '{target / 'model.keras'}'"
        )
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise FileFormatError(
            f"cannot write '{target}': {error.strerror}. Give a path in a folder that exists and that you may write to"
        ) from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def make_folder(folder: str | os.PathLike[str], argument: str) -> None:
    """Makes a folder unless it exists, and makes sure, before any work is done, that files can be written into it.

    Args:
        folder: The folder.
        argument: What named it, for the error.

    Raises:
        FileFormatError: It cannot be made or written to.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise FileFormatError(
            f"{argument}: cannot write into the folder '{path}': {error.strerror}. Name one that you may write to"
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
