"""Cut the demo clips out of GRID: one short video per sentence, showing the mouth while the command word is spoken.

The source is a folder with `labels.csv` (columns `clip`, `command`, `command_start` in seconds) and `clips/`, the
videos of talker s1 cropped to 96x96 pixels around the mouth. Needs PyAV (`pip install "kinema[audio]"`) for its VP9
encoder; OpenCV reads the result everywhere.

    python examples/make_demo_clips.py GRID_FOLDER python/kinema/datasets/clips/grid_commands

Which clips are held out depends on the SHA-256 of their file names alone, so it was settled before any model saw them.
"""

import argparse
import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

FRAMES_BEFORE_WORD = 3
FRAMES_PER_CLIP = 16
MOUTH_ROWS = slice(20, 84)
TRAIN_PER_WORD = 190
TEST_PER_WORD = 50
VP9_OPTIONS = {"crf": "28", "b": "0", "cpu-used": "0", "deadline": "best", "lag-in-frames": "16"}


def clips_by_word(labels: Path) -> dict[str, list[tuple[str, float]]]:
    """Return the clips of each word, as file name and the second at which the word starts, ordered by hash."""
    clips = defaultdict(list)
    with labels.open(newline="") as file:
        for row in csv.DictReader(file):
            clips[row["command"]].append((row["clip"], float(row["command_start"])))
    return {word: sorted(found, key=lambda clip: name_hash(clip[0])) for word, found in sorted(clips.items())}


def name_hash(name: str) -> str:
    """Return the hash that decides on which side of the split a clip falls."""
    return hashlib.sha256(name.encode()).hexdigest()


def mouth_frames(path: Path, word_start: float) -> Iterator[np.ndarray]:
    """Yield the RGB frames of the mouth around one word; the last frame stands in for those beyond the end."""
    with av.open(str(path)) as container:
        fps = container.streams.video[0].average_rate
        first = max(0, round(word_start * fps) - FRAMES_BEFORE_WORD)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for index in range(first, first + FRAMES_PER_CLIP):
        yield frames[min(index, len(frames) - 1)][MOUTH_ROWS]


def write_clip(path: Path, frames: Iterator[np.ndarray], fps: int = 25) -> None:
    """Encode RGB frames as VP9 in WebM, byte for byte the same on every run."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = None
        for image in frames:
            if stream is None:
                stream = container.add_stream("libvpx-vp9", rate=fps, options=VP9_OPTIONS)
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.thread_count = 1
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        container.mux(stream.encode())


def main() -> None:
    """Write `train/WORD/*.webm` and `test/WORD/*.webm`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help="folder with labels.csv and clips/")
    parser.add_argument("target", type=Path, help="folder to write train/ and test/ into")
    options = parser.parse_args()
    for word, clips in clips_by_word(options.source / "labels.csv").items():
        split = {"test": clips[:TEST_PER_WORD], "train": clips[TEST_PER_WORD : TEST_PER_WORD + TRAIN_PER_WORD]}
        for part, chosen in split.items():
            folder = options.target / part / word
            folder.mkdir(parents=True, exist_ok=True)
            for name, word_start in chosen:
                frames = mouth_frames(options.source / "clips" / name, word_start)
                write_clip((folder / name).with_suffix(".webm"), frames)
    written = list(options.target.rglob("*.webm"))
    size = sum(path.stat().st_size for path in written)
    print(f"{len(written)} clips, {size / 1e6:.2f} MB, in {options.target}")


if __name__ == "__main__":
    main()
