"""`kinema demo`."""

from pathlib import Path

import pytest

import kinema
from kinema.cli import main

Output = pytest.CaptureFixture[str]


def held_out_accuracy(shown: str) -> float:
    return float(shown.split("Held-out accuracy: ")[1].split()[0])


def test_one_epoch_leaves_a_model_and_a_picture(tmp_path: Path, capsys: Output) -> None:
    folder = tmp_path / "new" / "folder"
    assert main(["demo", "--epochs", "1", "--output", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert 0 < held_out_accuracy(shown) <= 1
    assert sorted(path.name for path in folder.iterdir()) == ["model.keras", "result.png"]
    assert str(folder / "model.keras") in shown
    assert str(folder / "result.png") in shown
    assert kinema.models.load_model(folder / "model.keras").class_names == ["bin", "lay", "place", "set"]
    assert (folder / "result.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_seed_reaches_three_quarters(seed: int, tmp_path: Path, capsys: Output) -> None:
    assert main(["demo", "--seed", str(seed), "--output", str(tmp_path)]) == 0
    assert held_out_accuracy(capsys.readouterr().out) >= 0.75
