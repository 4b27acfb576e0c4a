"""Decoding with PyAV: exact time stamps, every codec of its FFmpeg, jumps to a frame by way of the key frame before."""

from bisect import bisect_left, bisect_right
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.video._limits import DecoderOptions, check_pixels, location
from kinema.video._swallowed import ONE_PICTURE_A_PACKET, SwallowedPictures, shows_one_picture

Frame = npt.NDArray[np.uint8]

_PLAYLISTS = {"hls", "dash", "concat", "sdp", "rtsp", "image2", "webm_dash_manifest", "imf", "applehttp", "imf_cpl"}
_FRAMES_COMPARED_AT_FIRST = 8
_SEEKS_TRIED = 3


class NoPicturesError(Exception):
    """The file opens, and has no video stream."""


class IndexLiesError(Exception):
    """Decoding gave other frames than the packets of the file promise."""


class FrameIndex:
    """What the packets of a file promise, read without decoding: when each frame is shown, and which are key frames."""

    def __init__(self, shown: list[int], keys: list[int], time_base: Fraction) -> None:
        self.shown = shown
        self.keys = keys
        self.seconds = [float(stamp * time_base) for stamp in shown]
        self._key_stamps = [shown[key] for key in keys]

    def __len__(self) -> int:
        return len(self.shown)

    def key_before(self, index: int) -> int:
        return self.keys[bisect_right(self.keys, index) - 1]

    def is_key_stamp(self, stamp: int | None) -> bool:
        place = -1 if stamp is None else bisect_right(self._key_stamps, stamp) - 1
        return place >= 0 and self._key_stamps[place] == stamp


class PyAVDecoder:
    def __init__(self, path: Path | str, options: DecoderOptions) -> None:
        import av

        self._container: Any = av.open(location(path), options=open_options(options))
        try:
            self._open_stream(options)
        except BaseException:
            self._container.close()
            raise

    def _open_stream(self, options: DecoderOptions) -> None:
        if not self._container.streams.video:
            raise NoPicturesError
        stream: Any = self._container.streams.video[0]
        if stream.codec_context is None:
            raise ValueError("it has no decoder for the codec")
        self._options = options
        check_pixels(stream.codec_context.height, stream.codec_context.width, options.max_pixels)
        # Several frames at once make it a matter of time which ones behind a damaged one are called damaged, too.
        stream.thread_type = "SLICE" if options.keep_damaged or options.drop_damaged else "AUTO"
        stream.codec_context.thread_count = options.threads or 0
        stream.codec_context.options = {"max_pixels": str(options.max_pixels)}
        self.fps = float(stream.average_rate or 0)
        self.codec = str(stream.codec_context.name)
        self.promised = int(stream.frames)
        self.damaged = False
        self.lost = 0
        self.audio = _describe_audio(self._container)
        self._swallowed = SwallowedPictures(self.codec, stream.codec_context.extradata)
        self._stream = stream
        self._packets = self._container.demux(stream)
        self._decoded: list[Any] = []
        self._frame: Any = None

    def grab(self) -> bool:
        while True:
            while not self._decoded:
                packet = self._next_packet()
                if packet is None:
                    return False
                if not self._decode(packet):
                    return False
            self._frame = self._decoded.pop(0)
            swallowed = self._swallowed.count_before(self._frame.pts)
            if swallowed:
                self.damaged = True
                self.lost += swallowed
            if not self._frame.is_corrupt or self._options.keep_damaged:
                return True
            self.damaged = True
            self.lost += 1

    def _decode(self, packet: Any) -> bool:
        """False at the end of the stream."""
        import av

        self._swallowed.note_packet(packet)
        try:
            self._decoded = list(packet.decode())
        except EOFError:
            return False
        except av.error.FFmpegError:
            self.damaged = True
            self.lost += 1
            self._swallowed.note_lost_packet(packet)
        return True

    def _next_packet(self) -> Any:
        import av

        try:
            packet = next(self._packets, None)
        except av.error.FFmpegError:
            self.damaged = True
            return None
        if packet is not None and packet.is_discard and self.promised > 0:  # cut away by the file's edit list
            self.promised -= 1
        return packet

    def retrieve(self) -> Frame:
        check_pixels(self._frame.height, self._frame.width, self._options.max_pixels)
        pixels = _bgr(self._frame)
        quarter_turns = round(getattr(self._frame, "rotation", 0) / 90) % 4
        return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels

    def seconds(self) -> float:
        time = self._frame.time
        return float("nan") if time is None else float(time)

    def close(self) -> None:
        self._container.close()


class JumpingDecoder(PyAVDecoder):
    """A decoder that goes to any frame by way of the key frame before it, and watches that the index holds.

    Every frame's time stamp is compared with what the packets promise for its number. `IndexLiesError` where they
    differ: then only decoding from the start tells which frame has which number.
    """

    def __init__(self, path: Path | str, options: DecoderOptions) -> None:
        self.index = read_index(path, options)
        super().__init__(path, options)
        self.at = -1
        try:
            for _ in range(min(len(self.index), _FRAMES_COMPARED_AT_FIRST)):
                self.grab()
                if self.at == 0:
                    self.first_picture = self.retrieve()
        except BaseException:
            self.close()
            raise

    def grab(self) -> bool:
        found = super().grab()
        if self.damaged or found != (self.at + 1 < len(self.index)):
            raise IndexLiesError
        if found:
            self.at += 1
            if self._frame.pts != self.index.shown[self.at]:
                raise IndexLiesError
        return found

    def saves(self, index: int, position: int) -> bool:
        """Whether a jump to frame `index` spares decoding to one who stands on frame `position`."""
        return index < len(self.index) and self.index.key_before(index) > (position if index >= position else 0)

    def jump(self, index: int) -> None:
        """Makes `index` the current frame."""
        key = self.index.key_before(index)
        for _ in range(_SEEKS_TRIED):
            if self._enter_at(key, index):
                while self.at < index:
                    self.grab()
                return
            if key == 0:
                break
            key = self.index.key_before(key - 1)
        raise IndexLiesError

    def _enter_at(self, key: int, index: int) -> bool:
        """Seeks to key frame `key`, decodes the first key frame that comes; False where that is none up to `index`."""
        self._container.seek(self.index.shown[key], stream=self._stream)
        self._decoded = []
        self._swallowed.restart()
        self._packets = self._container.demux(self._stream)
        packet = self._next_packet()
        while packet is not None and not (packet.is_keyframe and self.index.is_key_stamp(packet.pts)):
            packet = self._next_packet()
        if packet is None or packet.pts > self.index.shown[index]:
            return False
        entry = packet.pts
        self._decode(packet)
        while PyAVDecoder.grab(self) and not self.damaged:
            if self._frame.pts is None or self._frame.pts > entry:
                break
            if self._frame.pts == entry:
                self.at = bisect_left(self.index.shown, entry)
                return True
        raise IndexLiesError


def read_index(path: Path | str, options: DecoderOptions) -> FrameIndex:
    """The index of a file's packets; `IndexLiesError` where one packet need not be one frame."""
    import av

    stamps: list[int] = []
    keys: list[int] = []
    with av.open(location(path), options=open_options(options)) as container:
        stream: Any = container.streams.video[0]
        if stream.codec_context is None or stream.codec_context.name not in ONE_PICTURE_A_PACKET:
            raise IndexLiesError
        codec, header = stream.codec_context.name, stream.codec_context.extradata
        time_base = stream.time_base
        try:
            for packet in container.demux(stream):
                if packet.is_discard or (packet.size == 0 and packet.pts is None):
                    continue
                if packet.pts is None or packet.is_corrupt or not shows_one_picture(codec, header, packet):
                    raise IndexLiesError
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        except av.error.FFmpegError:
            raise IndexLiesError from None
    shown = sorted(stamps)
    places = {stamp: place for place, stamp in enumerate(shown)}
    numbers = sorted(places[stamp] for stamp in keys)
    if not shown or len(places) < len(shown) or numbers[:1] != [0]:
        raise IndexLiesError
    return FrameIndex(shown, numbers, time_base)


def read_times(path: Path | str, options: DecoderOptions) -> list[float]:
    """When each frame is shown: by the packets where those can be trusted, else by decoding all of it."""
    try:
        jumping = JumpingDecoder(path, options)
    except IndexLiesError:
        decoder = PyAVDecoder(path, options)
        try:
            times = []
            while decoder.grab():
                times.append(decoder.seconds())
            return times
        finally:
            decoder.close()
    jumping.close()
    return jumping.index.seconds


def _bgr(frame: Any) -> Frame:
    """The pixels that PyAV gives as RGB; FFmpeg has another way from more than 8 bits to BGR, up to 92 off."""
    if any(component.bits > 8 for component in frame.format.components):
        reversed_pixels: Frame = np.ascontiguousarray(frame.to_ndarray(format="rgb24")[..., ::-1])
        return reversed_pixels
    pixels: Frame = frame.to_ndarray(format="bgr24")
    return pixels


def open_options(options: DecoderOptions) -> dict[str, str]:
    """What FFmpeg may read, and how large a picture may be that it decodes to find out what a file holds."""
    limit = {"max_pixels": str(options.max_pixels)}
    if options.allow_urls:
        return limit
    import av

    readable = sorted(av.formats_available - _PLAYLISTS)
    return {**limit, "protocol_whitelist": "file", "format_whitelist": ",".join(readable)}


def _describe_audio(container: Any) -> str:
    tracks = []
    for stream in container.streams.audio:
        if stream.codec_context is None:
            tracks.append("no decoder for it")
        else:
            tracks.append(f"{stream.codec_context.name} {stream.rate} Hz {stream.codec_context.layout.name}")
    return ", ".join(tracks)
