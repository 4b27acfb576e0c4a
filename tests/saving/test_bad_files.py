"""Files that are no models, and files that mean harm."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from saving_models import lifted, normalised

import kinema
from kinema.errors import FileFormatError, NotBuiltError
from kinema.saving.atomic import atomic_path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.keras"
    lifted().save(path)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.write_bytes(b""), "is not a model"),
        (lambda p: p.write_bytes(b"RIFF" * 100), "is not a model"),
        (lambda p: p.mkdir(), "is a folder"),
        (lambda p: None, "there is no file"),
        (lambda p: zipfile.ZipFile(p, "w").close(), "damaged, truncated or something else"),
        (lambda p: h5py.File(p, "w").close(), "describes no model"),
    ],
)
def test_what_is_no_model_is_said_so(make: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.keras"
    make(path)  # type: ignore[operator]
    with pytest.raises(FileFormatError, match=message):
        kinema.models.load_model(path)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_truncated_files_are_refused_at_every_length(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{ending}"
    normalised().save(path)
    whole = path.read_bytes()
    for part in (0.02, 0.3, 0.6, 0.9, 0.99):
        path.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(FileFormatError):
            kinema.models.load_model(path)


def _rewrite(path: Path, change: object) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(entries["config.json"])
    change(config)  # type: ignore[operator]
    entries["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "builtins", "class_name": "exec", "config": {}},
        {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": "os>system"},
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
    ],
)
def test_nothing_in_a_file_names_code(layer: dict, saved: Path) -> None:
    _rewrite(saved, lambda config: config["config"]["layers"].insert(1, layer))
    with pytest.raises(FileFormatError, match="is not a class that Kinema knows"):
        kinema.models.load_model(saved)


def test_wrong_arguments_in_a_file_name_the_class(saved: Path) -> None:
    _rewrite(saved, lambda config: config["config"]["layers"][-1]["config"].update(units="many"))
    with pytest.raises((FileFormatError, ValueError), match="units|Dense"):
        kinema.models.load_model(saved)


def test_links_out_of_the_file_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["secret"] = np.ones((6, 4), "float32")
    model = normalised()
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = h5py.ExternalLink(str(outside), "secret")
    before = model.get_weights()
    with pytest.raises(FileFormatError, match="links 'layers/dense/vars/0' to somewhere else"):
        model.load_weights(path)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_weights_of_another_architecture_change_nothing(tmp_path: Path) -> None:
    model = normalised()
    lifted().save_weights(tmp_path / "other.weights.h5")
    before = model.get_weights()
    with pytest.raises(FileFormatError, match="has no data for weight|has shape"):
        model.load_weights(tmp_path / "other.weights.h5")
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[1]", "describes no model")])
def test_text_that_is_no_model(text: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        kinema.models.model_from_json(text)


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="killed"), atomic_path(path) as part:  # noqa: PT012
        part.write_bytes(b"half")
        raise RuntimeError("killed")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["m.keras"]
    with atomic_path(path) as part:
        part.write_bytes(b"new")
    assert path.read_bytes() == b"new"


_KILLED = """
import os, signal, sys
from kinema.saving.atomic import atomic_path
with atomic_path(sys.argv[1]) as part:
    part.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_the_next_save_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "m.v1.keras"
    subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False)
    (left,) = os.listdir(tmp_path)
    assert left.endswith(".part")
    with atomic_path(tmp_path / "m.keras") as part:  # another file's save leaves it alone
        part.write_bytes(b"other")
    assert left in os.listdir(tmp_path)
    with atomic_path(path) as part:
        part.write_bytes(b"new")
    assert sorted(os.listdir(tmp_path)) == ["m.keras", "m.v1.keras"]


def test_saves_of_one_file_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with atomic_path(path) as first:
        first.write_bytes(b"first")
        with atomic_path(path) as second:
            second.write_bytes(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"


def test_parts_of_other_machines_are_cleared_away_when_they_are_old(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    young, old = tmp_path / ".m.keras.elsewhere.1.abc.part", tmp_path / ".m.keras.elsewhere.1.abd.part"
    for part in (young, old):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    with atomic_path(path) as part:
        part.write_bytes(b"new")
    assert sorted(os.listdir(tmp_path)) == [young.name, "m.keras"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m.zip", "saved as '.keras' or '.h5'"),
        ("missing/m.keras", "in a folder that exists"),
        ("folder.keras", "is a folder"),
    ],
)
def test_places_that_cannot_be_written_are_named(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(FileFormatError, match=message):
        lifted().save(tmp_path / name)
    assert os.listdir(tmp_path) == ["folder.keras"]


def test_overwrite_false_keeps_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(b"old")
    with pytest.raises(FileFormatError, match="exists already"):
        lifted().save(tmp_path / "m.keras", overwrite=False)


def test_a_model_without_weights_has_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="has no weights yet"):
        kinema.Sequential([kinema.layers.Dense(2)]).save(tmp_path / "m.keras")
