"""Pictures of results, drawn with OpenCV: strips of clips, a confusion matrix, learning curves. All images are RGB."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.video._cv2 import load_cv2

Image = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

INK: Color = (40, 44, 52)
MUTED: Color = (125, 130, 140)
RIGHT: Color = (34, 139, 84)
WRONG: Color = (200, 60, 50)
_FAINT: Color = (225, 228, 232)
_PAPER: Color = (255, 255, 255)
_CURVES: Sequence[Color] = ((31, 102, 180), (230, 126, 34))
_MARGIN = 24
_LINE = 22


def blank(height: int, width: int) -> Image:
    """Return an empty sheet."""
    return np.full((height, width, 3), _PAPER, dtype=np.uint8)


def write_text(image: Image, text: str, left: int, base: int, color: Color = INK, size: float = 0.5) -> None:
    """Write one line; `base` is the row that the letters stand on."""
    cv2 = load_cv2()
    cv2.putText(image, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)


def text_width(text: str, size: float = 0.5) -> int:
    """Return how many pixels wide `write_text` makes a line."""
    cv2 = load_cv2()
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    return int(width)


def shorten(text: str, width: int, size: float = 0.5) -> str:
    """Return `text`, cut with two dots where it would be wider than `width` pixels."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "..", size) > width:
        text = text[:-1]
    return text + ".."


def clip_strip(clip: Image, frames: int, frame_height: int) -> Image:
    """Return some frames of a clip `(time, height, width, channels)`, evenly chosen, side by side."""
    cv2 = load_cv2()
    height, width, channels = clip.shape[1:]
    size = (round(width * frame_height / height), frame_height)
    chosen = np.linspace(0, len(clip) - 1, frames).round().astype(int)
    strip = np.hstack([cv2.resize(clip[index], size, interpolation=cv2.INTER_CUBIC) for index in chosen])
    return cv2.cvtColor(strip, cv2.COLOR_GRAY2RGB) if channels == 1 else np.asarray(strip, dtype=np.uint8)


def clips_panel(
    clips: Sequence[Image],
    truths: Sequence[str],
    guesses: Sequence[str],
    certainties: Sequence[float],
    frame_height: int,
) -> Image:
    """Return a panel with a row a clip: some of its frames, the true label, and the guess in green or red."""
    strips = [clip_strip(clip, 6, frame_height) for clip in clips]
    row, text_left, text_room, value_left = frame_height + 6, strips[0].shape[1] + 14, 165, 56
    panel = blank(row * len(strips), text_left + text_room)
    for index, strip in enumerate(strips):
        top = index * row
        panel[top : top + frame_height, : strip.shape[1]] = strip
        color = RIGHT if truths[index] == guesses[index] else WRONG
        middle = top + frame_height // 2
        certainty = f"{certainties[index]:.2f}"
        room = text_room - value_left - text_width(certainty) - 10
        for base, what, word, word_color in (
            (middle - 6, "true", truths[index], INK),
            (middle - 6 + _LINE, "guess", guesses[index], color),
        ):
            write_text(panel, what, text_left, base, MUTED)
            write_text(panel, shorten(word, room), text_left + value_left, base, word_color)
        write_text(panel, certainty, panel.shape[1] - text_width(certainty), middle - 6 + _LINE, MUTED)
    return panel


def confusion_panel(counts: npt.NDArray[np.int64], names: Sequence[str], width: int) -> Image:
    """Return a confusion matrix: a row a true label, a column a guess, the share of the row as shade."""
    label_room = min(110, max(text_width(name, 0.45) for name in names) + 12)
    cell = max(14, (width - label_room) // len(names))
    panel = blank(2 * _LINE + cell * len(names), label_room + cell * len(names))
    write_text(panel, "true (rows), guessed (columns)", 0, 14, MUTED, 0.42)
    for row, name in enumerate(names):
        top = 2 * _LINE + row * cell
        write_text(panel, shorten(name, label_room - 8, 0.45), 0, top + cell // 2 + 5, size=0.45)
        column_name = shorten(name, cell - 4, 0.45)
        middle = label_room + row * cell + cell // 2
        write_text(panel, column_name, middle - text_width(column_name, 0.45) // 2, 2 * _LINE - 8, size=0.45)
        for column in range(len(names)):
            _draw_cell(panel, counts, row, column, top, label_room + column * cell, cell)
    return panel


def _draw_cell(
    panel: Image, counts: npt.NDArray[np.int64], row: int, column: int, top: int, left: int, cell: int
) -> None:
    share = counts[row, column] / max(1, counts[row].sum())
    target = np.array(RIGHT if row == column else WRONG)
    panel[top : top + cell - 2, left : left + cell - 2] = np.array(_PAPER) * (0.93 - 0.93 * share) + target * share
    number = str(counts[row, column])
    if text_width(number) < cell:
        color = _PAPER if share > 0.4 else INK
        write_text(panel, number, left + (cell - text_width(number)) // 2, top + cell // 2 + 5, color)


def curve_panel(curves: Mapping[str, Sequence[float]], width: int, height: int) -> Image:
    """Return a chart of values between 0 and 1 (accuracies) over epochs, a line a curve, with a legend."""
    cv2 = load_cv2()
    panel = blank(height, width)
    left, right, top, bottom = 40, width - 12, _LINE + 10, height - 34
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        row = round(bottom - tick * (bottom - top))
        panel[row, left:right] = _FAINT
        write_text(panel, f"{tick:.2f}", 0, row + 4, MUTED, 0.4)
    legend = left
    for (name, values), color in zip(curves.items(), _CURVES, strict=False):
        across = np.linspace(left, right, max(2, len(values)))[: len(values)]
        points = np.stack([across, bottom - np.asarray(values) * (bottom - top)], axis=1).round().astype(np.int32)
        cv2.polylines(panel, [points], False, color, 2, cv2.LINE_AA)
        for point in points:
            cv2.circle(panel, point.tolist(), 3, color, -1, cv2.LINE_AA)
        write_text(panel, name, legend, 14, color, 0.45)
        legend += text_width(name, 0.45) + 24
    epochs = max(len(values) for values in curves.values())
    write_text(panel, "epoch 1", left, height - 12, MUTED, 0.4)
    write_text(panel, str(epochs), right - text_width(str(epochs), 0.4), height - 12, MUTED, 0.4)
    return panel


def sheet(title: str, subtitle: str, left: Sequence[tuple[str, Image]], right: Sequence[tuple[str, Image]]) -> Image:
    """Return one picture: a title over two columns of panels, each panel under its own heading."""
    columns = [_column(left), _column(right)]
    head = 2 * _MARGIN + 2 * _LINE
    height = head + max(column.shape[0] for column in columns) + _MARGIN
    page = blank(height, sum(column.shape[1] for column in columns) + 4 * _MARGIN)
    write_text(page, title, _MARGIN, _MARGIN + _LINE, size=0.8)
    write_text(page, subtitle, _MARGIN, _MARGIN + 2 * _LINE + 8, MUTED)
    across = _MARGIN
    for column in columns:
        page[head : head + column.shape[0], across : across + column.shape[1]] = column
        across += column.shape[1] + 2 * _MARGIN
    return page


def _column(panels: Sequence[tuple[str, Image]]) -> Image:
    width = max(panel.shape[1] for _, panel in panels)
    parts = []
    for heading, panel in panels:
        block = blank(_LINE + 14 + panel.shape[0] + _MARGIN, width)
        write_text(block, heading, 0, 16, size=0.55)
        block[_LINE + 14 : _LINE + 14 + panel.shape[0], : panel.shape[1]] = panel
        parts.append(block)
    return np.vstack(parts)


def write_png(path: Path, image: Image) -> None:
    """Write an RGB image, whole or not at all.

    Raises:
        OSError: If the folder cannot be written to.
    """
    cv2 = load_cv2()
    encoded: Any
    _, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(encoded.tobytes())
    unfinished.replace(path)
