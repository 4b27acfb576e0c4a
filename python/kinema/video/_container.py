"""What a file's own bytes say about it before any decoder is asked: is it a video, and is all of it there?

FFmpeg happily renders text files as terminal animations and decodes a half-copied file until its bytes run out, so
both are found here, from the outermost structure of the file alone.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kinema.errors import VideoError, VideoNotFoundError
from kinema.video._hostile import check_content
from kinema.video._picture_folder import list_pictures

_HEAD = 1 << 16
_MOST_INDEX = 1 << 26  # bytes
_PICTURES = {b"\x89PNG\r\n\x1a\n": "PNG", b"BM": "BMP", b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"\xff\xd8\xff": "JPEG"}
_MP4_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"sidx", b"moof"}
_READABLE = "Kinema reads mp4, mov, mkv, webm, avi, mpeg, ogv and gif."
_TEXT_BYTES = bytes([7, 8, 9, 10, 12, 13, 27, *range(32, 127), *range(128, 256)])


def check_file(path: Path, *, allow_damaged: bool = False, allow_lists: bool = False) -> str | None:
    """Raises `VideoError` where the file is missing, empty, not a video, or (unless allowed) cut short.

    Returns how an allowed one is cut short.
    """
    if not path.exists():
        raise VideoNotFoundError(
            f"There is no video file {str(path)!r}. Check the path, or the folder it is relative to."
        )
    if path.is_dir():
        if list_pictures(path):
            return None
        raise VideoError(
            f"{str(path)!r} is a folder, not a video file, and holds no pictures to be read as one. "
            "For a folder of videos use kinema.video.VideoFolder."
        )
    if not path.is_file():
        raise VideoError(f"{str(path)!r} is a device or a pipe, not a video file.")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if not allow_lists:
                check_content(path, head)
                _check_head(path, head[:4096])
            cut = _find_cut(file, head, path.stat().st_size)
    except PermissionError as error:
        raise VideoError(f"{str(path)!r} cannot be opened: you have no permission to read it.") from error
    if cut and not allow_damaged:
        raise VideoError(
            f"{str(path)!r} is cut short: {cut}. Copy or download it again, "
            "or read what is left of it with VideoReader(path, allow_damaged=True)."
        )
    return cut


def _check_head(path: Path, head: bytes) -> None:
    if not head:
        raise VideoError(f"{str(path)!r} is empty (0 bytes), so there is no video in it.")
    for signature, name in _PICTURES.items():
        if head.startswith(signature) and not (name == "JPEG" and path.suffix.lower() in {".mjpg", ".mjpeg"}):
            raise VideoError(f"{str(path)!r} is a {name} picture, not a video. {_READABLE}")
    if not head.translate(None, _TEXT_BYTES):
        raise VideoError(f"{str(path)!r} holds text, not video. {_READABLE}")


def _find_cut(file: BinaryIO, head: bytes, file_size: int) -> str | None:
    """How the outermost structure of an MP4, Matroska or AVI file runs past its end; None where it does not."""
    if head[4:8] in _MP4_FIRST_BOXES:
        blocks = _mp4_boxes(file, file_size)
    elif head.startswith(b"\x1aE\xdf\xa3"):
        blocks = _matroska_elements(head)
    elif head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        blocks = _riff_chunks(file, file_size)
    else:
        return None
    names = set()
    for name, end in blocks:
        names.add(name)
        if end > file_size:
            return f"its structure promises {end:,} bytes and the file has {file_size:,}"
    if b"mdat" in names and not names & {b"moov", b"moof"}:
        return "its index (the 'moov' box) is missing, as after a recording that was interrupted"
    return None


def _mp4_boxes(file: BinaryIO, file_size: int) -> Iterator[tuple[bytes, int]]:
    start = 0
    while start + 8 <= file_size:
        file.seek(start)
        header = file.read(16)
        size, name = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:], "big")
        elif size == 0:
            size = file_size - start
        if size < 8 or not name.isalnum():
            return  # padding or rubbish after the last box
        yield name, start + size
        start += size


def _matroska_elements(head: bytes) -> Iterator[tuple[bytes, int]]:
    size, data = _matroska_size(head, 4)
    if size is None or head[data + size : data + size + 4] != b"\x18S\x80g":
        return
    size, data = _matroska_size(head, data + size + 4)
    if size is not None:
        yield b"Segment", data + size


def _matroska_size(head: bytes, start: int) -> tuple[int | None, int]:
    """The element size written at `start` (None where the writer left it open) and where the element's data begins."""
    first = head[start] if start < len(head) else 0
    length = 9 - first.bit_length()
    value = int.from_bytes(head[start : start + length], "big") & ((1 << 7 * length) - 1)
    if length > 8 or value == (1 << 7 * length) - 1:
        return None, start
    return value, start + length


def _riff_chunks(file: BinaryIO, file_size: int) -> Iterator[tuple[bytes, int]]:
    start = 0
    while start + 12 <= file_size:
        file.seek(start, os.SEEK_SET)
        header = file.read(8)
        size = int.from_bytes(header[4:], "little")
        if header[:4] != b"RIFF" or size == 0:
            return
        yield header[:4], start + 8 + size
        start += 8 + size + (size & 1)


def count_repeats(path: Path) -> int:
    """How many of the frames that an AVI file counts hold no picture: the one before is shown for longer."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"AVI ":
            return 0
        while len(header := file.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"idx1":
                return _count_empty(file.read(min(size, _MOST_INDEX)))
            file.seek(size + (size & 1), os.SEEK_CUR)
    return 0


def _count_empty(index: bytes) -> int:
    """Of the entries of 16 bytes (stream and kind, flags, place, size): those of video whose size is 0."""
    entries = (index[start : start + 16] for start in range(0, len(index) - 15, 16))
    return sum(entry[2:4] in (b"dc", b"db") and not any(entry[12:]) for entry in entries)
