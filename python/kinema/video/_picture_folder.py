"""A folder of numbered pictures, read as a video."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import VideoError
from kinema.video._cv2 import load_cv2
from kinema.video._limits import DecoderOptions

Frame = npt.NDArray[np.uint8]

FRAMES_PER_SECOND = 25.0
PICTURE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


def list_pictures(folder: Path) -> list[Path]:
    """The pictures directly in `folder`, ordered as a person would: frame9 before frame10."""
    found = [file for file in folder.iterdir() if file.suffix.lower() in PICTURE_ENDINGS and file.is_file()]
    return sorted((file for file in found if not file.name.startswith(".")), key=_by_numbers)


class PictureFolderDecoder:
    """Stands on the first picture that can be read."""

    fps = FRAMES_PER_SECOND
    codec = "pictures"
    audio = ""

    def __init__(self, folder: Path, options: DecoderOptions) -> None:
        self._files = list_pictures(folder)
        self._options = options
        self.promised = len(self._files)
        self.damaged = False
        self.lost = 0
        self._at = -1
        self._picture: Frame | None = None
        if not self.grab():
            raise VideoError(f"None of the {self.promised} pictures of {str(folder)!r} can be read.")

    def grab(self) -> bool:
        while self._at + 1 < len(self._files):
            self._at += 1
            self._picture = None
            if not (self._options.keep_damaged or self._options.drop_damaged):
                return True  # read when it is asked for
            self._picture = self._read()
            if self._picture is not None:
                return True
            self.damaged = True
            self.lost += 1
        return False

    def retrieve(self) -> Frame:
        picture = self._read() if self._picture is None else self._picture
        if picture is None:
            raise VideoError(
                f"{str(self._files[self._at])!r} cannot be read as a picture. Remove it, make it again, "
                "or leave such pictures out with on_error='skip'."
            )
        self._picture = picture
        return picture

    def _read(self) -> Frame | None:
        cv2 = load_cv2()
        content = np.frombuffer(self._files[self._at].read_bytes(), np.uint8)
        try:  # a picture of more than 2 ** 30 pixels raises
            picture: Any = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
        except cv2.error:
            return None
        if picture is None or picture.shape[0] * picture.shape[1] > self._options.max_pixels:
            return None
        return np.asarray(picture)

    def seconds(self) -> float:
        return self._at / self.fps

    def saves(self, index: int, position: int) -> bool:
        return index < len(self._files) and index != position + 1

    def jump(self, index: int) -> None:
        self._at, self._picture = index, None

    def close(self) -> None:
        self._picture = None


def _by_numbers(file: Path) -> list[tuple[int, int, str]]:
    pieces = re.split(r"(\d+)", file.name)
    return [(1, int(piece), "") if piece.isdecimal() else (0, 0, piece) for piece in pieces]
