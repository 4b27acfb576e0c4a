"""The programs in docs/datasets.md, on the first rows of the real manifest."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"
ROWS = 40


@pytest.fixture
def here(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid" / "clips").symlink_to(shared_data / "grid" / "clips", target_is_directory=True)
    lines = (shared_data / "grid" / "labels.csv").read_text().splitlines()
    # A few of each command: the rows are sorted by it.
    some = [lines[0], *lines[1 :: len(lines) // ROWS]]
    (tmp_path / "grid" / "labels.csv").write_text("\n".join(some) + "\n")
    monkeypatch.chdir(tmp_path)


def test_the_programs_of_the_page_run(here: None) -> None:
    text = PAGE.read_text()
    programs = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(programs) == 6
    names: dict[str, Any] = {}
    for index, program in enumerate(programs):
        exec(compile(program, f"docs/datasets.md, program {index + 1}", "exec"), names)
        if index == 0:
            assert names["words"].class_names == ["bin", "lay", "place", "set"]
            assert all(len(x) and x.shape[1:] == (12, 48, 48, 3) for x, _ in names["words"])
        if index == 1:
            assert names["x"].mask.shape == names["x"].shape[:2]
            assert 0 < names["x"].mask.mean() < 1
    assert names["y"].shape == (len(names["paths"]),) == names["predictions"].shape[:1]
    assert len(names["scores"]) == 4
    assert np.isfinite(names["scores"]).all()
