"""Files that are whole or not there: written beside their place, then moved into it."""

from __future__ import annotations

import glob
import os
import platform
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kinema.errors import FileFormatError, MissingFileError

#: Seconds after which a file of another machine's process counts as left behind.
_OLD = 24 * 3600.0
#: The files that this process is writing.
_in_use: set[str] = set()
_asking_umask = threading.Lock()


@contextmanager
def atomic_path(filepath: str | os.PathLike[str], overwrite: bool = True) -> Iterator[Path]:
    """A path to write to; the file stands at `filepath` once the block ends well, and nothing is left if it does not.

    Args:
        filepath: Where the file shall stand.
        overwrite: Replace a file that stands there.

    Raises:
        MissingFileError: The folder does not exist.
        FileFormatError: The folder cannot be written to, or the file exists and may not be replaced.
    """
    target = Path(filepath)
    if target.exists() and not overwrite:
        raise FileFormatError(f"'{target}' exists already: give another name, or overwrite=True")
    if target.is_dir():
        raise FileFormatError(
            f"'{target}' is a folder: give the name of a file in it, such as '{target / 'model.keras'}'"
        )
    _remove_abandoned(target)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.{_writer()}.", suffix=".part")
    except OSError as error:
        kind = MissingFileError if isinstance(error, FileNotFoundError) else FileFormatError
        raise kind(
            f"cannot write '{target}': {error.strerror}. Give a path in a folder that exists and that you may write to"
        ) from error
    os.close(handle)
    part = Path(name)
    _in_use.add(part.name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        _in_use.discard(part.name)


def _writer() -> str:
    return f"{re.sub('[^A-Za-z0-9-]', '-', platform.node())}.{os.getpid()}"


def _remove_abandoned(target: Path) -> None:
    """Removes what killed saves of this file left: those of this machine's processes that are gone, and old ones."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with suppress(OSError):  # gone meanwhile, or (on Windows) still open
            if _is_abandoned(part):
                part.unlink()


def _is_abandoned(part: Path) -> bool:
    node, _, process = ".".join(part.name.split(".")[-4:-2]).rpartition(".")
    here, _, _ = _writer().rpartition(".")
    if node != here or not process.isdigit():
        return time.time() - part.stat().st_mtime > _OLD
    if int(process) == os.getpid():
        return part.name not in _in_use
    if os.name == "nt":
        return True  # a file that somebody writes cannot be removed there
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # alive, and not ours
    return False


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
    with _asking_umask:  # two threads at once could leave the process with the 0 of the other
        mask = os.umask(0)
        os.umask(mask)
    return mask
