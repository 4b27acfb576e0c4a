"""Damages videos at random and reads them, to see that no file ends, hangs or fills the process that asked.

    python benches/mutated_videos.py FOLDER [--count 1000] [--seed 0] [--in-process]

Bit flips, cuts, and headers spliced from another file. Each goes through `VideoReader(isolated=True)` and `scan_file`,
which must give frames or a `VideoError`. `--in-process` then decodes each without isolation, with OpenCV and with PyAV,
each in a process of this script, and lists the files that crash a decoder.
"""

from __future__ import annotations

import argparse
import collections
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kinema.errors import VideoError
from kinema.video import VideoReader
from kinema.video._catalogue import VIDEO_ENDINGS
from kinema.video.scan import scan_file

LARGEST = 600_000  # bytes of a video to damage; longer ones only take longer
LIMITS = {"time_limit": 8.0, "memory_limit": 1 << 30}
_READ = """
import sys
from kinema.errors import VideoError
from kinema.video import VideoReader
try:
    with VideoReader(sys.argv[1], backend=sys.argv[2], on_error="keep", size=64) as reader:
        for frame in reader: pass
except VideoError: pass
"""


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--in-process", action="store_true")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    random.seed(options.seed)
    videos = [file for file in sorted(options.folder.rglob("*")) if file.suffix.lower() in VIDEO_ENDINGS]
    wholes = {file: file.read_bytes() for file in videos if file.stat().st_size <= LARGEST}
    outcomes: collections.Counter[tuple[str, str]] = collections.Counter()
    longest = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.count):
            file, other = draw.choice(list(wholes)), draw.choice(list(wholes))
            kind, content = mutate(wholes[file], wholes[other], draw)
            damaged = Path(scratch, f"{number}{file.suffix}")
            damaged.write_bytes(content)
            started = time.perf_counter()
            outcome = read_isolated(damaged)
            took = time.perf_counter() - started
            scan_file(damaged, isolated=True, **LIMITS)
            scanned = time.perf_counter() - started - took
            outcomes[kind, outcome] += 1
            longest = max(longest, took, scanned)
            if outcome in ("crashed", "took longer") or max(took, scanned) > 5:
                print(f"{number}: {file.name}, {kind}: {outcome}, {took:.1f} s and scan {scanned:.1f} s", flush=True)
            if options.in_process:
                _list_crashes(damaged, f"{number}: {file.name}, {kind}")
            damaged.unlink()
    for (kind, outcome), times in sorted(outcomes.items()):
        print(f"{kind:14} {outcome:12} {times:5}")
    print(f"longest {longest:.1f} s; this process took {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


def _list_crashes(damaged: Path, name: str) -> None:
    for backend in ("opencv", "pyav"):
        command = [sys.executable, "-c", _READ, str(damaged), backend]
        try:
            ended = subprocess.run(command, timeout=30, stderr=subprocess.PIPE, check=False)
        except subprocess.TimeoutExpired:
            print(f"{name}: {backend} hangs", flush=True)
            continue
        if ended.returncode:
            last = ended.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
            print(f"{name}: {backend} ends with {ended.returncode}: {last[:200]}", flush=True)


if __name__ == "__main__":
    main()
