"""Where real clips are present."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    folder = Path(os.environ.get("KINEMA_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real videos are not here (KINEMA_TEST_DATA)")
    return folder
