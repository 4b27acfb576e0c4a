"""What the videos of a folder really hold, and what is wrong with them."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kinema.errors import VideoError
from kinema.video._catalogue import list_unlabelled
from kinema.video._container import check_file, count_repeats
from kinema.video.reader import VideoReader


@dataclass(frozen=True)
class ScannedVideo:
    """What decoding all of one file told; `frames` is 0 and `size` (0, 0) where it cannot be read."""

    path: Path
    frames: int = 0
    fps: float = 0.0
    size: tuple[int, int] = (0, 0)
    """`(height, width)`, rotation applied."""
    seconds: float = 0.0
    codec: str = ""
    audio: str = ""
    """Codec, rate and channels of each sound track; empty where there is none, or no PyAV to tell."""
    lost: int = 0
    """Frames that are damaged or missing."""
    problems: list[str] = field(default_factory=list)


def scan(
    folder: str | os.PathLike[str],
    *,
    isolated: bool = True,
    time_limit: float = 10.0,
    memory_limit: int = 2 << 30,
    progress: Callable[[ScannedVideo], None] | None = None,
) -> list[ScannedVideo]:
    """Decodes every video below a folder and reports frames, rate, size, sound and what is wrong.

    Args:
        folder: The folder; hidden files and folders in it are left out.
        isolated: Decode in another process, so that a file that crashes its decoder is one line of the report.
        time_limit: Seconds that the other process may take for one frame.
        memory_limit: Bytes that the other process may take (not on Windows).
        progress: Called with each report as it is made.

    Returns:
        A `ScannedVideo` a file, in the order of the paths.

    Raises:
        VideoNotFoundError: There is no such folder.
        DataError: It holds no videos.

    Example:

    >>> import kinema
    >>> videos = kinema.video.scan(kinema.datasets.grid_commands.folder("test") / "bin", isolated=False)
    >>> videos[0].frames, videos[0].fps, videos[0].size, videos[0].problems
    (16, 25.0, (64, 96), [])
    """
    reports = []
    for video in list_unlabelled(Path(folder), None):
        report = scan_file(video.path, isolated=isolated, time_limit=time_limit, memory_limit=memory_limit)
        if progress is not None:
            progress(report)
        reports.append(report)
    return reports


def scan_file(path: Path, *, isolated: bool, time_limit: float, memory_limit: int) -> ScannedVideo:
    """The report on one file; its faults are in it and never raised."""
    try:
        problems = _problems_of_structure(path)
        with VideoReader(
            path, on_error="skip", isolated=isolated, time_limit=time_limit, memory_limit=memory_limit
        ) as reader:
            frames = len(reader)
            times = reader.timestamps
            fps = reader.fps
            if reader.lost:
                problems.append(f"{reader.lost} frames are damaged or missing")
            elif 0 < reader.promised not in (frames, frames + count_repeats(path)):
                problems.append(f"it promises {reader.promised} frames and holds {frames}")
            return ScannedVideo(
                path,
                frames,
                fps,
                reader.size,
                float(times[-1] - times[0]) + 1 / fps,
                reader.codec,
                reader.audio,
                reader.lost,
                problems,
            )
    except VideoError as error:
        return ScannedVideo(path, problems=[str(error)])


def _problems_of_structure(path: Path) -> list[str]:
    cut = check_file(path, allow_damaged=True)
    return [f"it is cut short: {cut}"] if cut else []
