"""Every video of a folder through `VideoReader`, beside PyAV's own decode: a table of what is equal.

    python benches/videos_against_pyav.py FOLDER [--backend auto] [--isolated] [--draws 50]

Columns: frames as PyAV decodes them and as the reader counts them, the largest and the mean difference of a pixel (of
255), the largest difference of a time stamp, whether the size (rotation applied) is the same, and how many of so many
random `reader[i]` have exactly the bits of the sequential read, with the time of one.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import av
import numpy as np

from kinema.errors import VideoError
from kinema.video import VideoReader
from kinema.video._catalogue import VIDEO_ENDINGS


def decode_with_pyav(path: Path) -> tuple[list[np.ndarray], list[float]]:
    """All frames as RGB and when each is shown."""
    pictures, times = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            turns = round(frame.rotation / 90) % 4
            pictures.append(np.rot90(frame.to_ndarray(format="rgb24"), turns))
            times.append(frame.time)
    return pictures, times


def compare(path: Path, backend: str, isolated: bool, draws: int) -> str:
    """One row of the table."""
    expected, times = decode_with_pyav(path)
    with VideoReader(path, backend=backend, isolated=isolated) as reader:
        worst, total, count = 0, 0.0, 0
        for frame, wanted in zip(iter(reader), expected, strict=True):
            difference = np.abs(frame.astype(np.int16) - wanted)
            worst, total, count = max(worst, int(difference.max())), total + difference.mean(), count + 1
        late = float(np.abs(reader.timestamps - times).max())
        size = reader.size == expected[0].shape[:2]
    draw = random.Random(path.name)
    chosen = [draw.randrange(count) for _ in range(draws)]
    with VideoReader(path, backend=backend, isolated=isolated) as reader:
        sequential = reader.read()
    with VideoReader(path, backend=backend, isolated=isolated) as reader:
        started = time.perf_counter()
        same = sum(np.array_equal(reader[index], sequential[index]) for index in chosen)
        took = (time.perf_counter() - started) / draws * 1e3
    return (
        f"{path.name[:32]:32} {len(expected):6} {count:6} {worst:4} {total / count:6.3f} {late:8.4f}"
        f" {'yes' if size else 'NO':>4} {same:3}/{draws} {took:8.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backend", default="auto", choices=["auto", "opencv", "pyav"])
    parser.add_argument("--isolated", action="store_true")
    parser.add_argument("--draws", type=int, default=50)
    options = parser.parse_args()
    heading = f"{'file':32} {'PyAV':>6} {'reader':>6} {'max':>4} {'mean':>6} {'seconds':>8} {'size':>4} random ms/frame"
    print(heading, flush=True)
    for path in sorted(file for file in options.folder.rglob("*") if file.suffix.lower() in VIDEO_ENDINGS):
        try:
            print(compare(path, options.backend, options.isolated, options.draws), flush=True)
        except (VideoError, av.error.FFmpegError):
            print(f"{path.name[:32]:32} {_error_of(path)}", flush=True)


def _error_of(path: Path) -> str:
    try:
        return f"PyAV cannot decode it, and the reader gives {len(VideoReader(path).read())} frames"
    except VideoError as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
