"""Pictures that a decoder swallows: their packets went in whole, no error came, and no picture."""

from typing import Any

from kinema.video._fields import Bits, read_object_layer

ONE_PICTURE_A_PACKET = {
    "h264",
    "hevc",
    "vp9",
    "av1",
    "libdav1d",
    "mpeg4",
    "mpeg1video",
    "mpeg2video",
    "theora",
    "mjpeg",
}
_MPEG4_PICTURE = b"\x00\x00\x01\xb6"


class SwallowedPictures:
    """Compares the time stamps of packets with those of the pictures that come out.

    Stops for good at a packet that need not be one picture, or has no time stamp or an earlier one than the picture
    that came last: nothing can be told then.
    """

    def __init__(self, codec: str, header: bytes | None) -> None:
        self._codec = codec
        self._header = header
        self._tells = codec in ONE_PICTURE_A_PACKET
        self.restart()

    def restart(self) -> None:
        """After a seek."""
        self._under_way: set[int] = set()
        self._last: int | None = None

    def note_packet(self, packet: Any) -> None:
        if not self._tells or packet.is_discard:
            return
        if packet.size == 0 and packet.pts is None:  # sent at the end
            return
        stamp = packet.pts
        late = stamp is None or stamp in self._under_way or (self._last is not None and stamp <= self._last)
        self._tells = not late and shows_one_picture(self._codec, self._header, packet)
        self._under_way.add(stamp)

    def note_lost_packet(self, packet: Any) -> None:
        """One that is counted already."""
        self._under_way.discard(packet.pts)

    def count_before(self, shown: int | None) -> int:
        """How many pictures are missing before the one that came; those before the first one are not counted."""
        if not self._tells:
            return 0
        if shown not in self._under_way or (self._last is not None and shown < self._last):
            self._tells = False
            return 0
        missing = {stamp for stamp in self._under_way if stamp < shown}
        self._under_way -= {*missing, shown}
        started, self._last = self._last is not None, shown
        return len(missing) if started else 0


def shows_one_picture(codec: str, header: bytes | None, packet: Any) -> bool:
    """Whether a packet is one picture by what its headers say, for codecs that have packets of none, or of two."""
    if packet.size == 0:
        return False
    try:
        if codec == "mpeg4":
            return _is_one_mpeg4_picture(bytes(packet), header or b"")
        if codec == "vp9":
            return _shown_by_vp9(bytes(packet)) == 1
    except (EOFError, IndexError):
        return False
    return True


def _is_one_mpeg4_picture(packet: bytes, header: bytes) -> bool:
    """Not two in one packet (as AVI files pack them), and not the mark of a picture that is not coded."""
    layer = read_object_layer(header)
    place = packet.find(_MPEG4_PICTURE)
    if layer is None or place < 0 or packet.find(_MPEG4_PICTURE, place + 4) >= 0:
        return False
    bits = Bits(packet[place + 4 : place + 24])
    bits.read(2)
    while bits.read(1):
        pass
    bits.read(1 + layer[0] + 1)
    return bool(bits.read(1))


def _shown_by_vp9(packet: bytes) -> int:
    """How many pictures of a VP9 packet, which may hold several frames behind each other, are shown."""
    frames = [packet]
    mark = packet[-1]
    if mark & 0xE0 == 0xC0:
        count, width = (mark & 7) + 1, (mark >> 3 & 3) + 1
        index = packet[-2 - count * width :]
        if len(index) == 2 + count * width and index[0] == mark:
            sizes = [int.from_bytes(index[1 + k * width : 1 + (k + 1) * width], "little") for k in range(count)]
            starts = [sum(sizes[:k]) for k in range(count)]
            frames = [packet[start : start + size] for start, size in zip(starts, sizes, strict=True) if size]
    return sum(_is_shown_by_vp9(frame) for frame in frames)


def _is_shown_by_vp9(frame: bytes) -> bool:
    bits = Bits(frame[:2])
    bits.read(2)
    if bits.read(1) + 2 * bits.read(1) == 3:
        bits.read(1)
    if bits.read(1):
        return True  # one that was decoded before
    bits.read(1)
    return bool(bits.read(1))
