"""The other side of `_isolated.py`: serves one decoder at a time over standard input and output."""

import json
import os
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np

from kinema.video._decoders import Decoder, open_decoder, open_jumper, read_times
from kinema.video._limits import DecoderOptions


def serve() -> None:
    """Answers requests until the other side has gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a C library prints must not come between the answers
    server = _Server()
    for line in sys.stdin.buffer:
        name, *arguments = json.loads(line)
        pixels = None
        try:
            value = getattr(server, f"do_{name}")(*arguments)
            if isinstance(value, np.ndarray):
                value, pixels = None, np.ascontiguousarray(value)
            answer: dict[str, Any] = {"value": value, "state": server.state()}
        except Exception as error:
            answer = {"error": type(error).__name__, "message": str(error) or type(error).__name__}
        _send(answers, answer, pixels)


def _send(answers: IO[bytes], answer: dict[str, Any], pixels: Any) -> None:
    if pixels is not None:
        answer["shape"] = pixels.shape
    answers.write(json.dumps(answer).encode() + b"\n")
    if pixels is not None:
        answers.write(pixels.data)
    answers.flush()


class _Server:
    def __init__(self) -> None:
        self._decoder: Any = None

    def state(self) -> dict[str, Any] | None:
        decoder: Decoder | None = self._decoder
        if decoder is None:
            return None
        state = {name: getattr(decoder, name) for name in ("fps", "codec", "audio", "promised", "damaged", "lost")}
        return {**state, "seconds": decoder.seconds()}

    def do_start(self, memory_limit: int) -> None:
        _limit_memory(memory_limit)

    def do_decoder(self, path: list[str], options: dict[str, Any]) -> bool:
        self._decoder = open_decoder(_path(path), DecoderOptions(**options))
        return True

    def do_jumper(self, path: list[str], options: dict[str, Any]) -> bool:
        self._decoder = open_jumper(_path(path), DecoderOptions(**options))
        return self._decoder is not None

    def do_times(self, path: list[str], options: dict[str, Any]) -> list[float] | None:
        return read_times(_path(path), DecoderOptions(**options))

    def do_grab(self) -> bool:
        return bool(self._decoder.grab())

    def do_retrieve(self) -> Any:
        return self._decoder.retrieve()

    def do_saves(self, index: int, position: int) -> bool:
        return bool(self._decoder.saves(index, position))

    def do_jump(self, index: int) -> None:
        self._decoder.jump(index)

    def do_close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
        self._decoder = None


def _path(argument: list[str]) -> Path | str:
    kind, text = argument
    return Path(text) if kind == "file" else text


def _limit_memory(limit: int) -> None:
    """Lets this process grow by `limit` bytes from what it takes with its libraries loaded."""
    from kinema.video._cv2 import load_cv2
    from kinema.video._decoders import has_pyav

    load_cv2()
    if has_pyav():
        import av  # noqa: F401
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + limit, resource.RLIM_INFINITY))
    except (ImportError, OSError, ValueError):  # Windows, macOS
        return
