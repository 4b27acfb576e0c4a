"""Ctrl-C comes through when the block is done, not within it."""

import os
import signal
import threading

import pytest

from kinema.models.interrupts import uninterrupted


def test_the_interrupt_waits_for_the_end_of_the_block() -> None:
    done = []

    def step() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("whole")
        done.append("never")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_run_through() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
