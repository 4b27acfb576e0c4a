"""Where in a video a reader stands, and the cheapest exact way to another frame."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import VideoError
from kinema.video import _decoders
from kinema.video._decoders import Decoder, Jumper
from kinema.video._isolated import Isolation
from kinema.video._limits import DecoderOptions
from kinema.video._pyav import IndexLiesError

Frame = npt.NDArray[np.uint8]

_FORWARD_WITHOUT_INDEX = 24  # frames; decoding so many costs less than reading the index of a long file


class Cursor:
    """A decoder standing on frame `position`, the first one at the beginning.

    `count` is known once the end was reached; `lost` counts the frames that damage took so far.
    """

    def __init__(self, path: Path | str, options: DecoderOptions, isolation: Isolation | None, cut: str | None) -> None:
        self._path = path
        self._options = options
        self._opening: Any = isolation or _decoders
        self._cut = cut
        self._raises = not (options.keep_damaged or options.drop_damaged)
        self._may_jump = self._raises  # where damaged frames are left out, only decoding tells which number is which
        self._seconds: list[float] = []
        self._decoder: Decoder | None = None
        self._jumper: Jumper | None = None
        self.count: int | None = None
        self.lost = 0
        first = self._restart()
        self.fps = first.fps
        self.codec = first.codec
        self.audio = first.audio
        self.promised = first.promised

    @property
    def picture(self) -> Frame:
        """The current frame as BGR."""
        if not self._retrieved:
            self._retrieve(self._decoder or self._restart())
        return self._picture

    def move_to(self, index: int) -> bool:
        """Makes frame `index` the current one; False where the video ends before it."""
        if self.count is not None and index >= self.count:
            return False
        self._approach(index)
        while self.position < index:
            if not self.advance():
                return False
        return True

    def advance(self) -> bool:
        """Steps to the next frame without converting it; False, and the count is known, at the end."""
        decoder = self._decoder or self._restart()
        try:
            found = decoder.grab()
        except IndexLiesError:
            wanted = self.position + 1
            self._distrust_index()
            return self.move_to(wanted)
        self._check_damage(decoder)
        if not found:
            if decoder is not self._jumper:
                self.promised = decoder.promised
            self._end()
            return False
        self.position += 1
        self._retrieved = False
        self._note_time(decoder)
        return True

    def times(self) -> list[float]:
        """When each frame is shown, rising; decodes the file once unless PyAV can tell."""
        while self.count is None:
            self.advance()
        times = self.promised_times()
        if times is None or len(times) != self.count:
            if len(self._seconds) != self.count:
                self._restart()
                while self.advance():
                    pass
            times = list(_rising(self._seconds, self.fps))
        return times

    def promised_times(self) -> list[float] | None:
        """When each frame is shown, without decoding where the index of the packets can be trusted."""
        times: list[float] | None = self._opening.read_times(self._path, self._options)
        return None if times is None else list(_rising(times, self.fps))

    def close(self) -> None:
        for decoder in (self._decoder, self._jumper):
            if decoder is not None:
                decoder.close()
        self._decoder = self._jumper = None

    def _approach(self, index: int) -> None:
        """Puts a decoder onto frame `index` or one before it, decoding as little as possible."""
        standing = self.position if self._decoder is not None else -1
        if standing >= 0 and 0 <= index - standing <= _FORWARD_WITHOUT_INDEX:
            return
        if index > 0 and self._may_jump and self._jump(index, standing):
            return
        if self._decoder is None or index < self.position:
            self._restart()

    def _jump(self, index: int, standing: int) -> bool:
        if self._jumper is None:
            self._jumper = self._opening.open_jumper(self._path, self._options)
        jumper = self._jumper
        if jumper is None:
            self._may_jump = False
            return False
        try:
            if not jumper.saves(index, standing):
                return False
            jumper.jump(index)
        except IndexLiesError:
            self._distrust_index()
            return False
        if self._decoder is not None and self._decoder is not jumper:
            self._decoder.close()
        self._decoder = jumper
        self.position, self._retrieved = index, False
        return True

    def _distrust_index(self) -> None:
        self._may_jump = False
        self._options = replace(self._options, trusts_index=False)
        self._drop_decoder()
        if self._jumper is not None:
            self._jumper.close()
            self._jumper = None

    def _restart(self) -> Decoder:
        self._drop_decoder()
        self.position = 0
        try:
            decoder: Decoder = self._opening.open_decoder(self._path, self._options)
        except VideoError as error:
            raise self._with_name(error) from error
        self._decoder = decoder
        self._check_damage(decoder)
        self._note_time(decoder)
        self._retrieve(decoder)
        return decoder

    def _end(self) -> None:
        self.count = self.position + 1
        if self._cut:
            self.lost = max(self.lost, self.promised - self.count)
        self._drop_decoder()

    def _drop_decoder(self) -> None:
        if self._decoder is not None and self._decoder is not self._jumper:
            self._decoder.close()
        self._decoder = None

    def _check_damage(self, decoder: Decoder) -> None:
        self.lost = max(self.lost, decoder.lost)
        if decoder.damaged and self._raises:
            self._drop_decoder()
            raise VideoError(
                f"{str(self._path)!r} is damaged: the data after frame {self.position} cannot be decoded. "
                "Copy or download it again, or read what can be decoded with VideoReader(path, allow_damaged=True)."
            )

    def _retrieve(self, decoder: Decoder) -> None:
        try:
            self._picture: Frame = decoder.retrieve()
        except VideoError as error:
            raise self._with_name(error) from error
        self._retrieved = True

    def _with_name(self, error: VideoError) -> VideoError:
        name = str(self._path)
        return error if name in str(error) or Path(name).name in str(error) else VideoError(f"{name!r}: {error}")

    def _note_time(self, decoder: Decoder) -> None:
        if self.position == len(self._seconds):
            self._seconds.append(decoder.seconds())


def _rising(times: list[float], fps: float) -> Iterator[float]:
    """`times` in order (AVI files swap them); one missing or there twice is put one frame after the one before."""
    if len(set(times)) == len(times) and np.isfinite(times).all():
        times = sorted(times)
    step = 1 / (fps if 0 < fps < 10000 else 25.0)
    last: float | None = None
    for time in times:
        if last is not None and not time > last:
            time = last + step
        last = time if np.isfinite(time) else 0.0
        yield last
