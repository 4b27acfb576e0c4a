"""Pictures of results: what is drawn where."""

from pathlib import Path

import numpy as np
import pytest

from kinema.cli import drawing


def contains(image: drawing.Image, color: drawing.Color) -> bool:
    return bool((image == np.array(color)).all(axis=-1).any())


def clip(value: int, channels: int = 3) -> drawing.Image:
    return np.full((16, 32, 48, channels), value, np.uint8)


def test_a_strip_shows_frames_side_by_side_from_first_to_last() -> None:
    ramp = np.arange(16, dtype=np.uint8)[:, None, None, None] * np.ones((1, 32, 48, 3), np.uint8)
    strip = drawing.clip_strip(ramp, frames=6, frame_height=64)
    assert strip.shape == (64, 6 * 96, 3)
    assert [int(strip[32, 48 + 96 * index, 0]) for index in range(6)] == [0, 3, 6, 9, 12, 15]


def test_gray_clips_are_shown_in_gray() -> None:
    strip = drawing.clip_strip(clip(90, channels=1), frames=3, frame_height=32)
    assert strip.shape == (32, 3 * 48, 3)
    assert (strip == 90).all()


@pytest.mark.parametrize(
    ("guess", "color", "other"), [("bin", drawing.RIGHT, drawing.WRONG), ("set", drawing.WRONG, drawing.RIGHT)]
)
def test_guesses_are_green_or_red(guess: str, color: drawing.Color, other: drawing.Color) -> None:
    panel = drawing.clips_panel([clip(128)], ["bin"], [guess], [0.9], frame_height=72)
    assert contains(panel, color)
    assert not contains(panel, other)


def test_a_perfect_confusion_matrix_has_a_full_diagonal_only() -> None:
    panel = drawing.confusion_panel(np.diag([5, 5]), ["left", "right"], 300)
    assert contains(panel, drawing.RIGHT)
    assert not contains(panel, drawing.WRONG)


def test_many_classes_with_long_names_fit_the_width() -> None:
    names = [f"a rather long class name {index}" for index in range(15)]
    panel = drawing.confusion_panel(np.ones((15, 15), np.int64), names, 420)
    assert panel.shape[1] <= 420


def test_text_is_cut_to_the_room_it_has() -> None:
    short = drawing.shorten("an extremely long class name", 60)
    assert short.endswith("..")
    assert drawing.text_width(short) <= 60
    assert drawing.shorten("bin", 60) == "bin"


@pytest.mark.parametrize("values", [[0.5], [0.2, 0.9, 1.0]])
def test_curves_of_any_length(values: list[float]) -> None:
    panel = drawing.curve_panel({"training": values, "held out": values[::-1]}, 400, 250)
    assert panel.shape == (250, 400, 3)
    assert contains(panel, (230, 126, 34))


def test_a_picture_is_written_whole(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    page = drawing.sheet("title", "subtitle", [("left", drawing.blank(50, 60))], [("right", drawing.blank(90, 40))])
    page[0, 0] = (255, 0, 0)
    drawing.write_png(tmp_path / "page.png", page)
    assert [path.name for path in tmp_path.iterdir()] == ["page.png"]
    assert cv2.imread(str(tmp_path / "page.png"))[0, 0].tolist() == [0, 0, 255]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        drawing.write_png(tmp_path / "nowhere" / "page.png", drawing.blank(4, 4))
