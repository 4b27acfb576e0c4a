"""Cameras that are faster than the model, and what is refused as a source."""

import threading
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ArgumentError, VideoError
from kinema.streaming.rates import Rates
from kinema.streaming.sources import LiveSource, open_source


class Camera:
    """Gives numbered pictures as fast as they are read; `rest` is set once all are."""

    def __init__(self, count: int) -> None:
        self.count, self.given, self.released = count, 0, threading.Event()

    def read(self) -> tuple[bool, object]:
        if self.given == self.count:
            return False, None
        self.given += 1
        return True, np.full((2, 2, 3), (self.given, 0, 200), np.uint8)

    def release(self) -> None:
        self.released.set()


@pytest.mark.parametrize("backlog", [1, 4])
def test_a_camera_faster_than_the_model_drops_the_oldest_and_counts_them(backlog: int) -> None:
    camera = Camera(10)
    source = LiveSource(camera, backlog)
    assert camera.released.wait(10)
    moments = list(source)
    assert [moment.picture[0, 0, 2] for moment in moments] == list(range(11 - backlog, 11))
    assert (moments[0].picture[0, 0, 0], moments[0].seconds) == (200, 0.0)
    assert source.dropped == 10 - backlog
    source.close()


def test_closing_stops_a_camera_that_never_ends() -> None:
    camera = Camera(1 << 40)
    source = LiveSource(camera)
    first = next(iter(source))
    source.close()
    assert first.picture.shape == (2, 2, 3)
    assert camera.released.is_set()
    assert list(source) == []


@pytest.mark.parametrize("address", ["http://example.org/a.mp4", "udp://@:1234", "file:///etc/passwd"])
def test_other_addresses_are_not_opened(address: str) -> None:
    with pytest.raises(ArgumentError, match="an address of a kind that is not opened: give rtsp"):
        open_source(address)


def test_what_is_no_source_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="a source is a camera's number"):
        open_source(None)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="backlog must be a whole number"):
        LiveSource(Camera(1), 0)
    with pytest.raises(VideoError, match="Cannot open camera 99"):
        open_source(99)
    with pytest.raises(VideoError):
        open_source(tmp_path / "missing.webm")


def test_rates_keep_the_last_latencies_only() -> None:
    rates = Rates()
    assert (rates.median, rates.frames) == (0.0, 0)
    for _ in range(5000):
        rates.note(1.0)
    for _ in range(4096):
        rates.note(0.25)
    rates.replace_last(0.5)
    assert rates.frames == 9096
    assert (rates.median, rates.percentile_99) == (0.25, 0.25)
    rates.dropped = 3
    assert ", 3 dropped, " in str(rates)
