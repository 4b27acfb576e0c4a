"""The program in docs/larger-than-memory.md, on drawn videos."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema.video import write_video

PAGE = Path(__file__).parents[2] / "docs" / "larger-than-memory.md"


def test_the_program_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ant", "bee"):
        Path("videos", name).mkdir(parents=True)
        write_video(Path("videos", name, "0.avi"), np.zeros((20, 32, 32, 3), np.uint8))
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, "docs/larger-than-memory.md", "exec"), names)
    assert [x.shape for x, _ in names["videos"]] == [(2, 16, 112, 112, 3)]
    assert [np.load(file).shape for file in Path("frames").rglob("*.npy")] == 2 * [(20, 112, 112, 3)]
