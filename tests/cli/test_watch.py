"""`kinema watch`: labels a stream, draws on its pictures, saves them."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

import kinema
from kinema.cli import main, watch
from kinema.cli.overlay import Overlay
from kinema.video import VideoReader, write_video

FRAMES = 20


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kinema.utils.set_random_seed(0)
    line = [
        kinema.layers.Input((4, 24, 32, 3)),
        kinema.layers.Rescaling(1 / 255),
        kinema.layers.Conv2D(2, 3),
        kinema.layers.Flatten(),
        kinema.layers.LSTM(3),
        kinema.layers.Dense(2, activation="softmax"),
    ]
    model = kinema.Sequential(line)
    model.class_names = ["walking", "running"]
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ramp = np.linspace(0, 200, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)
    path = tmp_path_factory.mktemp("film") / "film.webm"
    return write_video(path, [ramp + 2 * index for index in range(FRAMES)], fps=10)


def test_json_lines_hold_what_predict_gives(
    model_file: Path, film: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["watch", str(model_file), str(film), "--json", "-", "--stride", "3"]) == 0
    shown = capsys.readouterr()
    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert [line["frame"] for line in lines] == list(range(3, FRAMES, 3))
    frames = kinema.video.read_video_frames(film, size=(24, 32))
    model = kinema.models.load_model(model_file)
    expected = model.predict(np.array(kinema.video.windows(frames, 4, 3)), verbose=0)
    assert [line["label"] for line in lines] == [model.class_names[index] for index in expected.argmax(1)]
    np.testing.assert_allclose([line["probability"] for line in lines], expected.max(1), atol=1e-4)
    assert lines[1]["seconds"] == 0.6
    assert shown.err.startswith(f"{FRAMES} frames, ")

    target = tmp_path / "answers.jsonl"
    assert main(["watch", str(model_file), str(film), "--json", str(target), "--stateful"]) == 0
    assert capsys.readouterr().out.startswith(f"{FRAMES} frames, ")
    assert len(target.read_text().splitlines()) == FRAMES


def test_an_annotated_video_is_saved_whole(model_file: Path, film: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.webm"
    assert main(["watch", str(model_file), str(film), "--save", str(target), "--max-frames", "12"]) == 0
    with VideoReader(target) as reader:
        assert (len(reader), reader.fps, reader.size) == (12, 10, (360, 480))
        waiting, answered = reader[0], reader[11]
    plain = kinema.video.read_video_frames(film)[0]
    assert waiting[:100, :200].mean() == pytest.approx(plain[:13, :26].mean(), abs=4)
    assert waiting[-80:].mean() < 0.5 * plain[-10:].mean()
    assert (answered[-80:].max(axis=2) > 200).sum() > 500


def test_ctrl_c_ends_a_stream_and_keeps_what_was_saved(
    model_file: Path, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = Overlay.draw

    def interrupted(self: Overlay, *arguments: object) -> object:
        if len(self._history) == 5:
            signal.raise_signal(signal.SIGINT)
        return draw(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Overlay, "draw", interrupted)
    before = signal.getsignal(signal.SIGINT)
    target = tmp_path / "out.webm"
    assert main(["watch", str(model_file), str(film), "--save", str(target)]) == 0
    assert signal.getsignal(signal.SIGINT) is before
    with VideoReader(target) as reader:
        assert len(reader) == 9


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["http://example.org/film"], "an address of a kind that is not opened"),
        (["missing.webm"], "missing.webm"),
        (["FILM", "--save", "out.gif"], "end the name in .webm"),
    ],
)
def test_what_cannot_be_watched_is_said_in_a_sentence(
    model_file: Path, film: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(film) if argument == "FILM" else argument for argument in arguments]
    assert main(["watch", str(model_file), *given]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_without_a_display_show_names_the_way_out(
    model_file: Path, film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import cv2

    def refuse(*_: object) -> None:
        raise cv2.error("no display")

    monkeypatch.setattr(cv2, "imshow", refuse)
    assert main(["watch", str(model_file), str(film), "--show"]) == 2
    assert "leave --show out and use --save" in capsys.readouterr().err


def test_show_ends_with_a_key(model_file: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    seen: list[tuple[int, ...]] = []
    monkeypatch.setattr(cv2, "imshow", lambda _, picture: seen.append(picture.shape))
    monkeypatch.setattr(cv2, "waitKey", lambda _: ord("q") if len(seen) == 3 else -1)
    monkeypatch.setattr(cv2, "destroyWindow", lambda _: None)
    assert main(["watch", str(model_file), str(film), "--show"]) == 0
    assert seen == [(360, 480, 3)] * 3


def test_one_sigmoid_output_counts_as_the_second_class() -> None:
    np.testing.assert_allclose(watch._of_classes(np.float32([0.25])), [0.75, 0.25])


def test_grey_and_odd_pictures_become_legible_ones() -> None:
    overlay = Overlay(["a", "b", "c", "d"])
    for picture in (np.zeros((45, 61, 1), np.uint8), np.zeros((45, 61, 3), np.uint8)):
        drawn = overlay.draw(picture, np.float32([0.1, 0.2, 0.3, 0.4]))
        assert drawn.shape[2] == 3
        assert drawn.shape[0] % 2 == drawn.shape[1] % 2 == 0
        assert min(drawn.shape[0] - 269, drawn.shape[1] - 479) > 0
    large = np.full((720, 1280, 3), 90, np.uint8)
    assert overlay.draw(large, None).shape == large.shape
    assert (large == 90).all()
