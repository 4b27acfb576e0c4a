"""The share of a training that goes by waiting for data: what is counted, and where it is shown."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.models import progress
from kinema.models.waiting import WaitingTime


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Slow:
    """A dataset whose batches take their time."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds

    def __len__(self) -> int:
        return 4

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _ in range(4):
            self.clock.now += self.seconds
            yield np.zeros((2, 3), "float32"), np.zeros((2, 1), "float32")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "WaitingTime", lambda: WaitingTime(clock))
    return clock


class Work(kinema.callbacks.Callback):
    """A step that takes its time, and a validation that takes a hundred times as much."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self.clock = clock
        self.seconds = seconds

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.clock.now += self.seconds

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.clock.now += self.seconds

    def on_test_end(self, logs: Any = None) -> None:
        self.clock.now += 100 * self.seconds


def model() -> kinema.Sequential:
    model = kinema.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_the_share_of_the_time_until_the_last_step() -> None:
    clock = Clock()
    waiting = WaitingTime(clock)
    assert waiting.share == 0
    for _ in range(2):
        waiting.restart()
        assert waiting.share == 0
        for _ in waiting.watch(Slow(clock, 1.0)):
            clock.now += 3.0
            waiting.step_done()
        clock.now += 50
        assert waiting.share == pytest.approx(0.25)


@pytest.mark.parametrize(("wait", "shown"), [(1.0, "25% waiting for data"), (0.02, None), (0.04, "1% waiting for")])
def test_an_epoch_tells_it(clock: Clock, capsys: pytest.CaptureFixture[str], wait: float, shown: str | None) -> None:
    data = Slow(clock, wait)
    history = model().fit(data, epochs=2, verbose=2, validation_data=data, callbacks=[Work(clock, 3.0)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for line in lines:
        if shown is None:
            assert "waiting" not in line
        else:
            assert f"samples/s - {shown}" in line
    assert set(history.history) == {"loss", "val_loss"}


def test_evaluate_and_predict_tell_it(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    model().evaluate(Slow(clock, 1.0), verbose=2, callbacks=[Work(clock, 1.0)])
    model().predict(Slow(clock, 1.0), verbose=2)
    evaluated, predicted = capsys.readouterr().out.splitlines()
    assert "50% waiting for data" in evaluated
    assert "100% waiting for data" in predicted


def test_a_generator_and_arrays(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    model().fit(iter(Slow(clock, 1.0)), verbose=2, callbacks=[Work(clock, 1.0)])
    x, y = np.zeros((8, 3), "float32"), np.zeros((8, 1), "float32")
    model().fit(x, y, verbose=2, callbacks=[Work(clock, 1.0)])
    generator, arrays = capsys.readouterr().out.splitlines()
    assert "50% waiting for data" in generator
    assert "waiting" not in arrays


def test_the_bar_tells_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Bar:
        def add_task(self, label: str, **what: Any) -> int:
            return 0

        def start(self) -> None:
            pass

        def stop(self) -> None:
            pass

        def update(self, task: int, figures: str, **what: Any) -> None:
            shown.append(figures)

    monkeypatch.setattr(progress, "_bar", Bar)
    monkeypatch.setattr(progress.sys.stdout, "isatty", lambda: True, raising=False)
    model().fit(Slow(clock, 1.0), verbose=1, callbacks=[Work(clock, 4.0)])
    assert len(shown) == 4
    for figures in shown:
        assert figures.startswith("loss: ")
        assert figures.endswith("samples/s - 20% waiting for data")


def test_leaving_the_loop_ends_what_gives_the_batches() -> None:
    ended = []

    def batches() -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            ended.append(True)

    for batch in WaitingTime().watch(batches()):
        if batch == 2:
            break
    assert ended == [True]
