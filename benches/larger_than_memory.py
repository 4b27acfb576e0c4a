"""Training on a folder of videos that fits in memory, on one that takes ten times as much, and with a cache.

    python benches/larger_than_memory.py VIDEOS LABELS.csv [--size 48] [--epochs 6] [--cache DIR]

Each way has a process of its own, and they train one epoch each in turns, so that what else the machine does meets all
of them. Prints the seconds before the first step (decoding everything once, or finding it in the cache), and for each
epoch the seconds, those of all processors (which other programs disturb less), the share of time that went by waiting
for data, and the memory of the process in MB afterwards; at the end the medians, and by how much the memory grew from
the first epoch to the last. Needs Linux.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WAYS = {
    "fits": "all frames in memory",
    "tenth": "a tenth, decoded each epoch",
    "tenth+cache": "a tenth, cache=DIR",
    "tenth+cache cold": "the same by a later program, nothing of the files in the machine's memory as an epoch begins",
}


def _model(classes: int, length: int, size: int) -> Any:
    import kinema
    from kinema import layers

    kinema.utils.set_random_seed(0)
    model = kinema.Sequential(
        [
            layers.Input((length, size, size, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.LSTM(64),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


class _Watched:
    """A folder, and the seconds that its batches took to come."""

    def __init__(self, folder: Any) -> None:
        self._folder = folder
        self.waited = 0.0

    def __len__(self) -> int:
        return len(self._folder)

    def set_epoch(self, epoch: int) -> None:
        self._folder.set_epoch(epoch)

    def __iter__(self) -> Iterator[Any]:
        source = iter(self._folder)
        asked = time.perf_counter()
        for batch in source:
            self.waited += time.perf_counter() - asked
            yield batch
            asked = time.perf_counter()


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _work(options: argparse.Namespace) -> None:
    """One way: an epoch for each line that comes in, and its figures as a line that goes out."""
    import kinema

    begun = time.perf_counter()
    folder = kinema.video.VideoFolder(
        options.videos,
        options.length,
        options.size,
        labels=options.labels,
        label_column="command",
        batch_size=16,
        max_memory=options.max_memory,
        cache=options.cache if "cache" in options.way else None,
        seed=0,
    )
    frames = len(folder.clips) * options.length
    print(
        json.dumps({"first": time.perf_counter() - begun, "megabytes": frames * options.size**2 * 3 / 1e6}), flush=True
    )
    watched = _Watched(folder)
    model = _model(len(folder.class_names), options.length, options.size)
    for epoch, _ in enumerate(sys.stdin):
        watched.waited = 0.0
        begun, worked = time.perf_counter(), time.process_time()
        model.fit(watched, epochs=epoch + 1, initial_epoch=epoch, verbose=0)
        seconds, worked = time.perf_counter() - begun, time.process_time() - worked
        waited = watched.waited / seconds
        figures = {"seconds": seconds, "worked": worked, "waited": waited, "resident": _resident_megabytes()}
        print(json.dumps(figures), flush=True)


def _start(way: str, options: argparse.Namespace, max_memory: int, cache: str) -> tuple[Any, dict[str, float]]:
    command = [sys.executable, __file__, options.videos, options.labels, "--way", way, "--cache", cache]
    command += ["--size", str(options.size), "--length", str(options.length), "--max-memory", str(max_memory)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def _epoch(process: Any) -> dict[str, float]:
    process.stdin.write("epoch\n")
    process.stdin.flush()
    figures: dict[str, float] = json.loads(process.stdout.readline())
    return figures


def _drop_from_memory(folder: Path) -> None:
    """What reading files from the disk itself needs, as where a machine has less memory than they take."""
    for path in folder.rglob("*.npy"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _compare(options: argparse.Namespace, cache: str) -> None:
    processes: dict[str, Any] = {}
    max_memory = 1 << 40
    for way, meaning in WAYS.items():
        processes[way], begin = _start(way, options, max_memory, cache)
        if way == "fits":
            max_memory = int(begin["megabytes"] * 1e6 / 10)
            print(f"{begin['megabytes']:.0f} MB of frames; a tenth is {max_memory / 1e6:.0f} MB")
        print(f"{way:18} {begin['first']:6.1f} s before the first step ({meaning})", flush=True)
    figures: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for epoch in range(options.epochs):
        for way, process in processes.items():
            if way.endswith("cold"):
                _drop_from_memory(Path(cache))
            one = _epoch(process)
            figures[way].append(one)
            print(f"epoch {epoch + 1} {way:18} {_line(one)}", flush=True)
    for process in processes.values():
        process.communicate()
    for way, rows in figures.items():
        middle = {name: statistics.median(one[name] for one in rows) for name in rows[0]}
        growth = rows[-1]["resident"] - rows[0]["resident"]
        print(f"median  {way:18} {_line(middle)}, {growth:+.0f} MB since the first epoch")


def _line(one: dict[str, float]) -> str:
    return (
        f"{one['seconds']:6.1f} s  {one['worked']:6.1f} s of processors  {one['waited']:6.1%} waiting  "
        f"{one['resident']:6.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos")
    parser.add_argument("labels")
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--length", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--cache", help="an empty folder; a temporary one where it is not given")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--max-memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        _work(options)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _compare(options, options.cache or folder)


if __name__ == "__main__":
    main()
