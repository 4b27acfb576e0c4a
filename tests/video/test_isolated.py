"""A decoder in another process: the same frames, and its crash, hang or appetite is an error of this one."""

import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import kinema.video._isolated as isolated
from kinema.errors import ArgumentError, VideoError
from kinema.video import VideoReader, read_video_frames

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals")


def _python_of(reader: VideoReader) -> int:
    return reader._cursor._decoder._process._python.pid  # type: ignore[union-attr]


def test_frames_are_the_same(drawn_video: Path) -> None:
    whole = read_video_frames(drawn_video)
    with VideoReader(drawn_video, isolated=True) as reader, VideoReader(drawn_video) as plain:
        np.testing.assert_array_equal(reader.read(), whole)
        np.testing.assert_array_equal(reader[3], whole[3])
        np.testing.assert_array_equal(reader.at(0.3), whole[6])
        np.testing.assert_array_equal(reader.timestamps, plain.timestamps)
        assert (reader.fps, reader.codec) == (plain.fps, plain.codec)


def test_a_process_is_used_again(drawn_video: Path) -> None:
    with VideoReader(drawn_video, isolated=True) as reader:
        first = _python_of(reader)
    with VideoReader(drawn_video, isolated=True) as reader:
        assert _python_of(reader) == first


def test_few_processes_wait_for_the_next_reader(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolated._stop_idle()
    monkeypatch.setattr(isolated, "_MOST_IDLE", 1)
    readers = [VideoReader(drawn_video, isolated=True) for _ in range(2)]
    pythons = [reader._cursor._decoder._process._python for reader in readers]  # type: ignore[union-attr]
    for reader in readers:
        reader.close()
    assert [python.poll() is None for python in pythons] == [True, False]


def test_a_reader_may_be_collected_anywhere(drawn_video: Path) -> None:
    reader = VideoReader(drawn_video, isolated=True)
    first = _python_of(reader)
    with isolated._lock:  # as where the collector runs while a thread holds it
        collected = threading.Thread(target=reader._cursor._decoder.__del__, daemon=True)  # type: ignore[union-attr]
        collected.start()
        collected.join(5)
        assert not collected.is_alive()
    with VideoReader(drawn_video, isolated=True) as reader:
        assert _python_of(reader) == first, "the process is used again"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_process_leaves_the_decoders_of_its_parent_alone(drawn_video: Path) -> None:
    with VideoReader(drawn_video, isolated=True) as reader, VideoReader(drawn_video, isolated=True) as idle:
        whole, first, second = read_video_frames(drawn_video), _python_of(reader), _python_of(idle)
        idle.close()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                del reader._cursor
                with VideoReader(drawn_video, isolated=True) as other:
                    if _python_of(other) not in (first, second) and np.array_equal(other.read(), whole):
                        status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        np.testing.assert_array_equal(reader.read(), whole)


def test_errors_come_through(tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(VideoError, match="noise.mp4' is not a video OpenCV can open"):
        VideoReader(tmp_path / "noise.mp4", isolated=True)


def test_a_crash_is_an_error(drawn_video: Path) -> None:
    with VideoReader(drawn_video, isolated=True) as reader:
        os.kill(_python_of(reader), signal.SIGSEGV)
        with pytest.raises(VideoError, match=r"drawn\.webm' crashed its decoder \(exit code -11\), in a process"):
            reader.read()
        with pytest.raises(VideoError, match="its decoding process has ended; make a new VideoReader"):
            reader[1]
    with VideoReader(drawn_video, isolated=True) as reader:
        assert len(reader) == 12


def test_a_hang_is_an_error(drawn_video: Path) -> None:
    with VideoReader(drawn_video, isolated=True, time_limit=0.5) as reader:
        os.kill(_python_of(reader), signal.SIGSTOP)
        with pytest.raises(VideoError, match=r"took longer than 0\.5 seconds for one frame.*time_limit"):
            reader.read()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_memory_is_limited(tmp_path: Path) -> None:
    limits = isolated.Isolation(10.0, 1 << 27)
    process = isolated._Process.take(limits, tmp_path)
    soft = next(
        line.split()[3]
        for line in Path(f"/proc/{process._python.pid}/limits").read_text().splitlines()
        if line.startswith("Max address space")
    )
    process.give_back()
    assert int(soft) < 8 << 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time_limit": 0}, "time_limit must be a number of seconds above 0; got 0"),
        ({"memory_limit": 5}, r"memory_limit must be at least 67108864 bytes \(64 MB\); got 5"),
    ],
)
def test_limits_are_checked(drawn_video: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        VideoReader(drawn_video, isolated=True, **arguments)


def test_nonsense_from_the_other_process(drawn_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys\nfor line in sys.stdin: print('[', flush=True)"
    monkeypatch.setattr(isolated, "_CODE", code)
    monkeypatch.setattr(isolated, "_idle", [])
    with pytest.raises(VideoError, match="the decoding process sent nonsense"):
        VideoReader(drawn_video, isolated=True)
