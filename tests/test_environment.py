"""KINEMA_ISA and KINEMA_NUM_THREADS, as a new process meets them."""

import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

import kinema

_ASK = "import kinema; print(kinema.get_num_threads(), kinema.instruction_set())"


def _run(*command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KINEMA_")}
    return subprocess.run(command, capture_output=True, text=True, env={**clean, **variables}, check=False)


def test_what_is_set_counts() -> None:
    run = _run(sys.executable, "-c", _ASK, KINEMA_NUM_THREADS="3", KINEMA_ISA="scalar")
    assert run.stdout.split() == ["3", "scalar"]


@pytest.mark.parametrize("empty", ["", " "])
def test_empty_is_unset(empty: str) -> None:
    unset = _run(sys.executable, "-c", _ASK)
    run = _run(sys.executable, "-c", _ASK, KINEMA_NUM_THREADS=empty, KINEMA_ISA=empty)
    assert run.returncode == 0, run.stderr
    assert run.stdout == unset.stdout


_BAD = [
    ("KINEMA_NUM_THREADS", "abc", "must be a whole number from 1 to 512, but got"),
    ("KINEMA_NUM_THREADS", "0", "must be a whole number from 1 to 512, but got"),
    ("KINEMA_ISA", "mmx", "must be one of the instruction sets of this machine"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), _BAD)
def test_a_bad_value_is_an_error_at_import(name: str, value: str, sentence: str) -> None:
    run = _run(sys.executable, "-c", _ASK, **{name: value})
    assert run.returncode == 1
    assert f"ArgumentError: kinema: the environment variable {name} {sentence}" in run.stderr.splitlines()[-1]


@pytest.mark.parametrize(("name", "value", "sentence"), _BAD)
def test_a_bad_value_ends_the_command_in_a_sentence(name: str, value: str, sentence: str) -> None:
    command = shutil.which("kinema", path=sysconfig.get_path("scripts"))
    if command is None:
        pytest.skip("the command is not installed beside this Python")
    run = _run(command, "info", **{name: value})
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"kinema: error: the environment variable {name} {sentence}")
    assert not run.stdout


def test_nothing_is_wrong_here() -> None:
    assert kinema.environment.problem is None
