"""Small clips out of a bigger video: Kinema beside OpenCV's own chain and PyAV, in CPU time, decoder threads equal.

    python benches/reading_clips.py VIDEO [--size 112] [--frames 600] [--threads 1] [--rounds 5]

Prints milliseconds a frame (the best of some rounds, taken in turns) and how far the levels are apart. "conversion" is
what happens to a decoded BGR picture, without any decoding.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np

from kinema.video import VideoReader
from kinema.video._convert import FrameFormat

_CODES = {"area": cv2.INTER_AREA, "bilinear": cv2.INTER_LINEAR}


def _opencv_frame(picture: np.ndarray, size: int, interpolation: str, code: int | None) -> np.ndarray:
    small = cv2.resize(picture, (size, size), interpolation=_CODES[interpolation])
    return (small if code is None else cv2.cvtColor(small, code)).astype(np.float32)


def _kinema(options: argparse.Namespace, interpolation: str) -> np.ndarray:
    with VideoReader(
        options.video, options.size, threads=options.threads, interpolation=interpolation, dtype="float32"
    ) as reader:
        return reader.read(max_frames=options.frames)


def _opencv(options: argparse.Namespace, interpolation: str) -> np.ndarray:
    capture = cv2.VideoCapture(options.video, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, options.threads])
    frames = []
    while len(frames) < options.frames:
        found, picture = capture.read()
        if not found:
            break
        frames.append(_opencv_frame(picture, options.size, interpolation, cv2.COLOR_BGR2RGB))
    return np.stack(frames)


def _pyav(options: argparse.Namespace, interpolation: str) -> np.ndarray:
    frames: list[np.ndarray] = []
    with av.open(options.video) as container:
        stream: Any = container.streams.video[0]
        stream.codec_context.thread_count = options.threads
        for frame in container.decode(stream):
            frames.append(_opencv_frame(frame.to_ndarray(format="rgb24"), options.size, interpolation, None))
            if len(frames) == options.frames:
                break
    return np.stack(frames)


def _milliseconds(tasks: dict[str, Callable[[], Any]], rounds: int, frames: int) -> dict[str, float]:
    best = dict.fromkeys(tasks, float("inf"))
    for _ in range(rounds):
        for name, task in tasks.items():
            before = time.process_time()
            task()
            best[name] = min(best[name], (time.process_time() - before) / frames * 1000)
    return best


def _report(title: str, milliseconds: dict[str, float]) -> None:
    ours = milliseconds["kinema"]
    print(f"{title:22}" + "".join(f"{name:>9} {ms:.3f} ({ms / ours:.2f}x)" for name, ms in milliseconds.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with VideoReader(options.video, color="bgr", threads=options.threads) as reader:
        picture = reader[0]
    for interpolation in _CODES:
        clip, opencv = _kinema(options, interpolation), _opencv(options, interpolation)
        print(f"{interpolation}: at most {np.abs(clip - opencv).max():.2f} levels from OpenCV's chain")
        readers = {"kinema": _kinema, "opencv": _opencv, "pyav": _pyav}
        tasks = {name: (lambda read=read, how=interpolation: read(options, how)) for name, read in readers.items()}
        _report("read and convert", _milliseconds(tasks, options.rounds, len(clip)))
        frame_format = FrameFormat(options.size, options.size, "rgb", interpolation, "float32")
        conversions = {
            "kinema": lambda to=frame_format, out=clip[0]: [to.convert(picture, out) for _ in range(200)],
            "opencv": lambda how=interpolation: [
                _opencv_frame(picture, options.size, how, cv2.COLOR_BGR2RGB) for _ in range(200)
            ],
        }
        _report("conversion", _milliseconds(conversions, options.rounds, 200))


if __name__ == "__main__":
    main()
