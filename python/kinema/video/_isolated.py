"""Decoding in another process: what crashes, hangs or fills the memory there is an error here.

The other process is a Python that serves one decoder at a time (`_served.py`), and is kept for the next reader. Answers
are a line of JSON and raw pixels, nothing that could run code here, whatever a file has made of the decoder there.
"""

import atexit
import collections
import contextlib
import json
import math
import os
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, VideoError
from kinema.video._limits import DecoderOptions
from kinema.video._pyav import IndexLiesError

Frame = npt.NDArray[np.uint8]

_CODE = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from kinema.video._served import serve; serve()"
_SECONDS_TO_START = 60.0
_FILES_A_PROCESS = 200  # decoders leak
_MOST_IDLE = 8
_MOST_LINE = 1 << 26
_PIPE_BYTES = 1 << 20  # a frame in few pieces
_SECONDS_BETWEEN_LOOKS = 0.1

_idle: list["_Process"] = []
_left: collections.deque["_Process"] = collections.deque()
"""Of decoders that were collected, which happens in any thread, with any lock held: so given back by the next taker."""
_lock = threading.Lock()
_watched: weakref.WeakSet["_Process"] = weakref.WeakSet()
_watchdog: threading.Thread | None = None


@dataclass(frozen=True)
class Isolation:
    """The limits of the other process, and what is asked of it."""

    time_limit: float
    memory_limit: int

    def __post_init__(self) -> None:
        if not self.time_limit > 0:
            raise ArgumentError(f"time_limit must be a number of seconds above 0; got {self.time_limit!r}.")
        if self.memory_limit < 1 << 26:
            raise ArgumentError(f"memory_limit must be at least {1 << 26} bytes (64 MB); got {self.memory_limit!r}.")

    def open_decoder(self, path: Path | str, options: DecoderOptions) -> "RemoteDecoder":
        return RemoteDecoder(self, "decoder", path, options)

    def open_jumper(self, path: Path | str, options: DecoderOptions) -> "RemoteDecoder | None":
        decoder = RemoteDecoder(self, "jumper", path, options)
        if decoder.opened:
            return decoder
        decoder.close()
        return None

    def read_times(self, path: Path | str, options: DecoderOptions) -> list[float] | None:
        process = _Process.take(self, path)
        try:
            times = process.call("times", _as_argument(path), asdict(options))[0]
        finally:
            process.give_back()
        return None if times is None else [float(time) for time in times]


class RemoteDecoder:
    """The decoder of another process, as one of this process."""

    def __init__(self, limits: Isolation, kind: str, path: Path | str, options: DecoderOptions) -> None:
        self._process = _Process.take(limits, path)
        self._seconds = math.nan
        self.fps, self.codec, self.audio, self.promised, self.damaged, self.lost = 0.0, "", "", 0, False, 0
        try:
            self.opened = bool(self._call(kind, _as_argument(path), asdict(options)))
        except BaseException:
            self.close()
            raise

    def grab(self) -> bool:
        return bool(self._call("grab"))

    def retrieve(self) -> Frame:
        _, pixels = self._process.call("retrieve")
        if pixels is None:
            raise VideoError("the decoding process sent no picture.")
        return pixels

    def seconds(self) -> float:
        return self._seconds

    def saves(self, index: int, position: int) -> bool:
        return bool(self._call("saves", index, position))

    def jump(self, index: int) -> None:
        self._call("jump", index)

    def close(self) -> None:
        self._process.give_back()

    def __del__(self) -> None:
        if hasattr(self, "_process"):  # not where the process could not be started
            _left.append(self._process)

    def _call(self, name: str, *arguments: Any) -> Any:
        value, _ = self._process.call(name, *arguments)
        state = self._process.state
        if state:
            self.fps, self.promised = float(state["fps"]), int(state["promised"])
            self.codec, self.audio = str(state["codec"]), str(state["audio"])
            self.damaged, self.lost = bool(state["damaged"]), int(state["lost"])
            self._seconds = float(state["seconds"])
        return value


class _Process:
    def __init__(self) -> None:
        self._python = subprocess.Popen(
            [sys.executable, "-c", _CODE, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=_PIPE_BYTES,
        )
        self._deadline = math.inf
        self._served = 0
        self._alive = True
        self._in_use = True
        self._timed_out = False
        self.state: dict[str, Any] | None = None
        _watch(self)

    @staticmethod
    def take(limits: Isolation, path: Path | str) -> "_Process":
        _give_back_left()
        with _lock:
            process = _idle.pop() if _idle else None
        process = process or _Process()
        process._in_use = True
        process._path = str(path)
        process._limits = Isolation(_SECONDS_TO_START, limits.memory_limit)
        process.call("start", limits.memory_limit)
        process._limits = limits
        process._served += 1
        return process

    _path: str
    _limits: Isolation

    def call(self, name: str, *arguments: Any) -> tuple[Any, Frame | None]:
        if not self._alive:
            raise VideoError(f"{self._path!r}: its decoding process has ended; make a new VideoReader.")
        self._deadline = time.monotonic() + self._limits.time_limit
        try:
            return self._exchange(name, arguments)
        except BaseException as error:
            if not isinstance(error, (VideoError, IndexLiesError)) or not self._alive:
                self._kill()
            raise
        finally:
            self._deadline = math.inf

    def _exchange(self, name: str, arguments: tuple[Any, ...]) -> tuple[Any, Frame | None]:
        assert self._python.stdin is not None
        assert self._python.stdout is not None
        try:
            self._python.stdin.write(json.dumps([name, *arguments]).encode() + b"\n")
            self._python.stdin.flush()
        except OSError:
            raise self._ended() from None
        line = self._python.stdout.readline(_MOST_LINE)
        if not line.endswith(b"\n"):
            raise self._ended()
        try:
            answer = json.loads(line)
            self.state = answer.get("state")
            shape = answer.get("shape")
            pixels = None if shape is None else np.empty([int(side) for side in shape], np.uint8)
        except (ValueError, TypeError, AttributeError, MemoryError):
            self._alive = False
            raise VideoError(f"{self._path!r}: the decoding process sent nonsense.") from None
        if pixels is not None and self._read_into(pixels) != pixels.nbytes:
            raise self._ended()
        if "error" in answer:
            if answer["error"] == "IndexLiesError":
                raise IndexLiesError
            raise VideoError(str(answer.get("message")))
        return answer.get("value"), pixels

    def _read_into(self, pixels: Frame) -> int:
        assert self._python.stdout is not None
        filled, room = 0, memoryview(pixels.reshape(-1).data)
        while filled < len(room):
            read: int = self._python.stdout.readinto(room[filled:])  # type: ignore[attr-defined]
            if not read:
                break
            filled += read
        return filled

    def _ended(self) -> VideoError:
        self._alive = False
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._python.wait(5)
        if self._timed_out:
            return VideoError(
                f"{self._path!r} was given up: its decoder took longer than {self._limits.time_limit:g} seconds for "
                "one frame. The file is damaged, or give it more time_limit."
            )
        return VideoError(
            f"{self._path!r} crashed its decoder (exit code {self._python.returncode}), in a process of its own. "
            "The file is damaged, or needs more memory_limit."
        )

    def stop_when_late(self) -> None:
        """Called by the watchdog, in a thread of its own."""
        if time.monotonic() > self._deadline:
            self._timed_out = True
            self._python.kill()

    def give_back(self) -> None:
        if not self._in_use:
            return
        self._in_use = False
        if self._alive and self._served < _FILES_A_PROCESS:
            try:
                self.call("close")
            except VideoError:
                self._kill()
                return
            with _lock:
                kept = len(_idle) < _MOST_IDLE
                if kept:
                    _idle.append(self)
            if kept:
                return
        self._kill()

    def _kill(self) -> None:
        self._alive = False
        self._python.kill()
        self._python.wait()
        for pipe in (self._python.stdin, self._python.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _give_back_left() -> None:
    with contextlib.suppress(IndexError):
        while True:
            _left.popleft().give_back()


def _watch(process: _Process) -> None:
    """Ends the process once it is past its deadline; one thread watches all of them."""
    global _watchdog
    with _lock:
        _watched.add(process)
        if _watchdog is None or not _watchdog.is_alive():  # a forked child has no threads
            _watchdog = threading.Thread(target=_stop_late_ones, name="kinema-watchdog", daemon=True)
            _watchdog.start()


def _stop_late_ones() -> None:
    while True:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        with _lock:
            processes = list(_watched)
        for process in processes:
            process.stop_when_late()


def _forget_all() -> None:
    """In a forked child: the processes serve its parent, and what threads of the parent did never ends here."""
    global _lock, _watchdog
    _lock, _watchdog = threading.Lock(), None
    for process in _watched:
        process._alive = process._in_use = False
    _watched.clear()
    _idle.clear()
    _left.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _as_argument(path: Path | str) -> list[str]:
    return ["file", str(path.absolute())] if isinstance(path, Path) else ["address", path]


@atexit.register
def _stop_idle() -> None:
    with _lock:
        while _idle:
            _idle.pop()._kill()
