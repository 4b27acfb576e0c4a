"""Names and files that would make FFmpeg open something else: addresses, lists of files, patterns of file names.

A video may come from anyone. A text that names other files or hosts must not be followed because it is called
`clip.mp4`, so it is refused here, before a decoder sees it.
"""

import os
import re
from pathlib import Path

from kinema.errors import VideoError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_PATTERN = re.compile(r"%0?\d*d")
_PATTERN_MATTERS_NOT = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".flv", ".ts"}
)
_LISTS = {
    b"#EXTM3U": "an HLS playlist",
    b"ffconcat version": "a list of files to join (concat)",
    b"<MPD": "a DASH playlist",
    b"<CompositionPlaylist": "an IMF playlist",
    b"c=IN IP": "a description of a network stream (SDP)",
    b"RTSPtext": "a reference to a network stream",
    b"[playlist]": "a playlist",
}
_CONTAINERS = (b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"GIF8", b"FLV", b"\x00\x00\x01", b"\x30\x26\xb2\x75")
_ALLOW = "Only where you trust it: VideoReader(path, allow_urls=True)."


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether FFmpeg would take this for an address or a protocol, and no file has that name."""
    text = os.fspath(path)
    return bool(_ADDRESS.match(text)) and not os.path.lexists(text)


def check_name(path: str | os.PathLike[str]) -> None:
    """Raises where a path is none, but an address, a list of files or a pattern of names."""
    text = os.fspath(path)
    if is_address(text):
        scheme = text.split(":", 1)[0]
        raise VideoError(f"{text!r} is no file but an address ({scheme}:), which is not opened by default. {_ALLOW}")
    path = Path(text)
    if not _PATTERN.search(str(path.absolute())) or path.suffix.lower() in _PATTERN_MATTERS_NOT or path.is_dir():
        return
    raise VideoError(
        f"{text!r} reads as a pattern of numbered pictures (%d), so FFmpeg would open other files than this one. "
        f"To read a folder of pictures give the folder; a video of this name must be renamed. {_ALLOW}"
    )


def check_content(path: Path, head: bytes) -> None:
    """Raises where the first bytes of a file make it a list of other files or addresses."""
    if head.startswith(_CONTAINERS) or head[4:8] == b"ftyp":
        return
    for mark, what in _LISTS.items():
        if mark in head:
            raise VideoError(f"{str(path)!r} is {what}: it holds no video, and would make others be opened. {_ALLOW}")
    if head.startswith(b"ID3"):
        raise VideoError(f"{str(path)!r} is a sound file (it begins with an ID3 tag), so there is no video in it.")
