"""A model's answers drawn on the pictures of a stream: label, probability, and how the probabilities went. RGB."""

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kinema.cli.drawing import Color, Image, shorten, text_width, write_text
from kinema.video._cv2 import load_cv2

_LEAST_WIDTH, _LEAST_HEIGHT = 480, 270
_BAND = 92
_LIGHT: Color = (245, 246, 248)
_DIM: Color = (170, 176, 186)
_LINES: Sequence[Color] = ((94, 201, 255), (255, 178, 84), (140, 226, 130), (244, 128, 160), (196, 160, 255))
_SHOWN_CLASSES = 3


class Overlay:
    """Draws on one picture after the other, and remembers the last answers for the history.

    Args:
        names: The names of the classes.
        history: How many answers the history shows.
    """

    def __init__(self, names: Sequence[str], history: int = 120) -> None:
        self._names = names
        self._history: deque[npt.NDArray[np.floating]] = deque(maxlen=history)

    def draw(self, picture: Image, probabilities: npt.NDArray[np.floating] | None, note: str = "") -> Image:
        """Return the picture, enlarged where text would not be legible on it, with a band of results at the bottom.

        Args:
            picture: (height, width, 3 or 1).
            probabilities: Those of the classes, or None where there is no new answer: then the last one stays.
            note: Small text at the top right, such as the speed.
        """
        if probabilities is not None:
            self._history.append(probabilities)
        image = _legible(picture)
        height, width = image.shape[:2]
        _darken(image[height - _BAND :], 0.3)
        if note:
            room = text_width(note, 0.4)
            _darken(image[:22, width - room - 16 :], 0.45)
            write_text(image, note, width - room - 8, 15, _LIGHT, 0.4)
        if self._history:
            self._write_answer(image, height - _BAND)
            self._draw_history(image, height - _BAND + 12, width * 2 // 5, width - 12, height - 12)
        else:
            write_text(image, "waiting for the first window ..", 14, height - _BAND // 2 + 5, _DIM, 0.5)
        return image

    def _write_answer(self, image: Image, top: int) -> None:
        latest = self._history[-1]
        best = int(latest.argmax())
        room = image.shape[1] * 2 // 5 - 28
        color = self._color(best)
        write_text(image, shorten(self._names[best], room, 0.8), 14, top + 32, color, 0.8)
        write_text(image, f"{100 * latest[best]:.0f} %", 14, top + 56, _LIGHT, 0.5)
        image[top + 66 : top + 74, 14 : 14 + room] = (70, 74, 82)
        image[top + 66 : top + 74, 14 : 14 + round(room * float(latest[best]))] = color

    def _draw_history(self, image: Image, top: int, left: int, right: int, bottom: int) -> None:
        cv2 = load_cv2()
        room = max(90, (right - left) // 3)
        end = right - room
        for share in (0.0, 0.5, 1.0):
            row = round(bottom - share * (bottom - top))
            image[row, left:end] = (96, 100, 108)
        values = np.array(self._history)
        across = np.linspace(left, end, self._history.maxlen or 1)[-len(values) :]
        ranked = np.argsort(-values[-1], kind="stable")[:_SHOWN_CLASSES]
        for place, index in enumerate(ranked):
            points = np.stack([across, bottom - values[:, index] * (bottom - top)], axis=1).round().astype(np.int32)
            cv2.polylines(image, [points], False, self._color(int(index)), 2, cv2.LINE_AA)
            text = f"{100 * values[-1, index]:3.0f} % {self._names[index]}"
            write_text(
                image, shorten(text, room - 12, 0.4), end + 10, top + 14 + 22 * place, self._color(int(index)), 0.4
            )

    def _color(self, index: int) -> Color:
        return _LINES[index % len(_LINES)]


def _legible(picture: Image) -> Image:
    """A copy in colour with even sides, large enough for text."""
    cv2 = load_cv2()
    image = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB) if picture.ndim == 2 or picture.shape[2] == 1 else picture
    height, width = image.shape[:2]
    factor = max(1.0, _LEAST_WIDTH / width, _LEAST_HEIGHT / height)
    size = (2 * round(width * factor / 2), 2 * round(height * factor / 2))
    enlarged: Image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC) if factor > 1 else image.copy()
    return enlarged


def _darken(part: Image, share: float) -> None:
    part[...] = (part * np.float32(share)).astype(np.uint8)
