"""`kinema train`, and `evaluate` and `predict` on what it saved."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import kinema
from kinema.cli import main
from kinema.video import write_video

CLIP_LENGTH = 8
Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def trained(moving_squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that tells left from right."""
    path = tmp_path_factory.mktemp("trained") / "new" / "model.keras"
    arguments = ["--clip-length", str(CLIP_LENGTH), "--size", "32x24", "--epochs", "12", "--batch-size", "4"]
    assert main(["train", str(moving_squares), "--output", str(path), *arguments]) == 0
    return path


def error(capsys: Output, arguments: list[str]) -> str:
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_the_saved_model_knows_its_classes_and_clips(trained: Path) -> None:
    model = kinema.models.load_model(trained)
    assert model.class_names == ["left", "right"]
    assert tuple(model.input_shape) == (None, CLIP_LENGTH, 24, 32, 3)


def test_evaluate_finds_the_model_good(trained: Path, moving_squares: Path, capsys: Output) -> None:
    assert main(["evaluate", str(trained), str(moving_squares)]) == 0
    shown = capsys.readouterr().out
    assert "true / guess" in shown
    right = int(shown.split("Accuracy: ")[1].split("(")[1].split(" of 20 clips right")[0])
    assert right >= 16


def test_evaluate_names_a_class_that_the_model_does_not_know(trained: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "up").mkdir()
    write_video(tmp_path / "up" / "a.webm", np.zeros((CLIP_LENGTH, 24, 32, 3), np.uint8), fps=10)
    assert "up" in error(capsys, ["evaluate", str(trained), str(tmp_path)])


def test_predict_prints_a_line_a_clip(trained: Path, moving_squares: Path, capsys: Output) -> None:
    videos = [str(moving_squares / "left" / "3.webm"), str(moving_squares / "right" / "3.webm")]
    assert main(["predict", str(trained), *videos]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == videos
    assert [row[1:3] for row in rows] == [["0.00-0.80", "s"]] * 2
    assert [row[3] for row in rows] == ["left", "right"]
    assert all(0.5 <= float(row[4]) <= 1 for row in rows)


@pytest.fixture
def long_video(tmp_path: Path, moving_squares: Path) -> Path:
    """Left, then right, then four frames more."""
    parts = [kinema.video.read_video_frames(moving_squares / name / "5.webm") for name in ("left", "right")]
    return write_video(tmp_path / "long.webm", np.concatenate([*parts, parts[0][:4]]), fps=10)


def test_json_and_csv_say_the_same(trained: Path, long_video: Path, capsys: Output) -> None:
    assert main(["predict", str(trained), str(long_video), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert main(["predict", str(trained), str(long_video), "--csv"]) == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [{key: str(value) for key, value in entry.items()} for entry in listed] == table
    assert [(entry["start"], entry["end"], entry["label"]) for entry in listed] == [
        (0.0, 0.8, "left"),
        (0.8, 1.6, "right"),
    ]


@pytest.mark.parametrize(
    ("strides", "spans"),
    [
        (["--clip-stride", "4"], [(0.0, 0.8), (0.4, 1.2), (0.8, 1.6), (1.2, 2.0)]),
        (["--clip-stride", "10"], [(0.0, 0.8), (1.0, 1.8)]),
        (["--frame-stride", "2"], [(0.0, 1.5)]),
        (["--frame-stride", "3"], [(0.0, 2.0)]),
    ],
)
def test_strides(
    strides: list[str], spans: list[tuple[float, float]], trained: Path, long_video: Path, capsys: Output
) -> None:
    assert main(["predict", str(trained), str(long_video), "--json", *strides]) == 0
    assert [(entry["start"], entry["end"]) for entry in json.loads(capsys.readouterr().out)] == spans


def test_predict_on_what_is_no_video(trained: Path, tmp_path: Path, capsys: Output) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")
    assert str(text) in error(capsys, ["predict", str(trained), str(text)])


def test_json_is_whole_or_absent(trained: Path, moving_squares: Path, tmp_path: Path, capsys: Output) -> None:
    good = str(moving_squares / "left" / "3.webm")
    assert main(["predict", str(trained), good, str(tmp_path / "absent.mp4"), "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "absent.mp4" in shown.err


@pytest.mark.parametrize("content", [None, "not a model"])
def test_predict_with_what_is_no_model(content: str | None, tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "m.keras"
    if content is not None:
        path.write_text(content)
    assert str(path) in error(capsys, ["predict", str(path), "clip.mp4"])


def save_dense(path: Path, input_shape: tuple[int, ...]) -> None:
    kinema.Sequential([kinema.layers.Input(input_shape), kinema.layers.Dense(2)]).save(path)


def test_predict_with_a_model_of_something_else(tmp_path: Path, capsys: Output) -> None:
    save_dense(tmp_path / "features.keras", (5,))
    sentence = error(capsys, ["predict", str(tmp_path / "features.keras"), "clip.mp4"])
    assert "takes input of shape (None, 5); this command needs one that takes clips of a fixed size" in sentence


def test_predict_with_a_model_that_gives_no_probabilities(tmp_path: Path, capsys: Output) -> None:
    save_dense(tmp_path / "frames.keras", (4, 8, 8, 3))
    sentence = error(capsys, ["predict", str(tmp_path / "frames.keras"), "clip.mp4"])
    assert "gives output of shape (None, 4, 8, 8, 2); this command needs one probability a class" in sentence


def test_train_refuses_an_unknown_kind_of_file_before_it_trains(
    moving_squares: Path, tmp_path: Path, capsys: Output
) -> None:
    arguments = ["train", str(moving_squares), "--output", str(tmp_path / "model.pb")]
    assert "--output must end in .keras or .h5, not 'model.pb'" in error(capsys, arguments)


def test_videos_too_short_are_named_with_the_way_out(moving_squares: Path, tmp_path: Path, capsys: Output) -> None:
    sentence = error(capsys, ["train", str(moving_squares), "--output", str(tmp_path / "m.keras")])
    assert "8 frames" in sentence
    assert "--pad-short" in sentence


def test_ctrl_c_keeps_the_model_so_far(
    moving_squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    def press(self: kinema.Sequential, *arguments: object, **settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kinema.Sequential, "fit", press)
    path = tmp_path / "model.keras"
    arguments = ["--clip-length", "8", "--size", "32x24"]
    assert main(["train", str(moving_squares), "--output", str(path), *arguments]) == 130
    assert f"the model so far is in {path}" in capsys.readouterr().out
    assert kinema.models.load_model(path).class_names == ["left", "right"]
