"""What a decoder is told, and what it refuses before it takes memory."""

import os
from dataclasses import dataclass
from pathlib import Path

from kinema.errors import VideoError

MOST_PIXELS = 1 << 26  # 8192 x 8192; a frame of 8K television has half as many


@dataclass(frozen=True)
class DecoderOptions:
    """How a file is decoded, the same in this process and in another."""

    threads: int | None = None
    backend: str = "auto"
    max_pixels: int = MOST_PIXELS
    keep_damaged: bool = False
    """Give pictures that the decoder itself calls damaged."""
    drop_damaged: bool = False
    """Leave them out and count them, which needs a decoder that tells which those are."""
    allow_urls: bool = False
    trusts_index: bool = True
    """Believe what the packets of the file say about its frames, until they were found to lie."""


def location(path: Path | str) -> str:
    """What FFmpeg opens: an absolute path is never taken for a URL or a camera."""
    return str(path.absolute()) if isinstance(path, Path) else path


def check_pixels(height: int, width: int, most: int) -> None:
    if height * width > most:
        raise VideoError(
            f"Its frames are {width:,} x {height:,} pixels, more than max_pixels={most:,} allows. "
            "The file is damaged or meant to fill the memory; where it is neither, raise max_pixels."
        )


def check_memory(frames: int, frame_bytes: int, name: str) -> None:
    """Raises where an array of frames cannot fit this machine's memory."""
    wanted = frames * frame_bytes
    if wanted > physical_memory():
        raise VideoError(
            f"{frames:,} frames of {name} are {wanted / 1e9:,.1f} GB, more than this machine has memory for. "
            "Read slices of it, every so many-th frame (stride=), or smaller frames (size=)."
        )


def physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return 1 << 62
