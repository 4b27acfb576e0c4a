"""What every test can rely on, and how far results are from another framework's: the largest of each, at the end."""

import signal
from collections.abc import Callable

import pytest

_LARGEST = pytest.StashKey[dict[str, tuple[float, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts a run in the background has Ctrl-C ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_LARGEST] = {}


@pytest.fixture
def difference(request: pytest.FixtureRequest) -> Callable[[str, float], None]:
    """Notes how far this test is off, under the name of what is compared."""
    largest = request.config.stash[_LARGEST]

    def note(kind: str, value: float) -> None:
        if value >= largest.get(kind, (0.0, ""))[0]:
            largest[kind] = (value, request.node.name)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[_LARGEST]:
        terminalreporter.section("largest differences")
    for kind, (value, test) in sorted(config.stash[_LARGEST].items()):
        terminalreporter.write_line(f"{kind}: {value:.2g} in {test}")
