"""OpenCV's decoder, which passes over what it cannot decode without a word, watched by the time stamps it gives."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kinema.video._decoders import Decoder, Jumper
from kinema.video._pyav import IndexLiesError

Frame = npt.NDArray[np.uint8]


class StampedDecoder(Decoder, Protocol):
    """A decoder that also tells when a frame is shown in whole periods of the frame rate."""

    def stamp(self) -> int: ...


class CheckedDecoder:
    """Gives OpenCV's frames as long as each is shown one period after the one before.

    At the first that is not, a frame is missing or the rate varies. PyAV's decoder tells which, since it compares its
    frames with the packets of the file, and goes on in place of OpenCV's.
    """

    def __init__(self, plain: StampedDecoder, open_jumper: Callable[[], Jumper | None]) -> None:
        self._plain = plain
        self._open_jumper = open_jumper
        self._decoder: Decoder = plain
        self._jumper: Jumper | None = None
        self._watches = True
        self._stamp = plain.stamp()
        self._position = 0
        self.damaged = plain.damaged
        self.lost = plain.lost
        self.fps = plain.fps
        self.codec = plain.codec
        self.promised = plain.promised
        self.audio = plain.audio

    def grab(self) -> bool:
        found = self._grab_plain() if self._jumper is None else self._grab_by_jumper(self._jumper)
        self.damaged |= self._decoder.damaged
        self.lost = max(self.lost, self._decoder.lost)
        return found

    def retrieve(self) -> Frame:
        return self._decoder.retrieve()

    def seconds(self) -> float:
        return self._decoder.seconds()

    def close(self) -> None:
        self._decoder.close()

    def _grab_plain(self) -> bool:
        if not self._plain.grab():
            return False
        self._position += 1
        stamp, before = self._plain.stamp(), self._stamp
        self._stamp = stamp
        if self._watches and stamp != before + 1:
            self._watches = False
            self._ask_pyav()
        return True

    def _ask_pyav(self) -> None:
        jumper = self._open_jumper()
        if jumper is None:
            return
        try:
            jumper.jump(self._position - 1)
            jumper.grab()
        except IndexLiesError:
            self.damaged, self.lost = jumper.damaged, jumper.lost
            jumper.close()
            return
        self._plain.close()
        self._decoder = self._jumper = jumper

    def _grab_by_jumper(self, jumper: Jumper) -> bool:
        try:
            return jumper.grab()
        except IndexLiesError:
            if not jumper.damaged:
                raise
            return True  # whoever asked looks at `damaged`
