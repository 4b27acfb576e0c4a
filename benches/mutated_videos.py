"""Damages videos at random and reads them, to see that no file ends, hangs or fills the process that asked.

    python benches/mutated_videos.py FOLDER [--count 1000] [--seed 0] [--without-isolation]

Bit flips, cuts, and headers spliced from another file. Each goes through `VideoReader(isolated=True)` and `scan_file`,
which must give frames or a `VideoError`. `--without-isolation` decodes each with OpenCV, with PyAV, and by `scan_file`
instead, each in a forked child of this script, and lists the files that crash, hang or fill it.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av  # noqa: F401  (loaded before the children are forked)

from kinema.errors import VideoError
from kinema.video import VideoReader, _isolated
from kinema.video._catalogue import VIDEO_ENDINGS
from kinema.video._cv2 import load_cv2
from kinema.video.scan import scan_file

LARGEST = 600_000  # bytes of a video to damage; longer ones only take longer
LIMITS = {"time_limit": 8.0, "memory_limit": 1 << 30}
HANG = 30.0  # seconds after which a child without isolation is ended
LARGE = 1 << 20  # kB of memory of a child worth a line


def mutate(whole: bytes, other: bytes, draw: random.Random) -> tuple[str, bytes]:
    """One damaged copy of `whole`, and the kind of damage."""
    content = bytearray(whole)
    kind = draw.choice(["flips", "header flips", "cut", "hole", "splice"])
    if kind in ("flips", "header flips"):
        end = len(content) if kind == "flips" else min(len(content), 2000)
        for _ in range(draw.choice([1, 10, 100, 1000])):
            content[draw.randrange(end)] ^= 1 << draw.randrange(8)
    elif kind == "cut":
        del content[draw.randrange(len(content)) :]
    elif kind == "hole":
        start = draw.randrange(len(content))
        del content[start : start + draw.randrange(1, 20_000)]
    else:
        length = draw.choice([16, 200, 2000, 20_000])
        content[:length] = other[:length]
    return kind, bytes(content)


def read_isolated(path: Path) -> str:
    """What reading gave, in a word."""
    try:
        with VideoReader(
            path, on_error=random.choice(["raise", "skip", "keep"]), isolated=True, size=64, **LIMITS
        ) as reader:
            for _ in reader:
                pass
            reader[len(reader) // 2]
        return "frames"
    except VideoError as error:
        for word in ("crashed", "took longer"):
            if word in str(error):
                return word
        return "error"


def read_here(path: Path, backend: str) -> None:
    """Reads all that can be decoded, in this process."""
    try:
        with VideoReader(path, backend=backend, on_error="keep", size=64) as reader:
            for _ in reader:
                pass
    except VideoError:
        pass


def in_a_child(work: Callable[[], object]) -> tuple[str, float, int]:
    """How `work` ended in a forked process, in how many seconds, and the most kB of memory the child had."""
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        took = time.perf_counter() - started
        if ended:
            break
        if took > HANG:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    if took > HANG:
        outcome = "hangs"
    elif os.WIFSIGNALED(status):
        outcome = signal.Signals(os.WTERMSIG(status)).name
    else:
        outcome = "raises" if os.WEXITSTATUS(status) else "survives"
    return outcome, took, used.ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-isolation", action="store_true")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    random.seed(options.seed)
    load_cv2()
    videos = [file for file in sorted(options.folder.rglob("*")) if file.suffix.lower() in VIDEO_ENDINGS]
    wholes = {file: file.read_bytes() for file in videos if file.stat().st_size <= LARGEST}
    look = _without_isolation if options.without_isolation else _isolated_from_here
    outcomes: collections.Counter[tuple[str, str]] = collections.Counter()
    longest, most = 0.0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.count):
            file, other = draw.choice(list(wholes)), draw.choice(list(wholes))
            kind, content = mutate(wholes[file], wholes[other], draw)
            damaged = Path(scratch, f"{number}{file.suffix}")
            damaged.write_bytes(content)
            for way, outcome, took, memory in look(damaged):
                outcomes[f"{way}: {kind}", outcome] += 1
                longest, most = max(longest, took), max(most, memory)
                if outcome not in ("frames", "error", "survives", "report") or took > 5 or memory > LARGE:
                    named = f"{number}: {file.name}, {kind}"
                    print(f"{named}: {way}: {outcome}, {took:.1f} s, {memory >> 10} MB", flush=True)
            damaged.unlink()
    for (kind, outcome), times in sorted(outcomes.items()):
        print(f"{kind:24} {outcome:12} {times:5}")
    _isolated._stop_idle()
    decoding = max(most, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"longest {longest:.1f} s; memory of this process {here} MB, of a decoding one at most {decoding} MB")


def _isolated_from_here(damaged: Path) -> list[tuple[str, str, float, int]]:
    started = time.perf_counter()
    outcome = read_isolated(damaged)
    read = time.perf_counter()
    scan_file(damaged, isolated=True, **LIMITS)
    return [
        ("reader", outcome, read - started, 0),
        ("scan", "report", time.perf_counter() - read, 0),
    ]


def _without_isolation(damaged: Path) -> list[tuple[str, str, float, int]]:
    ways: dict[str, Callable[[], object]] = {
        "OpenCV": lambda: read_here(damaged, "opencv"),
        "PyAV": lambda: read_here(damaged, "pyav"),
        "scan": lambda: scan_file(damaged, isolated=False, **LIMITS),
    }
    return [(way, *in_a_child(work)) for way, work in ways.items()]


if __name__ == "__main__":
    main()
