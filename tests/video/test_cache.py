"""Decoded frames on disk: the same batches, decoded once, whatever happens to the files and whoever shares them."""

import errno
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import FileFormatError, VideoError
from kinema.video import VideoFolder, _cache, write_video
from kinema.video._cache import DamagedEntryError, Entry, FrameCache, Writing
from kinema.video._loading import Decoding
from kinema.video._stored import read_ahead

SIZE = (24, 32)
LENGTH = 4
FRAME_BYTES = 24 * 32 * 3
TIGHT = 2 * LENGTH * FRAME_BYTES


def draw(frames: int, shade: int) -> np.ndarray:
    clip = np.full((frames, 48, 64, 3), shade, np.uint8)
    for index in range(frames):
        clip[index, 8:24, 2 * index : 2 * index + 12] = 255 - shade
    return clip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes with 3 videos each, of 9 to 13 frames."""
    for label, name in enumerate(("ant", "bee")):
        (tmp_path / "videos" / name).mkdir(parents=True)
        for index in range(3):
            write_video(tmp_path / "videos" / name / f"{index}.avi", draw(9 + 2 * index, 40 * label + 8 * index))
    return tmp_path / "videos"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the videos that were decoded."""
    names: list[str] = []
    plain = Decoding.open
    monkeypatch.setattr(Decoding, "open", lambda self, path: (names.append(path.name), plain(self, path))[1])
    return names


def make(root: Path, **options: object) -> VideoFolder:
    return VideoFolder(root, LENGTH, SIZE, **{"seed": 3, "workers": 2, "cache": root.parent / "cache", **options})


def epoch(folder: VideoFolder, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    folder.set_epoch(number)
    xs, ys = zip(*folder, strict=True)
    return np.concatenate(xs), np.concatenate(ys)


def files(root: Path) -> list[Path]:
    return sorted(file for file in (root.parent / "cache").rglob("*") if file.is_file())


def assert_same(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> None:
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("clip_stride", [None, 1, 7])
def test_batches_are_those_of_a_folder_that_fits(root: Path, clip_stride: int | None) -> None:
    resident = make(root, cache=None, clip_stride=clip_stride)
    stored = [make(root, clip_stride=clip_stride, max_memory=TIGHT, workers=workers) for workers in (1, 3)]
    for number in range(2):
        for folder in stored:
            assert_same(epoch(folder, number), epoch(resident, number))


def test_clips_of_different_lengths(root: Path) -> None:
    folders = [
        VideoFolder(root, None, SIZE, seed=3, cache=root.parent / "cache", max_memory=memory, batch_size=2)
        for memory in (1 << 30, 2 * 13 * FRAME_BYTES)
    ]
    for (x, _), (x_stored, _) in zip(*folders, strict=True):
        np.testing.assert_array_equal(x_stored.numpy(), x.numpy())
        np.testing.assert_array_equal(x_stored.mask, x.mask)


def test_videos_are_decoded_once_for_all_programs(root: Path, opened: list[str]) -> None:
    first = make(root, max_memory=TIGHT)
    x, y = epoch(first)
    assert len(opened) == 6
    assert_same(epoch(first), (x, y))
    for memory in (TIGHT, 1 << 30):
        again = make(root, max_memory=memory)
        assert_same(epoch(again), (x, y))
        assert again.clips == first.clips
    halves = make(root, validation_split=0.34)
    assert len(epoch(halves)[0]) + len(epoch(halves.validation)[0]) == len(x)
    assert len(opened) == 6


def test_times_are_kept(root: Path, opened: list[str]) -> None:
    rows = [{"path": f"ant/{index}.avi", "label": "x", "start": 0.1, "end": 0.3} for index in range(3)]
    segments = [make(root, labels=rows, start_column="start", end_column="end") for _ in range(2)]
    assert segments[0].clips == segments[1].clips
    assert len(opened) == 3


def test_what_changes_frames_is_another_file(root: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = [{}, {"color": "gray"}, {"frame_stride": 2}]
    for number, options in enumerate(settings, start=1):
        for _ in range(2):
            epoch(make(root, **options))
        assert len(files(root)) == len(opened) == 6 * number
    len(VideoFolder(root, LENGTH, 16, cache=root.parent / "cache"))
    assert len(opened) == 24
    monkeypatch.setattr(_cache, "_decoder_versions", lambda: "OpenCV 9")
    len(make(root))
    assert len(opened) == 30


def test_a_changed_video_is_decoded_anew(root: Path, opened: list[str]) -> None:
    epoch(make(root))
    video = root / "ant" / "0.avi"
    before = video.stat()
    write_video(video, draw(9, 200))
    assert video.stat().st_size != before.st_size or video.stat().st_mtime_ns != before.st_mtime_ns
    opened.clear()
    changed = epoch(make(root))
    assert opened == ["0.avi"]
    assert_same(changed, epoch(make(root, cache=None)))
    os.utime(video, ns=(1, 1))
    opened.clear()
    len(make(root))
    assert opened == ["0.avi"]


def test_one_video_by_two_names_is_one_file(root: Path) -> None:
    len(make(root))
    link = root.parent / "link"
    link.symlink_to(root, target_is_directory=True)
    len(make(link))
    assert len(files(root)) == 6


def damaged(file: Path, how: str) -> None:
    content = bytearray(file.read_bytes())
    if how == "truncated":
        del content[len(content) // 2 :]
    elif how == "empty":
        content.clear()
    elif how == "lengthened":
        content += bytes(3)
    elif how == "header":
        content[20] ^= 1
    elif how == "times":
        content[-30] ^= 1
    elif how == "frame":
        content[128 + 5 * FRAME_BYTES] ^= 1
    elif how == "zeros":
        content[:] = bytes(len(content))
    file.write_bytes(content)


@pytest.mark.parametrize("how", ["truncated", "empty", "lengthened", "header", "times", "frame", "zeros"])
@pytest.mark.parametrize("memory", [TIGHT, 1 << 30])
def test_damaged_files_are_written_anew(root: Path, opened: list[str], how: str, memory: int) -> None:
    expected = epoch(make(root))
    intact = [file.read_bytes() for file in files(root)]
    opened.clear()
    damaged(files(root)[2], how)
    assert_same(epoch(make(root, max_memory=memory)), expected)
    assert len(opened) == 1
    assert [file.read_bytes() for file in files(root)] == intact


def test_files_that_go_while_they_are_in_use(root: Path, opened: list[str]) -> None:
    folder = make(root, max_memory=TIGHT)
    expected = epoch(folder)
    for file in files(root)[:3]:
        file.unlink()
    damaged(files(root)[1], "truncated")
    opened.clear()
    assert_same(epoch(folder), expected)
    assert len(opened) == 4
    assert len(files(root)) == 6


def test_a_program_checks_frames_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[int] = []
    plain = zlib.crc32
    epoch(make(root))
    folder = make(root, max_memory=TIGHT, clip_stride=1)
    assert folder.num_samples == 2 * (6 + 8 + 10)
    monkeypatch.setattr(_cache.zlib, "crc32", lambda data: (checked.append(len(data)), plain(data))[1])
    epoch(folder)
    first = len(checked)
    assert first >= 66
    epoch(folder)
    assert len(checked) == first


def test_a_video_that_changes_while_it_is_in_use(root: Path) -> None:
    folder = make(root, max_memory=TIGHT)
    expected = epoch(folder)
    write_video(root / "ant" / "2.avi", draw(5, 10))
    assert_same(epoch(folder), expected)
    for file in files(root):
        file.unlink()
    with pytest.raises(VideoError, match=r"2\.avi' changed while it was in use: it now ends after 5 frames, and had"):
        epoch(folder)


def test_files_that_do_not_stay_as_they_are_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(root, max_memory=TIGHT)
    len(folder)

    def fail(self: Entry, start: int, stop: int) -> None:
        raise DamagedEntryError

    monkeypatch.setattr(Entry, "read", fail)
    with pytest.raises(VideoError, match="in the cache are damaged as soon as they are written: the disk of"):
        epoch(folder)


def test_videos_that_cannot_be_read_are_not_kept(root: Path, opened: list[str]) -> None:
    (root / "ant" / "dud.avi").write_bytes(b"no video" * 100)
    for _ in range(2):
        with pytest.warns(UserWarning, match="Skipped 1"):
            len(make(root, on_error="skip"))
    assert opened.count("dud.avi") == 2
    assert len(files(root)) == 6, "and nothing half done"


def test_a_full_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Writing, frames: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Writing, "append", refuse)
    message = r"(?s)cache=: cannot write the frames of '.*0\.avi' into '.*cache': No space left.*leave out cache="
    with pytest.raises(FileFormatError, match=message):
        len(make(root, on_error="skip"))
    assert files(root) == []


def test_a_file_that_another_process_reads_already(
    root: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows then refuses to replace it."""
    plain = Path.replace

    def refuse(self: Path, target: Path) -> None:
        plain(self, target)
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "replace", refuse)
    assert_same(epoch(make(root, max_memory=TIGHT)), epoch(make(root, cache=None)))
    monkeypatch.setattr(Path, "replace", lambda self, target: refuse(self, target.with_name("elsewhere")))
    with pytest.raises(FileFormatError, match=r"cache=: cannot write the frames of .*: Permission denied"):
        len(make(root, color="gray"))


def test_a_folder_that_cannot_be_written(root: Path) -> None:
    with pytest.raises(FileFormatError, match=r"cache=: cannot write into the folder '.*0\.avi'"):
        make(root, cache=root / "ant" / "0.avi")


def test_two_processes_share_the_files(root: Path) -> None:
    code = f"""
import sys
import numpy as np
from kinema.video import VideoFolder
root, cache = {str(root)!r}, {str(root.parent / "cache")!r}
folder = VideoFolder(root, 4, (24, 32), seed=3, workers=2, cache=cache, max_memory={TIGHT})
print("ready", flush=True)
sys.stdin.readline()
print(sum(int(x.sum()) for _ in range(3) for x, _ in folder))
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    expected = 3 * int(epoch(make(root, cache=None))[0].sum())
    assert [int(process.communicate(timeout=60)[0]) for process in processes] == [expected, expected]
    assert len(files(root)) == 6


def test_a_file_is_an_array_that_numpy_loads(root: Path) -> None:
    folder = make(root, shuffle=False, cache=root.parent / "cache")
    x, _ = epoch(folder)
    arrays = [np.load(file, mmap_mode="r") for file in files(root)]
    assert sorted(len(array) for array in arrays) == [9, 9, 11, 11, 13, 13]
    assert any(np.array_equal(array[:LENGTH], x[0]) for array in arrays)


def test_a_folder_of_pictures_changes_with_any_of_them(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in range(3):
        (pictures / f"{index}.png").write_bytes(bytes(index + 1))
    cache = FrameCache(tmp_path / "cache", "", (2, 2, 3), frame_stride=1)
    before = cache._path(pictures)
    assert cache._path(pictures) == before
    (pictures / "1.png").write_bytes(bytes(9))
    assert cache._path(pictures) != before


def test_reading_ahead_is_bounded_and_ends() -> None:
    begun: list[int] = []

    def reads() -> Iterator[object]:
        for number in range(20):
            begun.append(number)
            yield lambda stopping, number=number: np.full(3, number)

    ahead = read_ahead(reads(), 2, 4)
    assert begun == []
    for number in range(10):
        np.testing.assert_array_equal(next(ahead), number)
        assert len(begun) == number + 5
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kinema-decode")]
