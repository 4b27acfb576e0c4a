"""Real words, seen and heard."""

import re
from pathlib import Path
from typing import Any

import pytest

import kinema
from kinema import layers

pytest.importorskip("av")

PAGE = Path(__file__).parents[2] / "docs" / "frames-and-sound.md"


@pytest.fixture
def grid(shared_data: Path) -> Path:
    folder = shared_data / "grid"
    if not (folder / "labels.csv").is_file():
        pytest.skip("the real sentences are not here")
    return folder


def every(step: int, grid: Path) -> list[str]:
    """The manifest's first line and every so many-th of the others, which are sorted by the command."""
    lines = (grid / "labels.csv").read_text().splitlines()
    return [lines[0], *lines[1::step]]


def test_the_program_of_the_page_runs(grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid" / "clips").symlink_to(grid / "clips", target_is_directory=True)
    (tmp_path / "grid" / "labels.csv").write_text("\n".join(every(25, grid)) + "\n")
    monkeypatch.chdir(tmp_path)
    (program,) = (text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if ".fit(" in text)
    names: dict[str, Any] = {}
    kinema.utils.set_random_seed(0)
    exec(compile(program, str(PAGE), "exec"), names)
    losses = names["model"].history.history["loss"]
    assert losses[-1] < 0.9 * losses[0]


def test_words_are_told_apart_by_their_sound(grid: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(every(7, grid)) + "\n")
    kinema.utils.set_random_seed(0)
    words = kinema.video.VideoFolder(
        grid / "clips",
        16,
        None,
        labels=labels,
        label_column="command",
        start_column="command_start",
        end_column="command_end",
        margin=0.12,
        clips_per_video=1,
        validation_split=0.25,
        audio="log_mel",
        audio_options={"n_fft": 1024, "n_mels": 40},
    )
    bands = layers.Normalization()
    bands.adapt(words)
    model = kinema.Sequential([layers.Input((16, 40)), bands, layers.LSTM(32), layers.Dense(4, activation="softmax")])
    model.compile(kinema.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(words, epochs=15, verbose=0)
    assert model.evaluate(words.validation, verbose=0)[1] > 0.9
