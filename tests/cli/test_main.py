"""What all commands share: help, errors in a sentence, Ctrl-C."""

import argparse
import re
from pathlib import Path

import numpy as np
import pytest

from kinema import _rust
from kinema.cli import demo, main

COMMANDS = ("demo", "train", "evaluate", "predict", "watch", "scan", "info")


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("kinema: error: ")
    return lines[0]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert "Start with `kinema demo`" in shown
    assert all(f"    {command} " in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"usage: kinema {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["demo", "--epochs", "0"], "argument --epochs: must be a whole number of at least 1, not '0'"),
        (["train", "x", "--size", "64"], "argument --size: must be WIDTHxHEIGHT in pixels, such as 96x64, not '64'"),
        (["train", "x", "--held-out", "1.5"], "argument --held-out: must be a number between 0 and 1, not '1.5'"),
        (["train", "x", "--learning-rate", "fast"], "must be a number between 0 and 1, not 'fast'"),
        (["predict", "m", "v", "--json", "--csv"], "argument --csv: not allowed with argument --json"),
    ],
)
def test_wrong_arguments(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line
    assert line.endswith("--help` explains)")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"kinema {_rust.__version__}\n"


def test_more_threads_than_there_can_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--threads", "9999", "--output", str(tmp_path)]) == 2
    assert error_line(capsys).startswith("kinema: error: the number of threads must be")


def test_a_missing_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "nowhere"), "--output", str(tmp_path / "m.keras")]) == 2
    assert "nowhere" in error_line(capsys)


def test_traceback_on_request(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        main(["--traceback", "train", str(tmp_path / "nowhere"), "--output", str(tmp_path / "m.keras")])


def test_an_output_that_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert main(["demo", "--output", str(taken)]) == 2
    assert f"--output: cannot write into the folder '{taken}'" in error_line(capsys)
    assert taken.read_text() == "a file"


def test_ctrl_c_ends_without_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def press(options: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", press)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == "kinema: stopped by Ctrl-C\n"


def test_out_of_memory_says_what_to_make_smaller(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def exhaust(options: argparse.Namespace) -> None:
        raise MemoryError

    monkeypatch.setattr(demo, "run", exhaust)
    assert main(["demo"]) == 2
    assert "use a smaller --batch-size, --size or --clip-length" in error_line(capsys)


def test_info_gives_versions_instruction_set_threads_and_decoder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:16].strip() for line in lines] == [
        "kinema",
        "python",
        "numpy",
        "h5py",
        "instruction set",
        "precision",
        "threads",
        "decoder",
    ]
    facts = {line[:16].strip(): line[16:].strip() for line in lines}
    assert facts["numpy"] == np.__version__
    assert _rust.instruction_set() in facts["instruction set"]
    assert facts["precision"] == "fast"
    assert facts["threads"] == str(_rust.get_num_threads())
    assert re.match(r"OpenCV \S+ with FFmpeg", facts["decoder"])
