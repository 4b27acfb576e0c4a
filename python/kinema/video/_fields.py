"""Whether a stream may hold interlaced pictures, as its sequence header says it of all of them."""

_PROGRESSIVE = {
    "vp8",
    "vp9",
    "av1",
    "libdav1d",
    "gif",
    "theora",
    "mjpeg",
    "hevc",
    "mpeg1video",
}
_WITH_CHROMA_FORMAT = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}  # H.264 profiles
_START = b"\x00\x00\x01"
_SEQUENCE_PARAMETERS = 7
_VBV_BITS = 79


def may_interlace(codec: str, header: bytes | None) -> bool | None:
    """Whether any picture may be of two fields; None where the header of the stream (`extradata`) does not tell."""
    if codec in _PROGRESSIVE:
        return False
    readers = {"h264": _h264, "mpeg2video": _mpeg2, "mpeg4": _mpeg4}
    try:
        return readers[codec](header) if header and codec in readers else None
    except (EOFError, IndexError):
        return None


class Bits:
    """Reads from the first bit on; `EOFError` behind the last one."""

    def __init__(self, content: bytes) -> None:
        self._value = int.from_bytes(content, "big")
        self._left = 8 * len(content)

    def read(self, count: int) -> int:
        if count > self._left:
            raise EOFError
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def read_golomb(self) -> int:
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    def read_signed(self) -> int:
        code = self.read_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _h264(header: bytes) -> bool | None:
    sets = [unit for unit in _h264_units(header) if unit and unit[0] & 31 == _SEQUENCE_PARAMETERS]
    return any(_allows_fields(unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")) for unit in sets) if sets else None


def _h264_units(header: bytes) -> list[bytes]:
    if header[0] != 1:  # separated by start codes, as in a transport stream
        return header.split(_START)[1:]
    units, start = [], 6
    for _ in range(header[5] & 31):
        length = int.from_bytes(header[start : start + 2], "big")
        units.append(header[start + 2 : start + 2 + length])
        start += 2 + length
    return units


def _allows_fields(parameters: bytes) -> bool:
    """Of an H.264 sequence parameter set: whether `frame_mbs_only_flag` is 0."""
    bits = Bits(parameters)
    profile = bits.read(8)
    bits.read(16)
    bits.read_golomb()
    if profile in _WITH_CHROMA_FORMAT:
        chroma = bits.read_golomb()
        if chroma == 3:
            bits.read(1)
        bits.read_golomb()
        bits.read_golomb()
        bits.read(1)
        if bits.read(1):
            _pass_scaling_lists(bits, 12 if chroma == 3 else 8)
    bits.read_golomb()
    order = bits.read_golomb()
    if order == 0:
        bits.read_golomb()
    elif order == 1:
        bits.read(1)
        bits.read_golomb()
        bits.read_golomb()
        for _ in range(bits.read_golomb()):
            bits.read_golomb()
    bits.read_golomb()
    bits.read(1)
    bits.read_golomb()
    bits.read_golomb()
    return not bits.read(1)


def _pass_scaling_lists(bits: Bits, lists: int) -> None:
    for number in range(lists):
        if not bits.read(1):
            continue
        last = following = 8
        for _ in range(16 if number < 6 else 64):
            if following:
                following = (last + bits.read_signed()) % 256
            last = following or last


def _mpeg2(header: bytes) -> bool | None:
    """Of an MPEG-2 sequence extension: whether `progressive_sequence` is 0."""
    for unit in header.split(_START)[1:]:
        if unit[0] == 0xB5 and unit[1] >> 4 == 1:
            return not unit[2] & 8
    return None


def _mpeg4(header: bytes) -> bool | None:
    layer = read_object_layer(header)
    return None if layer is None else layer[1]


def read_object_layer(header: bytes) -> tuple[int, bool] | None:
    """Of MPEG-4: the bits of a picture's time within its second, and whether pictures may be interlaced."""
    for unit in header.split(_START)[1:]:
        if 0x20 <= unit[0] <= 0x2F:
            bits = Bits(unit[1:])
            break
    else:
        return None
    bits.read(9)
    if bits.read(1):
        bits.read(7)
    if bits.read(4) == 15:
        bits.read(16)
    if bits.read(1):
        bits.read(3)
        if bits.read(1):
            bits.read(_VBV_BITS)
    if bits.read(2):
        return None  # of an arbitrary shape
    bits.read(1)
    time_bits = max(1, (bits.read(16) - 1).bit_length())
    bits.read(1)
    if bits.read(1):
        bits.read(time_bits)
    bits.read(29)
    return time_bits, bool(bits.read(1))
